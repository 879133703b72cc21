"""Points: met once and for good, with what is missing in plain words until then."""

from stack.points import Point, all_ok


class Look:
    """Says what it is told to say."""

    name, says = "one", "one thing is so"

    def __init__(self, *answers: bool | Exception) -> None:
        self._answers = list(answers)

    def look(self) -> bool:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def detail(self) -> str:
        return "seen"


def test_a_point_is_met_once_and_is_not_looked_at_again() -> None:
    point = Point(Look(False, True))
    assert [point.take(second) for second in (1.0, 2.0, 3.0)] == [False, True, False]
    assert point.met_after == 2.0
    assert point.told() == "ok      one thing is so after 2 s: seen"


def test_what_keeps_a_point_from_being_met_is_told() -> None:
    point = Point(Look(OSError("nobody answers")))
    assert not point.take(1.0)
    assert point.told() == "FAILED  one thing is so: nobody answers"
    assert point.report()["ok"] is False


def test_a_proof_is_whole_when_no_point_is_missing() -> None:
    met, missing = Point(Look(True)), Point(Look(False))
    for point in (met, missing):
        point.take(1.0)
    assert all_ok([met])
    assert not all_ok([met, missing])
