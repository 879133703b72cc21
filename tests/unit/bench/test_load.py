"""The load of the benchmarks: known totals, valid events, and prefixes that are prefixes."""

from collections import Counter
from itertools import islice

from bench.load import MIX, TOPICS, Placement, Stream, events
from schemas.codec import Fault, decode
from schemas.partitioning import partition_for

STREAM = Stream(total=120_000, end_ms=1_780_000_000_000)


def test_the_first_events_of_a_stream_are_the_same_whoever_reads_how_many() -> None:
    assert list(events(STREAM, upto=500)) == list(islice(events(STREAM), 500))


def test_every_event_is_one_that_the_contract_accepts() -> None:
    for topic, rank, value in events(STREAM, upto=3_000):
        event = decode(topic, value)
        assert not isinstance(event, Fault), value
        assert event.creator_id == f"creator-{rank}"


def test_a_stream_has_its_total_its_mix_and_its_end() -> None:
    seen = Counter(topic for topic, _rank, _value in events(STREAM))
    assert seen.total() == STREAM.total
    assert all(abs(seen[name] / STREAM.total - share) < 0.01 for name, share in MIX)
    times = [decode(t, v).occurred_at for t, _rank, v in events(STREAM)]
    assert times == sorted(times)
    assert STREAM.end_ms - 100 < times[-1] <= STREAM.end_ms


def test_event_ids_go_on_where_the_stream_before_ended() -> None:
    later = STREAM._replace(first_id=STREAM.total, total=1_000)
    ids = {decode(t, v).event_id for t, _rank, v in events(later)}
    assert ids == {f"e{n}" for n in range(STREAM.total, STREAM.total + 1_000)}


def test_creators_are_placed_as_our_own_worker_expects_them() -> None:
    place = Placement(4, 50)
    assert place.partitions == [partition_for(key, 4) for key in place.keys]
    assert len(TOPICS) == len(MIX)
