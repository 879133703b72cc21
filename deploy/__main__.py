"""Write the PrometheusRule of Kubernetes anew, or check it: `python -m deploy`.

Knows how a rule file becomes a resource of the Prometheus Operator. Must not know any rule: those
are in `prometheus/rules.yml`.
"""

import argparse
import sys
from pathlib import Path

import yaml

RULES = Path(__file__).parent.parent / "prometheus" / "rules.yml"
RESOURCE = Path(__file__).parent / "kubernetes" / "monitoring" / "prometheusrule.yaml"
_HEADING = """\
# The rules of prometheus/rules.yml for the Prometheus Operator. Written by `python -m deploy`;
# --rules names another rule file: `python -m prometheus --help` tells how to put addresses in.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: creator-pulse
spec:
"""


def resource(rules: str) -> str:
    """The text of the resource with these rules; they stand there as they are in their file."""
    lines = rules[rules.index("\ngroups:") :].strip("\n").splitlines()
    text = _HEADING + "".join(f"  {line}\n" if line else "\n" for line in lines)
    if yaml.safe_load(text)["spec"] != yaml.safe_load(rules):
        raise ValueError("the rules have changed on their way: a rule file of another make?")
    return text


def main() -> int:
    """Return 0, or with `--check` 1 if the file differs from what would be written."""
    parser = argparse.ArgumentParser(prog="python -m deploy", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    parser.add_argument("--rules", type=Path, default=RULES, metavar="FILE", help="of Prometheus")
    parser.add_argument("--output", type=Path, default=RESOURCE, metavar="FILE")
    given = parser.parse_args()
    text = resource(given.rules.read_text())
    if given.output.exists() and given.output.read_text() == text:
        return 0
    if given.check:
        sys.stdout.write(f"{given.output.name} differs from its rules; run `python -m deploy`\n")
        return 1
    given.output.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
