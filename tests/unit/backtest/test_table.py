"""Counts over time are read from CSV, and each way in which a row can be wrong is told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.backtest.table import BadRow, BadTable, Table, instant, read, spelt

NOON_S = 1_768_478_400.0


def table(tmp_path: Path, *rows: str, header: str = "timestamp,value") -> Table:
    def refuse(error: BadRow) -> None:
        raise error

    path = tmp_path / "counts.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return read(path, refuse)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-15T12:00:00Z",
        "2026-01-15T13:00:00+01:00",
        "2026-01-15 12:00:00",
        "1768478400",
        "1768478400.0",
        "1768478400000",
    ],
)
def test_a_time_is_iso_8601_or_epoch_seconds_or_milliseconds(text: str) -> None:
    assert instant(text) == NOON_S


@pytest.mark.parametrize("text", ["", "noon", "nan", "inf", "-5", "1e30", "2026-13-01"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert instant(text) is None


def test_the_width_of_bins_is_the_most_common_distance_and_gaps_are_bins(tmp_path: Path) -> None:
    found = table(
        tmp_path,
        *("2026-01-15 12:00:00,4", "2026-01-15 12:05:00,0.5"),
        *("2026-01-15 12:20:00,7", "2026-01-15 12:25:01,9"),
    )
    assert found.bin_s == 300.0
    assert found.gaps == 2
    assert [(b.written, b.value) for b in found.bins[1:5]] == [
        ("2026-01-15 12:05:00", 0.5),
        ("2026-01-15 12:10:00", None),
        ("2026-01-15 12:15:00", None),
        ("2026-01-15 12:20:00", 7.0),
    ]


def test_a_gap_of_years_is_one_bin(tmp_path: Path) -> None:
    found = table(tmp_path, "0,1", "1,1", "2,1", "1000000000,1")
    assert (len(found.bins), found.gaps) == (5, 1)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2026-01-15 12:10:00", "expected timestamp,value, got '2026-01-15 12:10:00'"),
        ("soon,4", "expected a time .* got 'soon'"),
        ("2026-01-15 12:10:00,many", "expected a count, got 'many'"),
        ("2026-01-15 12:10:00,", "expected a count, got ''"),
        ("2026-01-15 12:10:00,NaN", "expected a finite count, got NaN"),
        ("2026-01-15 12:10:00,inf", "expected a finite count, got inf"),
        ("2026-01-15 12:10:00,-3", "expected 0 or more, got -3: a signal is a count"),
        ("2026-01-15 12:05:00,3", "expected rising times, got the same time as the row before"),
        ("2026-01-15 11:00:00,3", "expected rising times, got an earlier time than the row before"),
        ("2026-01-15 12:05:20,3", "expected bins of 300 s, got one after 20 s"),
    ],
)
def test_a_bad_row_is_told_with_its_line(tmp_path: Path, row: str, why: str) -> None:
    good = ("2026-01-15 11:55:00,4", "2026-01-15 12:00:00,4", "2026-01-15 12:05:00,4")
    with pytest.raises(BadRow, match=rf"counts\.csv: line 5: {why}"):
        table(tmp_path, *good, row)


def test_bad_rows_may_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text("Timestamp, Value\n0,1\n60,-1\n\n120,3\n180,4\n180,4\n")
    heard: list[BadRow] = []
    found = read(path, heard.append)
    assert [b.value for b in found.bins] == [1.0, None, 3.0, 4.0]
    assert len(heard) == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1: expected the header timestamp,value, got nothing"),
        ("time,count\n1,2\n", "line 1: expected the header timestamp,value, got time,count"),
        ("timestamp,value\n", "expected at least two rows of timestamp,value, got 0"),
        ("timestamp,value\n1,2\n", "expected at least two rows of timestamp,value, got 1"),
        ("timestamp,value\n0,2\n0.1,2\n", "rows are mostly 0.1 s apart"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "counts.csv"
    path.write_text(text)
    with pytest.raises(BadTable, match=why):
        read(path, lambda _: None)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_bytes(b"timestamp,value\n1,2\n\xff\xfe,3\n")
    with pytest.raises(BadTable, match="not CSV"):
        read(path, lambda _: None)


@given(st.integers(1_000_000_000, 3_000_000_000))
def test_a_missing_bin_is_written_like_its_neighbours(at_s):
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at_s)
    for like in ("2026-01-15T12:00:00Z", "2026-01-15 12:00:00", "2026-01-15T13:00:00+01:00",
                 "1768478400", "1768478400000"):  # fmt: skip
        assert instant(spelt(at_s, like)) == at_s
    assert spelt(at_s, "2026-01-15 12:00:00") == f"{moment:%Y-%m-%d %H:%M:%S}"
