"""Write rules.yml and the list of runbooks anew, or check them: `python -m prometheus`."""

import argparse
import sys
from pathlib import Path

from prometheus import alerts, recording
from prometheus.model import Links, to_yaml

FILE = Path(__file__).parent / "rules.yml"
RUNBOOKS = Path(__file__).parent.parent / "docs" / "runbooks"
_HEADING = """\
Recording and alert rules of the pipeline, for Prometheus 2.42 or newer.
Written by `python -m prometheus`: change what is beside it instead. `--help` tells how to put in
the addresses of runbooks and dashboards, and another name of the job.
"""


def document(links: Links, job: str = alerts.JOB, api_job: str = alerts.API_JOB) -> str:
    """The text of the rule file, for workers and APIs that are scraped under these jobs."""
    text = to_yaml([*recording.groups(), *alerts.groups()], links, _HEADING)
    text = text.replace(f'job="{alerts.JOB}"', f'job="{job}"')
    return text.replace(f'job="{alerts.API_JOB}"', f'job="{api_job}"')


def runbooks() -> str:
    """The list of all alerts, each with a link to its page."""
    lines = [
        "# Runbooks",
        "",
        "One page for each alert of the pipeline. Written by `python -m prometheus`.",
    ]
    for group in alerts.groups():
        title = group.name.partition(".")[2]
        lines += ["", f"## {title.upper() if title == 'api' else title.capitalize()}", ""]
        lines += ["| alert | severity | says | after |", "|---|---|---|---|"]
        for rule in alerts.of(group):
            page = f"[{rule.name}]({rule.name}.md)"
            lines.append(f"| {page} | {rule.severity} | {rule.summary} | {rule.after} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Return 0, or with `--check` 1 if a file differs from what would be written."""
    usual = Links()
    parser = argparse.ArgumentParser(prog="python -m prometheus", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    parser.add_argument(
        "--runbooks", default=usual.runbooks, metavar="URL", help="where docs/runbooks is published"
    )
    parser.add_argument(
        "--dashboards", default=usual.dashboards, metavar="URL", help="the address of Grafana"
    )
    parser.add_argument("--job", default=alerts.JOB, metavar="NAME", help="of the workers' scrapes")
    parser.add_argument(
        "--api-job", default=alerts.API_JOB, metavar="NAME", help="of the scrapes of `pulse api`"
    )
    parser.add_argument("--output", type=Path, default=FILE, metavar="FILE", help="rules.yml here")
    given = parser.parse_args()
    links = Links(given.runbooks.rstrip("/"), given.dashboards.rstrip("/"))
    documents = {given.output: document(links, given.job, given.api_job)}
    if given.output == FILE:
        documents[RUNBOOKS / "README.md"] = runbooks()
    stale = [path for path, text in documents.items() if _read(path) != text]
    for path in stale:
        if not given.check:
            path.write_text(documents[path])
        done = "differs from the code; run `python -m prometheus`" if given.check else "written"
        sys.stdout.write(f"{path.name}: {done}\n")
    return 1 if given.check and stale else 0


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
