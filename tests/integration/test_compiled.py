"""The compiled core is the source: both give the same records, the same state, the same alerts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.rig import COMPILED
from stack.procs import REPOSITORY


def digest(*first: Path) -> dict[str, object]:
    """What the same load comes to with the packages of these directories before our own."""
    path = os.pathsep.join(map(str, [*first, REPOSITORY]))
    env = os.environ | {"PYTHONPATH": path, "PYTHONSAFEPATH": "1", "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "tests.harness.digest"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


def test_both_builds_publish_and_store_the_very_same() -> None:
    if not COMPILED.is_dir():
        pytest.skip("the core could not be compiled on this machine: `tools/setup.sh compiled`")
    compiled, source = digest(COMPILED), digest()
    assert (compiled.pop("core"), source.pop("core")) == ("compiled", "python")
    assert compiled == source
    assert source["alerts"], "the load has incidents in it"
