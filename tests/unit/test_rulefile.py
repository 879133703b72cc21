"""A rules file changes what it names, for whom it names, or every fault in it is told."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from stack.procs import REPOSITORY
from streams.engine.facts import CreatorInfo
from streams.engine.rulebook import RuleBook
from streams.engine.rules import Rules
from streams.engine.sensitivity import PRESETS
from streams.rulefile import RulesError, parse_rules
from streams.rulesview import document, show
from streams.rulewatch import RuleWatch

HOUR = 3_600_000


def info(platform: str = "x", tier: str | None = "micro") -> CreatorInfo:
    return CreatorInfo("ada", platform, None, 20_000, tier)


def faults(text: str) -> list[str]:
    with pytest.raises(RulesError) as caught:
        parse_rules(text.encode())
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    "text", ["", "# nothing", "rules:", "rules: {drop: }", "tiers: {nano: {}}"]
)
def test_a_file_that_changes_nothing_is_what_ships(text: str) -> None:
    assert parse_rules(text.encode()).of(info(tier="nano")) == Rules()


def test_the_shipped_rules_as_a_file_are_the_shipped_rules() -> None:
    assert parse_rules(document().encode()).base == Rules()


def test_the_committed_file_is_what_the_code_writes() -> None:
    assert (REPOSITORY / "docs" / "rules.yml").read_text() == document()


def test_numbers_and_durations_are_taken_as_they_are_written() -> None:
    book = parse_rules(
        b"rules:\n  drop: {min_expected: 60, cooldown_ms: 6h}\n"
        b"  spike: {windows_ms: [30s, 5m, 1h30m]}\n  desk: {off: [viral_post]}\n"
    )
    assert book.base.drop.min_expected == 60.0
    assert book.base.drop.cooldown_ms == 6 * HOUR
    assert book.base.spike.windows_ms == (30_000, 300_000, 5_400_000)
    assert book.base.desk.off == ("viral_post",)
    assert book.base.wave == Rules().wave


def test_small_probabilities_may_be_written_as_people_do() -> None:
    assert (
        parse_rules(b"rules: {drop: {fire_probability: 1e-9}}").base.drop.fire_probability == 1e-9
    )


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("drop: {cooldown_ms: 6:00}", "Expected a duration such as 90s, 5m, 6h or 2d"),
        ("drop: {fire_ratio: 38}", "Expected a share above 0 and below 1, got '38'"),
        ("spike: {fire_ratio: 0.5}", "Expected a multiple from 1 to 1000, got '0.5'"),
        (
            "baseline: {max_posts: 9000}",
            "Expected a whole number from 1 to 64",
        ),
    ],
)
def test_numbers_that_make_no_sense_are_refused(rule: str, told: str) -> None:
    (fault,) = faults(f"rules: {{{rule}}}")
    assert told in fault


def test_the_written_rules_can_be_made_more_sensitive_by_one_word() -> None:
    text = document().replace("sensitivity: balanced", "sensitivity: sensitive")
    assert parse_rules(text.encode()).base == parse_rules(b"sensitivity: sensitive").base


def test_a_campaign_goes_before_a_tier_and_a_tier_before_a_platform() -> None:
    book = parse_rules(
        b"sensitivity: strict\n"
        b"platforms: {tiktok: {rules: {drop: {min_expected: 11, min_posts: 4}}}}\n"
        b"tiers: {nano: {rules: {drop: {min_expected: 12}}}}\n"
        b"campaigns: {spring: {sensitivity: sensitive, rules: {drop: {max_hold_ms: 2h}}}}\n"
    )
    strict, sensitive = PRESETS["strict"]["drop"], PRESETS["sensitive"]["drop"]
    assert book.base.drop.min_expected == strict["min_expected"]
    assert book.of(info()) == book.base
    assert book.of(info("tiktok")).drop.min_expected == 11.0
    both = book.of(info("tiktok", "nano")).drop
    assert (both.min_expected, both.min_posts) == (12.0, 4)
    three = book.of(info("tiktok", "nano"), "spring").drop
    assert (three.min_expected, three.min_posts) == (sensitive["min_expected"], 4)
    assert three.max_hold_ms == 2 * HOUR


def test_every_fault_is_told_with_its_line_and_what_was_expected() -> None:
    found = faults(
        "sensitivity: strickt\n"
        "rules:\n"
        "  drop: {min_expectd: 60, cooldown_ms: 6x, fire_probability: 2}\n"
        "  spike: {windows_ms: [5m, 1m], min_follows: -3}\n"
        "  slow: {fire_distance: 0.2}\n"
        "  weak: {longest_run: 2.5}\n"
        "  desk: {off: [virl], quiet_from: 1500}\n"
        "tiers:\n"
        "  nanoo: {}\n"
        "  nano: {rules: {desk: {max_per_hour: 3}}}\n"
        "platforms: [x]\n"
    )
    assert found == [
        "line 1: $.sensitivity: Expected one of strict, balanced, sensitive, got 'strickt'",
        "line 3: $.rules.drop.cooldown_ms: Expected a duration such as 90s, 5m, 6h or 2d, or"
        " milliseconds, got '6x'",
        "line 3: $.rules.drop.fire_probability: Expected a probability above 0 and below 1, got"
        " '2'",
        "line 3: $.rules.drop.min_expectd: Unknown; did you mean min_expected?",
        "line 4: $.rules.spike.min_follows: Expected a number above 0, got '-3'",
        "line 4: $.rules.spike.windows_ms: Expected numbers that rise, got ['5m', '1m']",
        "line 5: $.rules.slow.fire_distance: Expected a number above -1 and below 0, got '0.2'",
        "line 6: $.rules.weak.longest_run: Expected a whole number, got '2.5'",
        "line 7: $.rules.desk.off: Expected a list of one of engagement_drop, follower_spike,"
        " unfollow_wave, viral_post, silence, sentiment_crisis, suspicious_engagement,"
        " source_outage, digest,"
        " got ['virl']",
        "line 7: $.rules.desk.quiet_from: Expected a minute of the day, from 0 to 1439, got '1500'",
        "line 9: $.tiers.nanoo: Unknown; did you mean nano?",
        "line 10: $.tiers.nano.rules.desk.max_per_hour: Only the rules for all may say this",
        "line 11: $.platforms: Expected names and values, got ['x']",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "rules:\n  drop:\n    resolve_ratio: 0.3\n",
            "line 3: $.rules.drop.resolve_ratio: Expected at least fire_ratio (0.38), or an alert"
            " would be over before it begins, got '0.3'",
        ),
        (
            "rules:\n  drop: {fire_ratio: 0.7}\n",
            "line 2: $.rules.drop.fire_ratio: Expected at most resolve_ratio (0.6), or an alert"
            " would be over before it begins, got '0.7'",
        ),
        (
            "rules: {spike: {fire_ratio: 3, resolve_ratio: 3.5}}\n",
            "line 1: $.rules.spike.resolve_ratio: Expected at most fire_ratio (3), or an alert"
            " would be over before it begins, got '3.5'",
        ),
        (
            "rules: {slow: {resolve_distance: -0.3}}\n",
            "line 1: $.rules.slow.resolve_distance: Expected at least fire_distance (-0.22), or an"
            " alert would be over before it begins, got '-0.3'",
        ),
        (
            "sensitivity: sensitive\nrules: {crisis: {resolve_points: 0.12}}\n",
            "line 2: $.rules.crisis.resolve_points: Expected at most fire_points (0.1), or an alert"
            " would be over before it begins, got '0.12'",
        ),
        (
            "tiers:\n  nano: {sensitivity: sensitive}\ncampaigns:\n  spring:\n"
            "    rules: {spike: {resolve_ratio: 3.5}}\n",
            "line 5: $.campaigns.spring.rules.spike.resolve_ratio: Expected at most fire_ratio (3),"
            " or an alert would be over before it begins, got '3.5'",
        ),
    ],
)
def test_no_alert_may_be_over_before_it_begins(text: str, told: str) -> None:
    assert faults(text) == [told]


def test_limits_of_firing_and_of_the_end_may_be_moved_together() -> None:
    for fire, end in ((0.2, 0.3), (0.5, 0.5)):
        text = f"rules: {{drop: {{fire_ratio: {fire}, resolve_ratio: {end}}}}}"
        assert parse_rules(text.encode()).base.drop.resolve_ratio == end


def test_a_few_aliases_may_not_stand_for_billions_of_values() -> None:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 12)]
    lines += ["rules: {desk: {off: *a11}}"]
    assert faults("\n".join(lines)) == [
        "line 7: $: Expected at most 100,000 values, aliases followed, got 561,737"
    ]
    assert faults("rules: &all {drop: *all}") == [
        "line 1: $: Expected an end, but this contains itself"
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"rules: [", "line 1: $: Not YAML"),
        (b"rules: {}\nrules: {}", "line 2: $.rules: Is there twice"),
        (b"\xff", "line 1: $: Expected UTF-8"),
        (b"- a", "line 1: $: Expected names and values, got ['a']"),
        (b"a: !!python/object:os.system {}", "line 1: $.a: Unknown"),
        (b"rules: {drop: {min_posts: 2026-13-45}}", "line 1: $"),
        (b"rules: {drop: {min_posts: !foo 3}}", "line 1: $"),
        (b"rules: {drop: {min_posts: 6" + b"0" * 5000 + b"}}", "line 1: $"),
        (b"[" * 5000, "line 1: $"),
        (
            b"rules: {spike: {windows_ms: []}}",
            "line 1: $.rules.spike.windows_ms: Expected at least",
        ),
    ],
)
def test_what_is_no_rules_file_is_told_as_such(text: bytes, told: str) -> None:
    with pytest.raises(RulesError) as caught:
        parse_rules(text)
    assert str(caught.value.faults[0]).startswith(told)


def test_a_sensitivity_moves_every_limit_of_firing_its_own_way() -> None:
    strict, shipped, sensitive = (PRESETS[name] for name in ("strict", "balanced", "sensitive"))
    assert strict.keys() == shipped.keys() == sensitive.keys()
    for section, numbers in shipped.items():
        for name, value in numbers.items():
            low, high = sorted((strict[section][name], sensitive[section][name]))
            assert low <= value <= high, f"{section}.{name}"
            if "probability" in name:
                assert strict[section][name] < value < sensitive[section][name]


def test_a_changed_file_holds_from_the_next_look_and_a_bad_one_changes_nothing(
    tmp_path: Path,
) -> None:
    file = tmp_path / "rules.yml"
    file.write_text("rules: {drop: {min_expected: 50}}")
    watch = RuleWatch(str(file), clock=lambda: 1.0)
    assert watch.book.base.drop.min_expected == 50.0
    assert watch.look() is None
    file.write_text("rules: {drop: {min_expected: 60}}")
    assert watch.look() is None, "it may not be written to its end"
    book = watch.look()
    assert book is watch.book
    assert watch.book.base.drop.min_expected == 60.0
    file.write_text("rules: {drop: {min_expected: -1}}")
    assert watch.look() is watch.look() is watch.look() is None
    assert (watch.failures, watch.book) == (1, book)
    file.unlink()
    assert watch.look() is watch.look() is None
    assert watch.failures == 2
    file.write_text("")
    assert watch.look() is watch.look() is watch.look() is None
    assert (watch.failures, watch.book) == (3, book), "an empty file is none that was meant"
    file.write_text("rules: {drop: {min_expected: 70}}")
    assert watch.look() is None
    assert watch.look() is watch.book
    assert watch.book.base.drop.min_expected == 70.0


def test_a_bad_file_at_the_start_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text("nonsense: 1")
    with pytest.raises(RulesError):
        RuleWatch(str(file))


def test_rules_for_some_are_looked_up_once() -> None:
    book = parse_rules(b"platforms: {tiktok: {sensitivity: strict}}")
    assert book.of(info("tiktok")) is book.of(info("tiktok"))
    assert RuleBook().of(info()) == Rules()


def test_a_file_that_changes_nothing_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(document())
    shown = CliRunner().invoke(show, [str(file)])
    assert (shown.exit_code, shown.output) == (0, "all rules are as they ship\n")


def test_a_tier_that_nobody_has_is_refused_instead_of_shown_as_it_ships(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text("tiers: {nano: {sensitivity: strict}}\n")
    refused = CliRunner().invoke(show, [str(file), "--tier", "nanno"])
    assert refused.exit_code == 2
    assert "'nanno' is not one of 'nano', 'micro', 'mid', 'macro', 'mega'" in refused.output
    shown = CliRunner().invoke(show, [str(file), "--tier", "nano"])
    assert "(ships as" in shown.output
