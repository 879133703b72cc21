"""Files to be written: a folder that is not there is told before the work, a full disk by name."""

from pathlib import Path

import click
import pytest

from streams.cli import main
from streams.outfile import OUT_FILE, OUT_FILE_OR_DASH, write_json
from tests.unit.test_cli import CONTEXT, commands, run

WRITING = {"report", "out", "truth", "alerts", "chart", "scores"}


@pytest.mark.parametrize("name", main.list_commands(CONTEXT))
def test_every_file_that_a_command_writes_is_looked_at_before_the_work(name: str) -> None:
    for full_name, command in commands(name):
        for option in command.params:
            if option.name in WRITING and isinstance(option.type, click.Path):
                reads = option.type.exists
                assert reads or option.type in (OUT_FILE, OUT_FILE_OR_DASH), (full_name, option)


def test_a_folder_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    for words in (["worker"], ["api"], ["simulate"], ["demo"]):
        status, output = run(*words, "--report", str(tmp_path / "gone" / "r.json"))
        assert status == 2
        assert f"there is no folder '{tmp_path / 'gone'}': make it first" in output


def test_a_file_in_a_folder_that_is_there_need_not_be_there_itself(tmp_path: Path) -> None:
    assert OUT_FILE.convert(str(tmp_path / "new.json"), None, None) == tmp_path / "new.json"
    assert OUT_FILE_OR_DASH.convert("-", None, None) == Path("-")


def test_a_full_disk_is_told_with_the_file() -> None:
    with pytest.raises(OSError, match="/dev/full"):
        write_json(Path("/dev/full"), {"a": "b" * 100})
    status, output = run(
        "simulate", "--no-live", "--backfill", "1m", "--creators", "1", "--out", "/dev/full"
    )
    assert (status, output) == (1, "Error: /dev/full: No space left on device\n")
