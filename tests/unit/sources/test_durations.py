import click
import pytest

from streams.sources.durations import DURATION


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("45s", 45), ("1h30m", 5400), ("2d", 172_800), ("0.5h", 1800), ("250ms", 0.25)],
)
def test_durations_are_read_as_people_write_them(text, seconds):
    assert DURATION.convert(text, None, None) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "5x", "-3", "1h 30m", "1h30", "d"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(click.BadParameter):
        DURATION.convert(text, None, None)
