"""`python -m tests.faults.inside.worker`: `pulse worker`, with what the environment asks for.

Knows the names of the variables. Must not know what any of it does.

FAULTS_DIR      folder in which the campaign arms this worker
FAULTS_JOURNAL  physical name of the journal's topic, if a journal is kept
FAULTS_LOSE_S   seconds or so between two batches that are dropped or handed over out of order
FAULTS_WITHOUT  the mechanism to switch off, to see the campaign fail
"""

import faulthandler
import os
import signal
from pathlib import Path

from streams.cli import main
from tests.faults.arms import Arms
from tests.faults.inside import hooks, journal, losses, sabotage


def put_on(environment: dict[str, str]) -> None:
    """Change this process as the variables say."""
    arms = Arms(Path(environment["FAULTS_DIR"]))
    # What a worker waits for when it hangs is asked for by this signal.
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    if without := environment.get("FAULTS_WITHOUT"):
        sabotage.without(without)
    hooks.put_on(arms)
    if every := environment.get("FAULTS_LOSE_S"):
        losses.put_on(arms, float(every))
    if topic := environment.get("FAULTS_JOURNAL"):
        journal.put_on(topic)


if __name__ == "__main__":
    put_on(dict(os.environ))
    main(["worker"], prog_name="pulse")
