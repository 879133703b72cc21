"""`python -m stack`: the whole system on this machine, and with `--duration` a proof that it works.

Knows options, the order of a run and the report. Must not know how parts start or points are met.
"""

import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
from aiokafka.errors import KafkaError

from stack.parts import SERVERS, Parts
from stack.points import all_ok
from stack.proof import Proof
from stack.supervisor import KAFKA_STOP_SECONDS, STOP_SECONDS, Asked, PartFailed, Supervisor
from streams.outfile import OUT_FILE, write_json
from streams.sources.durations import DURATION

_LOOK_SECONDS = 1.0


class Run:
    """One run, from the first process to the report."""

    def __init__(self, home: Path, parts: Parts, duration: float | None) -> None:
        self._began = time.monotonic()
        self._home, self._parts, self._duration = home, parts, duration
        self._supervisor = Supervisor(parts, self.tell)
        self._proof: Proof | None = None
        self._failure: str | None = None

    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._began

    def tell(self, line: str) -> None:
        """Say what has happened, and when."""
        click.echo(f"{self.seconds():6.1f} s  {line}", err=True)

    def serve(self, *, brief: bool, until_proven: bool) -> None:
        """Run until the duration is over, everything is shown, or somebody asks for the end."""
        self._supervisor.heed()
        try:
            self._supervisor.start()
            click.echo(self._addresses())
            if self._duration is not None:
                self._proof = Proof(self._parts.subject(), self.tell, brief=brief)
            self._stay(until_proven)
        except Asked:
            self.tell("asked to stop")
        except (PartFailed, KafkaError, AssertionError, OSError) as error:
            self._failure = str(error) or repr(error)
        finally:
            self.tell("stopping")
            self._supervisor.stop()
            shutil.rmtree(self._home / "data", ignore_errors=True)

    def _stay(self, until_proven: bool) -> None:
        while self._duration is None or self.seconds() < self._duration:
            if self._proof is not None:
                self._proof.step(self.seconds())
                if until_proven and self._proof.done:
                    return
            self._supervisor.watch()
            self._supervisor.nap(_LOOK_SECONDS)

    def _addresses(self) -> str:
        lines = [f"{part.name:14}{part.address}" for part in self._parts.all if part.address]
        return "\n".join([*lines, f"{'logs':14}{self._home / 'logs'}"])

    @property
    def failure(self) -> str | None:
        """Why the run has failed, or None."""
        limit = STOP_SECONDS + KAFKA_STOP_SECONDS
        ended = self._supervisor.ended.items()
        killed = [name for name, status in ended if status == -signal.SIGKILL]
        if self._failure is not None:
            return self._failure
        if self._proof is not None and not all_ok(self._proof.points):
            return "not all points are met"
        if killed:
            return f"had to be killed: {', '.join(killed)}"
        if self._supervisor.stop_seconds > limit + 0.5:
            return f"stopping took {self._supervisor.stop_seconds:.1f} s"
        return None

    def checklist(self) -> list[str]:
        """All points with what was seen, and how it stopped."""
        points = self._proof.points if self._proof is not None else []
        count, seconds = len(self._supervisor.ended), self._supervisor.stop_seconds
        return [*(point.told() for point in points), f"stopped {count} parts in {seconds:.1f} s"]

    def report(self) -> dict[str, Any]:
        """What was done and seen."""
        supervisor = self._supervisor
        return {
            "ok": self.failure is None,
            "failure": self.failure,
            "seconds": round(self.seconds(), 1),
            "points": [point.report() for point in self._proof.points] if self._proof else [],
            "parts": [
                {
                    "name": part.name,
                    "address": part.address,
                    "log": str(part.process.log),
                    "restarts": part.restarts,
                    "exit_status": supervisor.ended.get(part.name),
                }
                for part in self._parts.all
            ],
            "stop_seconds": round(supervisor.stop_seconds, 1),
        }


def _ports(_ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    ports = {}
    for text in given:
        name, _, port = text.partition("=")
        if name not in SERVERS or not port.isdecimal() or not 0 < int(port) < 65_536:
            raise click.BadParameter(f"{text!r} is not NAME=PORT; names are {', '.join(SERVERS)}")
        ports[name] = int(port)
    return ports


@click.command("stack", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--duration", type=DURATION, help="Stop after this time; default: until Ctrl-C.")
@click.option(
    "--report",
    type=OUT_FILE,
    help="Write what was done and seen to this JSON file.",
)
@click.option(
    "--port",
    "ports",
    multiple=True,
    metavar="NAME=PORT",
    callback=_ports,
    help=f"Fix a port instead of taking a free one: {', '.join(SERVERS)}.",
)
@click.option("--seed", type=click.IntRange(0, 2**31), default=3, show_default=True)
@click.option("--creators", type=click.IntRange(8, 2_000), default=32, show_default=True)
@click.option(
    "--brief",
    is_flag=True,
    help="With --duration: leave out what takes minutes (alerts that end, the frozen worker).",
)
@click.option("--until-proven", is_flag=True, help="With --duration: end once all is shown.")
def main(
    duration: float | None,
    report: Path | None,
    ports: dict[str, int],
    seed: int,
    creators: int,
    brief: bool,
    until_proven: bool,
) -> None:
    """The whole system on this machine, without containers.

    Kafka, topics, two workers, the API, Prometheus, Alertmanager and a simulated world with
    incidents, each a process of its own, with the configuration that ships. Ctrl-C ends them all.

    With --duration, it also proves itself: every panel, rule and address has to answer, an alert
    of a creator and one of the pipeline (a worker is frozen) have to fire in Alertmanager and end.
    All of it takes about seven minutes; a point that is missing is named, and the status is 1.

    \b
    Examples:
      make stack
      make stack STACK_ARGS="--port api=9120 --port prometheus=9090"
      make stack STACK_ARGS="--duration 540 --report stack.json"
    """
    if duration is None and (brief or until_proven):
        raise click.UsageError("--brief and --until-proven are about a proof: give --duration, too")
    home = Path(tempfile.mkdtemp(prefix="pulse-stack-"))
    try:
        run = Run(home, Parts(home / "logs", home / "data", ports, seed, creators), duration)
    except AssertionError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"logs are in {home / 'logs'}", err=True)
    run.serve(brief=brief, until_proven=until_proven)
    click.echo("\n".join(run.checklist()))
    if report is not None:
        write_json(report, run.report())
    if run.failure is not None:
        raise click.ClickException(run.failure)


if __name__ == "__main__":
    sys.exit(main())
