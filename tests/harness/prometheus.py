"""A real Prometheus that scrapes given targets, and promtool."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from stack import prometheus
from stack.waiting import await_condition
from tests.harness.tools import tool


def promtool(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run promtool; the caller judges its return code and output."""
    return subprocess.run(
        [tool("promtool"), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class PrometheusServer(prometheus.PrometheusServer):
    """A Prometheus on a free port, scraping ``targets`` (job name -> ``host:port``) every second.

    ``rule_files`` are loaded as they are, ``alertmanagers`` are ``host:port``. `start` returns once
    every target was scraped.
    """

    def __init__(
        self,
        workdir: Path,
        targets: Mapping[str, str],
        *,
        rule_files: Sequence[Path] = (),
        alertmanagers: Sequence[str] = (),
        interval: str = "1s",
    ) -> None:
        tool("prometheus")
        self.targets = dict(targets)
        config = {
            "global": {"scrape_interval": interval, "evaluation_interval": interval},
            "rule_files": [str(path.resolve()) for path in rule_files],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [*alertmanagers]}]}]},
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [address]}]}
                for job, address in self.targets.items()
            ],
        }
        super().__init__(workdir, config)

    def start(self, timeout: float = 30.0) -> None:
        """Start it and wait until every target is up."""
        super().start(timeout)
        await_condition(
            lambda: (
                self.targets.keys() <= {series["metric"]["job"] for series in self.query("up == 1")}
            ),
            timeout,
            lambda: f"all targets are up, of {self.api('targets')['activeTargets']}",
        )
