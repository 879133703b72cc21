"""Scrape: the shipped configuration of Prometheus, with the addresses of this stack put in.

Knows which keys hold addresses and paths. All else stays as it ships.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from stack.procs import REPOSITORY

SHIPPED = REPOSITORY / "prometheus"
JOB = "creator-pulse"
"""Of the workers, in the shipped file and in the rules."""
Addresses = Mapping[str, Sequence[str]]
"""Of each host that the shipped file names, `host:port` of its processes here."""


def adapted(addresses: Addresses, shipped: Path = SHIPPED / "prometheus.yml") -> dict[str, Any]:
    """The configuration for processes at these addresses. Raises KeyError for an unknown host."""
    config: dict[str, Any] = yaml.safe_load(shipped.read_text())
    config["rule_files"] = [str(shipped.parent / name) for name in config["rule_files"]]
    for place in (*config["scrape_configs"], *config["alerting"]["alertmanagers"]):
        hosts = [
            target.partition(":")[0]
            for group in place.get("static_configs", ())
            for target in group["targets"]
        ]
        hosts += [name for group in place.pop("dns_sd_configs", ()) for name in group["names"]]
        targets = [address for host in hosts for address in _of(addresses, host)]
        place["static_configs"] = [{"targets": targets}]
    return config


def _of(addresses: Addresses, host: str) -> Sequence[str]:
    if host not in addresses:
        raise KeyError(f"{SHIPPED / 'prometheus.yml'} names {host}, and the stack has no such part")
    return addresses[host]
