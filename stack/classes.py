"""Keeps the classes that a broker loads as Java maps them: later ones start in half the time.

Knows by which option Java does so at its end (JEP 350). Must not know what a broker needs.
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from stack.kafka import KafkaServer, kept_classes


def keep() -> bool:
    """Run a broker once. Whether this Java runtime could do it; without, brokers start slower."""
    kept = kept_classes()
    kept.unlink(missing_ok=True)
    with TemporaryDirectory() as workdir:
        made = Path(workdir) / "classes.jsa"
        server = KafkaServer(
            Path(workdir) / "kafka", java_options=[f"-XX:ArchiveClassesAtExit={made}"]
        )
        with server:
            pass
        if made.exists():
            shutil.move(made, kept)
    return kept.exists()


if __name__ == "__main__":
    sys.exit(not keep())
