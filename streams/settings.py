"""Settings: everything that a deployment can choose, read from `PULSE_*` variables.

Knows names, defaults, limits and explanations, and which variables mean nothing. Must not know
what is done with a value. Times are seconds here; the edges convert where others want milliseconds.
"""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from streams import declared, parsers
from streams.api.settings import ApiSettings
from streams.declared import (
    HIDDEN,
    PREFIX,
    Declared,
    Fault,
    Row,
    SettingsError,
    env_name,
    rows,
)
from streams.declared import setting as _setting

__all__ = [
    "DEVELOPMENT_SECRET",
    "HIDDEN",
    "PREFIX",
    "ApiSettings",
    "Fault",
    "Row",
    "Settings",
    "SettingsError",
    "env_name",
    "rows",
    "unknown",
]

DEVELOPMENT_SECRET = "for development only; set PULSE_ACTOR_SECRET"

_FOREIGN = frozenset({"PULSE_REQUIRE_KAFKA"})
"""Names with our prefix that are read by the tests alone."""

_KAFKA, _WORK, _TIME = "Kafka", "Processing", "Time"
_ALERTS, _OBSERVE = "Alerts", "Observing"


@dataclass(frozen=True, kw_only=True)
class Settings(Declared):
    """All settings of a worker and of what talks to Kafka."""

    bootstrap_servers: str = _setting(
        "127.0.0.1:9092",
        parsers.servers,
        _KAFKA,
        "Kafka brokers to ask first, as host:port, separated by commas.",
    )
    app_id: str = _setting(
        "creator-pulse",
        parsers.text(r"[a-zA-Z0-9._-]{1,100}", "1 to 100 of the characters a-z A-Z 0-9 . _ -"),
        _KAFKA,
        "Consumer group, and the prefix of changelog topics and transactional ids. "
        "Two deployments on one cluster must differ in it.",
    )
    topic_prefix: str = _setting(
        "",
        parsers.text(r"[a-zA-Z0-9._-]{0,100}", "at most 100 of the characters a-z A-Z 0-9 . _ -"),
        _KAFKA,
        "Put before the name of every topic but the changelogs.",
    )
    partitions: int = _setting(
        4,
        parsers.whole(1, 1000),
        _KAFKA,
        "Partitions of every topic but `campaigns`: the most workers that can share the load. "
        "Cannot be changed once there is data.",
    )
    replication_factor: int = _setting(
        1, parsers.whole(1, 9), _KAFKA, "Copies of each topic that `pulse topics create` asks for."
    )
    security_protocol: str = _setting(
        "PLAINTEXT",
        parsers.one_of("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL", fold=str.upper),
        _KAFKA,
        "How to talk to the brokers: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.",
    )
    sasl_mechanism: str = _setting(
        "PLAIN",
        parsers.one_of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", fold=str.upper),
        _KAFKA,
        "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; used with SASL_PLAINTEXT and SASL_SSL.",
    )
    sasl_username: str | None = _setting(
        None, parsers.secret(1), _KAFKA, "Name to log in to Kafka with."
    )
    sasl_password: str | None = _setting(
        None, parsers.secret(1), _KAFKA, "Password to log in to Kafka with.", secret=True
    )
    ssl_cafile: str | None = _setting(
        None,
        parsers.file("PEM"),
        _KAFKA,
        "PEM file with the authorities that sign the brokers' certificates; "
        "unset means those of the system.",
    )
    ssl_certfile: str | None = _setting(
        None, parsers.file("PEM"), _KAFKA, "PEM file with this client's certificate."
    )
    ssl_keyfile: str | None = _setting(
        None, parsers.file("PEM"), _KAFKA, "PEM file with the key of this client's certificate."
    )
    ssl_key_password: str | None = _setting(
        None, parsers.secret(1), _KAFKA, "Password of the key file.", secret=True
    )
    processing_guarantee: Literal["exactly_once", "at_least_once"] = _setting(
        "exactly_once",
        parsers.one_of("exactly_once", "at_least_once"),
        _WORK,
        "exactly_once uses Kafka's transactions. at_least_once is for brokers without them and "
        "for a single worker: after a crash, outputs may repeat.",
    )
    checkpoint_interval: float = _setting(
        0.5,
        parsers.seconds(0.05, 60),
        _WORK,
        "Seconds between checkpoints (one transaction for each partition with news); eight times "
        "as long while a backlog of more than a minute is worked off.",
    )
    checkpoint_max_dirty: int = _setting(
        20_000,
        parsers.whole(100, 1_000_000),
        _WORK,
        "Changed records that bring a checkpoint forward.",
    )
    actor_secret: str = _setting(
        DEVELOPMENT_SECRET,
        parsers.secret(16, 64),
        _WORK,
        "Key of the hash under which actors are remembered. The same for all workers of a "
        "deployment, for ever; the default is public and meant for development.",
        secret=True,
    )
    sentiment_model: str | None = _setting(
        None,
        parsers.file("model"),
        _WORK,
        "Model that comments are judged by, from `pulse sentiment train`; unset: by the lexicon "
        "alone. The same for all workers; read at the start.",
    )
    session_timeout: float = _setting(
        10.0,
        parsers.seconds(2, 300),
        _WORK,
        "Seconds without heartbeat after which the partitions of a worker are given to others.",
    )
    heartbeat_interval: float = _setting(
        2.0, parsers.seconds(0.1, 60), _WORK, "Seconds between heartbeats to the broker."
    )
    start_timeout: float = _setting(
        60.0,
        parsers.seconds(0, 3600),
        _WORK,
        "Seconds that a starting worker or API waits for brokers that cannot be reached.",
    )
    stop_timeout: float = _setting(
        10.0,
        parsers.seconds(3, 120),
        _WORK,
        "Seconds that stopping may take; a worker that hangs longer ends by force, with code 70.",
    )
    allowed_lateness: float = _setting(
        10.0,
        parsers.seconds(0, 86_400),
        _TIME,
        "Seconds of event time that an event may come after younger ones and still be in the "
        "final record of its minute.",
    )
    max_skew: float = _setting(
        600.0,
        parsers.seconds(0, 604_800),
        _TIME,
        "Seconds of event time that a topic may run ahead of the slowest one with unread records; "
        "then it is not read on until that comes near.",
    )
    clock: Literal["wall", "events"] = _setting(
        "wall",
        parsers.one_of("wall", "events"),
        _TIME,
        "wall: a quiet stream closes its windows as time passes. events: only events move time, "
        "for the replay of old data; the last windows stay open.",
    )
    rules_file: str | None = _setting(
        None,
        parsers.file("YAML"),
        _ALERTS,
        "Rules of detection that differ from what ships; read anew when it changes. "
        "See `pulse rules`.",
    )
    alertmanager_urls: str = _setting(
        "",
        parsers.addresses,
        _ALERTS,
        "Alertmanagers that alerts are pushed to, as base URLs separated by commas; each gets all. "
        "Unset: alerts are on the topic `alerts` only.",
    )
    alertmanager_resend: float = _setting(
        60.0,
        parsers.seconds(1, 3600),
        _ALERTS,
        "Seconds after which what fires is pushed again; four times that without it, and "
        "Alertmanager takes an alert for over.",
    )
    alertmanager_token: str | None = _setting(
        None, parsers.secret(1), _ALERTS, "Bearer token for the Alertmanagers.", secret=True
    )
    alertmanager_token_file: str | None = _setting(
        None,
        parsers.file("token"),
        _ALERTS,
        "File that holds the bearer token for the Alertmanagers; read again when it changes.",
    )
    alertmanager_username: str | None = _setting(
        None,
        parsers.text(r"[^:\x00-\x1f\x7f]{1,255}", "1 to 255 characters, none of them a colon"),
        _ALERTS,
        "Name to log in to the Alertmanagers with (HTTP basic authentication).",
    )
    alertmanager_password: str | None = _setting(
        None, parsers.secret(1), _ALERTS, "Password to go with that name.", secret=True
    )
    alert_link: str = _setting(
        "",
        parsers.template("alert_id", "creator_id", "platform", "campaign_id", "kind"),
        _ALERTS,
        "Address of a dashboard for an alert, such as "
        "https://grafana.example/d/creator?var-creator={creator_id}.",
    )
    http_host: str = _setting(
        "127.0.0.1",
        parsers.text(r"[A-Za-z0-9._:-]{1,255}", "an address or a host name"),
        _OBSERVE,
        "Address of /metrics, /healthz, /readyz and /version; there is no log-in, so open it "
        "to trusted networks only.",
    )
    http_port: int = _setting(
        9108, parsers.whole(0, 65_535), _OBSERVE, "Port of the same; 0 takes a free one."
    )
    max_creator_series: int = _setting(
        200,
        parsers.whole(0, 10_000),
        _OBSERVE,
        "Creators with a series of their own in /metrics; the others are summed up in `_other`.",
    )
    log_level: str = _setting(
        "INFO",
        parsers.one_of("DEBUG", "INFO", "WARNING", "ERROR", fold=str.upper),
        _OBSERVE,
        "DEBUG, INFO, WARNING or ERROR.",
    )
    log_format: str = _setting(
        "text", parsers.one_of("text", "json"), _OBSERVE, "text or json: one line for each message."
    )

    def conflicts(self) -> list[Fault]:
        """The settings that are fine by themselves and do not fit one another."""
        faults = []

        def expect(holds: bool, name: str, expected: str) -> None:
            if not holds:
                faults.append(Fault(env_name(name), self.shown(name), expected))

        expect(
            self.heartbeat_interval * 3 <= self.session_timeout,
            "heartbeat_interval",
            f"at most a third of PULSE_SESSION_TIMEOUT ({self.session_timeout:g})",
        )
        if self.security_protocol.startswith("SASL"):
            why = f"a value, because PULSE_SECURITY_PROTOCOL is {self.security_protocol}"
            expect(self.sasl_username is not None, "sasl_username", why)
            expect(self.sasl_password is not None, "sasl_password", why)
        elif self.sasl_username is not None or self.sasl_password is not None:
            expect(
                False,
                "security_protocol",
                "SASL_SSL or SASL_PLAINTEXT, because PULSE_SASL_* is set",
            )
        for one, other in (("username", "password"), ("password", "username")):
            given, lacks = f"alertmanager_{one}", f"alertmanager_{other}"
            expect(
                getattr(self, given) is None or getattr(self, lacks) is not None,
                lacks,
                f"a value, to go with {env_name(given)}",
            )
        ways = ("alertmanager_token", "alertmanager_token_file", "alertmanager_username")
        for more in [way for way in ways if getattr(self, way) is not None][1:]:
            expect(False, more, "nothing: one way to log in to the Alertmanagers is set already")
        if self.ssl_certfile is not None:
            expect(
                self.ssl_keyfile is not None, "ssl_keyfile", "a file, to go with the certificate"
            )
        if self.ssl_keyfile is not None:
            expect(self.ssl_certfile is not None, "ssl_certfile", "a file, to go with the key")
        return faults


def unknown(environ: Mapping[str, str] = os.environ) -> dict[str, str | None]:
    """Variables with our prefix that set nothing, each with the name that was probably meant."""
    known = declared.names(Settings, ApiSettings)
    found: dict[str, str | None] = {}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known and name not in _FOREIGN:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
            found[name] = nearest[0] if nearest else None
    return found
