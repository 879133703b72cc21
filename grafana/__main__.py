"""Write the dashboards' JSON anew, or check that it is as the code says: `python -m grafana`."""

import argparse
import sys
from pathlib import Path

from grafana.alert_quality import alert_quality
from grafana.api import api
from grafana.campaign_overview import campaign_overview
from grafana.creator import creator
from grafana.kafka_and_state import kafka_and_state
from grafana.panels import to_json
from grafana.pipeline import pipeline

FOLDER = Path(__file__).parent / "dashboards"


def documents() -> dict[Path, str]:
    """The text of each dashboard file, by path."""
    return {
        FOLDER / "alert-quality.json": to_json(alert_quality()),
        FOLDER / "api.json": to_json(api()),
        FOLDER / "campaign-overview.json": to_json(campaign_overview()),
        FOLDER / "creator.json": to_json(creator()),
        FOLDER / "kafka-and-state.json": to_json(kafka_and_state()),
        FOLDER / "pipeline.json": to_json(pipeline()),
    }


def main() -> int:
    """Return 0, or with `--check` 1 if a file differs from what would be written."""
    parser = argparse.ArgumentParser(prog="python -m grafana", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    check = parser.parse_args().check
    stale = [path for path, text in documents().items() if _read(path) != text]
    for path in stale:
        if not check:
            path.write_text(documents()[path])
        done = "differs from the code; run `python -m grafana`" if check else "written"
        sys.stdout.write(f"{path.name}: {done}\n")
    return 1 if check and stale else 0


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
