"""The image: nothing to build with, nobody who is root, ports and health as the code has them."""

import json
import re
import subprocess
import sys
from pathlib import Path

from stack.procs import REPOSITORY
from streams.api.settings import ApiSettings
from streams.settings import Settings

DOCKERFILE = REPOSITORY / "Dockerfile"


def _stages() -> list[str]:
    """What each stage does, one line for each instruction."""
    text = re.sub(r"#.*", "", DOCKERFILE.read_text()).replace("\\\n", " ")
    return [f"FROM{stage}" for stage in re.split(r"^FROM", text, flags=re.MULTILINE)[1:]]


def test_hadolint_finds_nothing() -> None:
    checked = subprocess.run(
        [Path(sys.executable).parent / "hadolint", "--no-color", DOCKERFILE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_what_builds_stays_in_the_first_stage() -> None:
    build, image = _stages()
    assert "gcc" in build
    assert "COMPILE_CORE=yes" in build
    assert not re.search(r"\b(apt-get|pip|gcc)\b", image)
    assert re.findall(r"COPY (\S+)", image) == ["--from=build"]


def test_both_stages_are_of_one_pinned_python() -> None:
    bases = {re.match(r"FROM (\S+)", stage)[1] for stage in _stages()}
    (base,) = bases
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", base)


def test_the_user_is_not_root_and_owns_where_the_api_keeps_its_database() -> None:
    image = _stages()[-1]
    (user,) = re.findall(r"^USER (\d+):\d+$", image, re.MULTILINE)
    assert int(user) > 0
    assert f"--uid {user} " in image
    assert "--owner=pulse" in image
    assert "/var/lib/pulse" in image


def test_ports_and_health_are_those_of_the_settings() -> None:
    image = _stages()[-1]
    worker, api = Settings().http_port, ApiSettings().api_port
    assert f"EXPOSE {worker} {api}\n" in image
    (words,) = re.findall(r"HEALTHCHECK .*?CMD (\[.*\])", image)
    program, option, code = json.loads(words)
    assert (program, option) == ("python", "-c")
    compile(code, "HEALTHCHECK", "exec")
    assert f"os.environ.get('PULSE_HTTP_PORT') or {worker}}}/healthz" in code


def test_all_that_is_copied_reaches_the_builder() -> None:
    ignored = (REPOSITORY / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", _stages()[0], re.MULTILINE):
        assert set(copied.split()) <= let_in, copied
