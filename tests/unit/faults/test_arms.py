"""Arms: an order is met once, at its moment only, and told before the deed."""

from pathlib import Path

from tests.faults.arms import Arms


def test_an_order_is_due_at_its_moment_only(tmp_path: Path):
    arms = Arms(tmp_path)
    assert arms.due("in_restore") is None
    arms.arm("in_restore", "kill", holding=[])
    assert arms.due("before_commit") is None
    assert arms.due("in_restore") == {"moment": "in_restore", "deed": "kill", "holding": []}


def test_an_order_is_claimed_once_and_told_with_its_facts(tmp_path: Path):
    arms = Arms(tmp_path)
    arms.arm("in_restore", "kill")
    order = arms.due("in_restore")
    assert order is not None
    assert arms.hit() is None
    assert arms.claim(order, pid=7)
    assert not arms.claim(order, pid=8)
    assert arms.hit() == {"moment": "in_restore", "deed": "kill", "pid": 7}
    assert arms.due("in_restore") is None


def test_an_order_that_is_taken_back_is_not_met(tmp_path: Path):
    arms = Arms(tmp_path)
    arms.arm("in_restore", "kill")
    arms.disarm()
    assert arms.due("in_restore") is None


def test_a_new_order_forgets_what_the_last_one_met(tmp_path: Path):
    arms = Arms(tmp_path)
    arms.arm("in_restore", "kill")
    arms.claim(arms.due("in_restore") or {})
    arms.arm("in_restore", "kill")
    assert arms.hit() is None


def test_notes_are_kept_in_order(tmp_path: Path):
    arms = Arms(tmp_path)
    assert arms.notes() == []
    arms.note(deed="dropped")
    arms.note(deed="swapped")
    assert [note["deed"] for note in arms.notes()] == ["dropped", "swapped"]
