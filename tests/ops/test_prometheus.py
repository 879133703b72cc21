"""The shipped Prometheus configuration is one that Prometheus takes."""

from stack.procs import REPOSITORY
from tests.harness.prometheus import promtool


def test_prometheus_takes_the_shipped_configuration() -> None:
    checked = promtool("check", "config", REPOSITORY / "prometheus" / "prometheus.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
