"""Alertmanager takes the shipped configuration, and the rules fire when they should."""

from tests.harness.alertmanager import amtool
from tests.harness.procs import REPOSITORY
from tests.harness.prometheus import promtool

SHIPPED = REPOSITORY / "prometheus"


def test_alertmanager_takes_the_shipped_configuration() -> None:
    checked = amtool("check-config", SHIPPED / "alertmanager.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_rules_are_sound_and_fire_between_the_times_that_they_should() -> None:
    for arguments in (("check", "rules", "rules.yml"), ("test", "rules", "rules_test.yml")):
        *command, name = arguments
        done = promtool(*command, SHIPPED / name)
        assert done.returncode == 0, done.stdout + done.stderr
