"""Whatever byte of the state is wrong: it is refused by name or read, and nothing else happens."""

import json
from contextlib import suppress
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.engine.layout import CorruptStateError
from streams.engine.own import SHARD_KEY
from streams.engine.shard import Shard, WrongPartitionsError
from streams.engine.stored import faults, named, plain
from tests.contracts.state import CONFIG, Tables, write_state
from tests.harness.driver import _ANALYSER


@cache
def sound() -> Tables:
    return write_state().tables[0]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes, bytes]:
    """A record of a sound state with a part of its value replaced, cut off or added."""
    table = draw(st.sampled_from(sorted(sound())))
    key = draw(st.sampled_from(sorted(sound()[table])))
    value = sound()[table][key]
    at = draw(st.integers(0, len(value)))
    length = draw(st.integers(0, 3))
    return table, key, value[:at] + draw(st.binary(max_size=4)) + value[at + length :]


def refused(table: str, key: bytes, value: bytes) -> bytes | None:
    """The key that a restore refuses, with every creator brought to life; None for a sound one."""
    tables = {name: dict(records) for name, records in sound().items()}
    tables[table][key] = value
    try:
        shard = Shard.restore(0, CONFIG, tables, _ANALYSER)
        for creator_id in list(shard._registry.resting):
            shard._registry.get(creator_id)
    except CorruptStateError as error:
        return error.key
    except WrongPartitionsError:
        assert key == SHARD_KEY
    return None


@settings(max_examples=400)
@given(damaged())
def test_a_damaged_record_is_refused_by_its_key_or_read(case: tuple[str, bytes, bytes]) -> None:
    table, key, value = case
    key_refused = refused(table, key, value)
    assert key_refused in {None, key}
    if key_refused is not None:
        assert key in faults(sound()[table] | {key: value})


@settings(max_examples=400)
@given(st.one_of(damaged(), st.tuples(st.just(""), st.binary(max_size=12), st.binary(max_size=40))))
def test_any_record_can_be_named_and_is_shown_or_refused(case: tuple[str, bytes, bytes]) -> None:
    _, key, value = case
    named(key)
    with suppress(CorruptStateError):
        json.dumps(plain(key, value))
