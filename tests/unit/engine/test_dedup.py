"""An event counts once within the horizon, also after a restart."""

from streams.engine.dedup import PAGE, DuplicateFilter


def test_a_second_one_is_refused() -> None:
    duplicates = DuplicateFilter(PAGE)
    assert duplicates.accept(7)
    assert not duplicates.accept(7)


def test_the_horizon_is_as_long_as_promised_and_no_longer() -> None:
    duplicates = DuplicateFilter(PAGE)
    assert duplicates.accept(0)
    for identity in range(1, PAGE):
        assert duplicates.accept(identity)
    assert not duplicates.accept(0)
    assert duplicates.accept(PAGE)
    assert duplicates.accept(0)


def test_memory_is_bounded_by_the_capacity() -> None:
    duplicates = DuplicateFilter(PAGE)
    for identity in range(5 * PAGE):
        duplicates.accept(identity)
    assert len(duplicates.seen) == PAGE


def test_pages_restore_the_same_filter() -> None:
    duplicates, pages = DuplicateFilter(2 * PAGE), {}
    for identity in range(3 * PAGE + 5):
        duplicates.accept(identity * 2_654_435_761)
        if identity % 100 == 0:
            pages |= dict(duplicates.take_pages())
    pages |= dict(duplicates.take_pages())
    restored = DuplicateFilter(2 * PAGE)
    restored.restore(duplicates.accepted, pages)
    assert restored.seen == duplicates.seen
    assert restored.ring == duplicates.ring
    assert list(restored.take_pages()) == []
