"""Settings of `pulse api`: where it listens, whom it lets in, and what it keeps.

Knows names, defaults and limits. Must not know Kafka, nor what is done with a value.
"""

import ipaddress
from dataclasses import dataclass
from typing import Literal

from streams import parsers
from streams.api import tokens
from streams.declared import Declared, Fault, env_name, setting

_API = "API"
DAY = 86_400


def _entries(raw: str) -> str:
    try:
        tokens.parse(raw.split(","))
    except ValueError as error:
        raise parsers.Expected(str(error)) from error
    return raw


@dataclass(frozen=True, kw_only=True)
class ApiSettings(Declared):
    """All settings that `pulse api` has beside those of every process that talks to Kafka."""

    api_host: str = setting(
        "127.0.0.1",
        parsers.text(r"[A-Za-z0-9._:-]{1,255}", "an address or a host name"),
        _API,
        "Address that `pulse api` listens on. Other than loopback, it needs tokens.",
    )
    api_port: int = setting(
        9120, parsers.whole(0, 65_535), _API, "Port of the same; 0 takes a free one."
    )
    api_access: Literal["auto", "token"] = setting(
        "auto",
        parsers.one_of("auto", "token"),
        _API,
        "auto: a token is demanded, unless bound to loopback and no tokens are set. "
        "token: it always is.",
    )
    api_tokens: str | None = setting(
        None,
        _entries,
        _API,
        "Who may come in: NAME:ROLE:SHA256, separated by commas. ROLE is viewer or operator; "
        "`pulse api --make-token NAME:ROLE` makes a token and its entry.",
        secret=True,
    )
    api_tokens_file: str | None = setting(
        None,
        parsers.file("tokens"),
        _API,
        "File with such entries, one a line, # for comments; read again when it changes.",
    )
    api_session_seconds: float = setting(
        43_200.0,
        parsers.seconds(60, 30 * DAY),
        _API,
        "Seconds that a session of a browser lasts.",
    )
    api_session_secret: str | None = setting(
        None,
        parsers.secret(32, 200),
        _API,
        "Key that signs session cookies: the same for all instances behind one address. Unset: a "
        "random one, so that sessions end with the process.",
        secret=True,
    )
    api_public_url: str = setting(
        "",
        parsers.addresses,
        _API,
        "Address that browsers know this API by, such as https://pulse.example; with https, "
        "cookies are sent over TLS only. Unset: the Host of each request.",
    )
    api_cors_origins: str = setting(
        "",
        parsers.addresses,
        _API,
        "Origins, separated by commas, whose pages may read with a bearer token. Unset: none.",
    )
    api_creator_link: str = setting(
        "",
        parsers.template("creator_id"),
        _API,
        "Address of a creator's dashboard, such as "
        "https://grafana.example/d/creator?var-creator={creator_id}, which the live page links to.",
    )
    api_database: str = setting(
        "pulse-api.sqlite3",
        parsers.text(r"[^\x00]{1,1000}", "the path of a file"),
        _API,
        "SQLite file with history; each instance has its own. Made if it is not there.",
    )
    api_retention: float = setting(
        30.0 * DAY,
        parsers.seconds(3_600, 3_650 * DAY),
        _API,
        "Seconds that hours of engagement and ended alerts are kept.",
    )
    api_minutes_retention: float = setting(
        2.0 * DAY,
        parsers.seconds(3_600, 3_650 * DAY),
        _API,
        "Seconds that single minutes of engagement are kept.",
    )
    api_requests_per_minute: int = setting(
        1_200,
        parsers.whole(1, 10_000_000),
        _API,
        "Requests a minute of one token or, without one, of one address; in a burst a tenth.",
    )
    api_max_streams: int = setting(
        500, parsers.whole(1, 100_000), _API, "Open event streams at most, of all clients together."
    )
    api_heartbeat: float = setting(
        15.0,
        parsers.seconds(0.1, 300),
        _API,
        "Seconds after which a silent event stream says that it lives.",
    )
    api_stream_interval: float = setting(
        0.5,
        parsers.seconds(0.05, 60),
        _API,
        "Seconds between two sendings on one event stream; of each creator the newest is sent.",
    )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        if self.api_host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.api_host).is_loopback
        except ValueError:
            return False

    @property
    def has_tokens(self) -> bool:
        """Whether there is any source of tokens."""
        return self.api_tokens is not None or self.api_tokens_file is not None

    @property
    def demands_token(self) -> bool:
        """Whether a request needs a token or a session."""
        return self.api_access == "token" or self.has_tokens or not self.loopback

    def conflicts(self) -> list[Fault]:
        """The settings that are fine by themselves and do not fit one another."""
        faults = []
        if self.demands_token and not self.has_tokens:
            why = (
                f"PULSE_API_HOST is {self.api_host}, which others can reach"
                if not self.loopback
                else "PULSE_API_ACCESS is token"
            )
            faults.append(
                Fault(
                    env_name("api_tokens"),
                    "",
                    f"a token at least, here or in PULSE_API_TOKENS_FILE, because {why}; "
                    "`pulse api --make-token NAME:ROLE` makes one",
                )
            )
        if self.api_minutes_retention > self.api_retention:
            faults.append(
                Fault(
                    env_name("api_minutes_retention"),
                    self.shown("api_minutes_retention"),
                    f"at most PULSE_API_RETENTION ({self.api_retention:g})",
                )
            )
        if "," in self.api_public_url:
            faults.append(
                Fault(env_name("api_public_url"), self.api_public_url, "one address, not several")
            )
        return faults
