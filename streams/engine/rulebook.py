"""Rulebook: which rules hold for whom.

Knows how sensitivity and changed numbers are laid over the shipped rules, for everybody and for
platforms, tiers and campaigns. Must not know what a rule means, or where the changes are written.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from streams.engine.facts import CreatorInfo
from streams.engine.rules import Rules
from streams.engine.sensitivity import PRESETS, Sensitivity

Numbers = Mapping[str, Mapping[str, Any]]
"""Changed fields by section of `Rules`, such as `{"drop": {"min_expected": 60.0}}`."""
_MOST_KEPT = 4_096


class Layer(Struct, frozen=True, kw_only=True):
    """What one part of a rules file changes: a sensitivity, and numbers that go beyond it."""

    sensitivity: Sensitivity | None = None
    numbers: Numbers = {}

    def over(self, rules: Rules) -> Rules:
        """`rules` with these changes; a sensitivity starts from the shipped numbers it names."""
        if self.sensitivity is not None:
            rules = _changed(rules, PRESETS[self.sensitivity])
        return _changed(rules, self.numbers)

    def says(self, section: str, name: str) -> Any:
        """What this part makes of one number, or None where it leaves it as it is."""
        found = self.numbers.get(section, {}).get(name)
        if found is None and self.sensitivity is not None:
            found = PRESETS[self.sensitivity].get(section, {}).get(name)
        return found


class RuleBook:
    """The rules of everybody, and of some: for a creator platform, tier and campaign in that order.

    What a later one changes replaces what an earlier one did. `digest` names the contents.
    """

    __slots__ = ("_campaigns", "_kept", "_platforms", "_tiers", "base", "digest")

    def __init__(
        self,
        base: Rules | None = None,
        *,
        platforms: Mapping[str, Layer] | None = None,
        tiers: Mapping[str, Layer] | None = None,
        campaigns: Mapping[str, Layer] | None = None,
        digest: str = "shipped",
    ) -> None:
        self.base = base or Rules()
        self.digest = digest
        self._platforms = platforms or {}
        self._tiers = tiers or {}
        self._campaigns = campaigns or {}
        self._kept: dict[tuple[str | None, str | None, str | None], Rules] = {}

    @property
    def by_campaign(self) -> bool:
        """Whether some campaign has rules of its own."""
        return bool(self._campaigns)

    def of(self, info: CreatorInfo, campaign_id: str | None = None) -> Rules:
        """The rules for a creator, whose latest live post is of that campaign."""
        if not (self._platforms or self._tiers or self._campaigns):
            return self.base
        return self.for_(info.platform, info.tier, campaign_id)

    def for_(self, platform: str | None, tier: str | None, campaign_id: str | None) -> Rules:
        """The rules for creators of a platform and tier, with posts of a campaign."""
        key = platform, tier, campaign_id
        rules = self._kept.get(key)
        if rules is None:
            rules = self.base
            layers = (self._platforms, self._tiers, self._campaigns)
            for name, layer in zip(key, layers, strict=True):
                if name is not None and name in layer:
                    rules = layer[name].over(rules)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = rules
        return rules


def _changed(rules: Rules, numbers: Numbers) -> Rules:
    sections = {
        section: replace(getattr(rules, section), **fields) for section, fields in numbers.items()
    }
    return replace(rules, **sections)
