"""What a run prints."""

from bench.tables import OURS, contenders, figures

ROWS = [
    {
        "name": "floor",
        "events": 10,
        "events_per_second": 400,
        "events_per_cpu_second": 800,
        "verified": True,
    },
    {
        "name": OURS,
        "events": 10,
        "events_per_second": 100,
        "events_per_cpu_second": 120,
        "verified": False,
    },
]


def test_each_row_tells_how_many_times_its_rate_ours_is() -> None:
    floor, ours = contenders(ROWS).splitlines()[2:]
    assert floor.split() == ["floor", "10", "400", "800", "0.25", "0.15", "yes"]
    assert ours.split() == [OURS, "10", "100", "120", "NO"]


def test_without_ours_there_are_no_ratios() -> None:
    (floor,) = contenders(ROWS[:1]).splitlines()[2:]
    assert floor.split() == ["floor", "10", "400", "800", "yes"]


def test_records_become_columns_and_names_lines() -> None:
    told = figures({"rate": 5_000, "known": [{"known": 10, "cost": 1.5}], "verified": True})
    assert [line.split() for line in told.splitlines()] == [
        ["rate", "5,000"],
        ["known"],
        ["known", "cost"],
        ["10", "1.5"],
        ["verified", "yes"],
    ]
