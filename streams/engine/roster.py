"""Roster: which campaigns a creator is in at a moment of event time.

Knows all campaigns as they stand, once for all shards of a process, and who is in them. Must not
know where campaigns come from or what follows from being in one.
"""

from schemas.events import Campaign
from schemas.instants import to_ms


class Roster:
    """Campaigns by id, and by creator. It changes between two batches of a shard, never within."""

    __slots__ = ("_of", "campaigns")

    def __init__(self) -> None:
        self.campaigns: dict[str, Campaign] = {}
        """The campaigns as they stand, by id."""
        self._of: dict[str, dict[str, Campaign]] = {}

    def put(self, campaign: Campaign) -> None:
        """A campaign is new, or takes the place of what was known of it."""
        self.remove(campaign.campaign_id)
        self.campaigns[campaign.campaign_id] = campaign
        for creator_id in campaign.creators:
            self._of.setdefault(creator_id, {})[campaign.campaign_id] = campaign

    def remove(self, campaign_id: str) -> None:
        """A campaign is no more; one that is not known is none."""
        campaign = self.campaigns.pop(campaign_id, None)
        if campaign is None:
            return
        for creator_id in set(campaign.creators):
            own = self._of[creator_id]
            del own[campaign_id]
            if not own:
                del self._of[creator_id]

    def owner(self, campaign_id: str) -> str | None:
        """Whose campaign it is; None where that, or the campaign, is not known."""
        campaign = self.campaigns.get(campaign_id)
        return None if campaign is None else campaign.owner

    def running(self, at_ms: int) -> list[Campaign]:
        """The campaigns that run at `at_ms`. May be asked by another thread."""
        return [campaign for campaign in list(self.campaigns.values()) if _runs(campaign, at_ms)]

    def only(self, creator_id: str, at_ms: int) -> str | None:
        """The campaign that a creator is in at `at_ms`; None if there is none, or more than one."""
        running = [
            campaign_id
            for campaign_id, campaign in self._of.get(creator_id, {}).items()
            if _runs(campaign, at_ms)
        ]
        return running[0] if len(running) == 1 else None


def _runs(campaign: Campaign, at_ms: int) -> bool:
    """Whether `at_ms` lies in [starts_at, ends_at); an end that is not given is open."""
    starts, ends = campaign.starts_at, campaign.ends_at
    return (starts is None or to_ms(starts) <= at_ms) and (ends is None or at_ms < to_ms(ends))
