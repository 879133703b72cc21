"""Instants: milliseconds inside, RFC 3339 outside, nothing lost between."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec
from schemas.instants import from_ms, to_ms
from tests.contracts.examples import MINIMAL

NOON = 1_768_478_400_000
CALENDAR = st.integers(to_ms(datetime.min.replace(tzinfo=UTC)), 253_402_300_799_999)
OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def test_known_moments():
    assert to_ms(datetime(2026, 1, 15, 12, tzinfo=UTC)) == NOON
    assert from_ms(NOON) == datetime(2026, 1, 15, 12, tzinfo=UTC)
    assert to_ms(NOON) == NOON
    assert to_ms(0) == 0


@pytest.mark.parametrize(("microseconds", "ms"), [(0, 0), (999, 0), (1_000, 1), (999_999, 999)])
def test_what_is_finer_than_a_millisecond_is_cut(microseconds: int, ms: int):
    assert to_ms(datetime(1970, 1, 1, microsecond=microseconds, tzinfo=UTC)) == ms


def test_moments_before_the_epoch_are_cut_downwards_too():
    assert to_ms(datetime(1969, 12, 31, 23, 59, 59, 999_500, tzinfo=UTC)) == -1


@given(CALENDAR)
def test_milliseconds_survive_the_way_there_and_back(ms: int):
    assert to_ms(from_ms(ms)) == ms


@given(st.integers(0, 253_402_300_799_999))
def test_both_spellings_mean_the_same_moment(ms: int):
    spelt = MINIMAL["likes"] | {"occurred_at": from_ms(ms).isoformat()}
    counted = MINIMAL["likes"] | {"occurred_at": ms}
    instants = [
        to_ms(codec.decode("likes", codec._encoder.encode(v)).occurred_at) for v in (spelt, counted)
    ]
    assert instants == [ms, ms]


@given(st.datetimes(timezones=OFFSETS))
def test_an_offset_changes_the_spelling_and_not_the_moment(moment: datetime):
    elsewhere = moment.replace(tzinfo=None)
    offset = moment.utcoffset()
    assert offset is not None
    assert to_ms(moment) == to_ms(elsewhere.replace(tzinfo=UTC)) - offset // timedelta(
        milliseconds=1
    )


@given(st.datetimes(timezones=OFFSETS), st.datetimes(timezones=OFFSETS))
def test_order_is_kept(one: datetime, other: datetime):
    if one <= other:
        assert to_ms(one) <= to_ms(other)
