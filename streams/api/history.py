"""History: closed minutes, hours, alerts and commands in one SQLite file.

Knows the tables, and that what was read and up to where are written in one transaction: a restart
neither repeats nor misses a record. Must not know Kafka clients or HTTP. One thread at a time.
"""

import fcntl
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from operator import add
from pathlib import Path
from typing import IO, Any, NamedTuple, Self, TypeVar

import msgspec

from schemas import codec, topics
from schemas.commands import AlertCommand
from schemas.instants import to_ms
from schemas.scores import EngagementWindow
from streams.api import heads
from streams.api.heads import AlertHead
from streams.follow import Followed

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
VERSION = 1
SUMS = (
    "events", "engagements", "likes", "comments", "shares", "saves", "views", "follows",
    "unfollows", "posts", "clicks", "conversions", "revenue",
)  # fmt: skip
"""Columns that add up. likes, comments, shares and saves are net of what was taken back."""

T = TypeVar("T")
Place = tuple[str, int]
"""Logical topic and partition."""

_COLUMNS = ", ".join(
    f"{name} {'REAL' if name == 'revenue' else 'INTEGER'} NOT NULL" for name in SUMS
)
_TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE positions (topic TEXT, place INTEGER, next INTEGER NOT NULL,
    PRIMARY KEY (topic, place)) WITHOUT ROWID;
CREATE TABLE creators (no INTEGER PRIMARY KEY, creator_id TEXT NOT NULL UNIQUE);
CREATE TABLE erased (creator_id TEXT PRIMARY KEY, before_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE minutes (creator INTEGER, at INTEGER, {_COLUMNS}, followers INTEGER,
    PRIMARY KEY (creator, at)) WITHOUT ROWID;
CREATE TABLE hours (creator INTEGER, at INTEGER, {_COLUMNS}, followers INTEGER,
    PRIMARY KEY (creator, at)) WITHOUT ROWID;
CREATE TABLE alerts (alert_id TEXT PRIMARY KEY, creator_id TEXT NOT NULL, campaign_id TEXT,
    kind TEXT NOT NULL, severity TEXT NOT NULL, open INTEGER NOT NULL, started_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL, latest BLOB NOT NULL);
CREATE INDEX alerts_by_start ON alerts (started_ms, alert_id);
CREATE INDEX alerts_by_creator ON alerts (creator_id);
CREATE TABLE alert_records (alert_id TEXT, updated_ms INTEGER, status TEXT, record BLOB NOT NULL,
    PRIMARY KEY (alert_id, updated_ms, status)) WITHOUT ROWID;
CREATE TABLE commands (event_id TEXT PRIMARY KEY, alert_id TEXT, creator_id TEXT NOT NULL,
    kind TEXT, at_ms INTEGER NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX commands_by_creator ON commands (creator_id, at_ms);
PRAGMA user_version = {VERSION};
"""
_NAMES = ", ".join(SUMS)
_MARKS = ", ".join("?" * (len(SUMS) + 3))
_ADD_MINUTE = f"INSERT OR IGNORE INTO minutes (creator, at, {_NAMES}, followers) VALUES ({_MARKS})"
_ADD_HOUR = (
    f"INSERT INTO hours (creator, at, {_NAMES}, followers) VALUES ({_MARKS})"
    " ON CONFLICT (creator, at) DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in SUMS)
    + ", followers = COALESCE(excluded.followers, followers)"
)

_window = msgspec.json.Decoder(EngagementWindow)


class HistoryError(OSError):
    """The file cannot be used; the text says what to do."""


class Taken(NamedTuple):
    """What a batch held that is new: alerts with their records, in order; how many windows."""

    alerts: list[tuple[AlertHead, bytes]]
    windows: int


def _decoded(decode: Callable[[bytes], T], raw: bytes) -> T | None:
    """What workers of another release wrote in a way that is not known here is passed by."""
    try:
        return decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None


def _sums(w: EngagementWindow) -> tuple[float, ...]:
    return (
        w.events, w.engagements, w.likes - w.unlikes, w.comments - w.uncomments,
        w.shares - w.unshares, w.saves - w.unsaves, w.views, w.follows, w.unfollows, w.posts,
        w.clicks, w.conversions, w.revenue,
    )  # fmt: skip


class History:
    """The writing side. `owner` names the deployment, so that a file is never filled by two."""

    def __init__(self, path: str, owner: str) -> None:
        """Raises HistoryError."""
        self._lock = _locked(path)
        try:
            self._db = connect(path)
            self._prepare(path, owner)
            self._numbers: dict[str, int] = dict(
                self._db.execute("SELECT creator_id, no FROM creators")
            )
            self._erased: dict[str, int] = dict(
                self._db.execute("SELECT creator_id, before_ms FROM erased")
            )
        except sqlite3.Error as error:
            self._lock.close()
            raise HistoryError(
                f"{path} cannot be used as history ({error}): move it away, and a new one is "
                "filled from the topics"
            ) from error
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
        self._lock.close()

    def _prepare(self, path: str, owner: str) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            with self._db:
                self._db.executescript(_TABLES)
                self._db.execute("INSERT INTO meta VALUES ('owner', ?)", (owner,))
            return
        if version != VERSION:
            raise HistoryError(
                f"{path} was written by another release (layout {version}, expected {VERSION}): "
                "move it away, and a new one is filled from the topics"
            )
        known = self._db.execute("SELECT value FROM meta WHERE key = 'owner'").fetchone()[0]
        if known != owner:
            raise HistoryError(
                f"{path} is the history of {known}, expected {owner}: set PULSE_API_DATABASE to "
                "another file"
            )

    def positions(self) -> dict[Place, int]:
        """The next offset to be read of each topic and partition that was read."""
        rows = self._db.execute("SELECT topic, place, next FROM positions")
        return {(topic, partition): after for topic, partition, after in rows}

    def put(self, records: Iterable[Followed], positions: Mapping[Place, int]) -> Taken:
        """Keep records and where reading goes on, in one transaction; returns what was new."""
        hours: dict[tuple[int, int], tuple[float, ...]] = {}
        followers: dict[tuple[int, int], int | None] = {}
        alerts: list[tuple[AlertHead, bytes]] = []
        windows, complete = 0, 0
        with self._db:
            self._db.execute("BEGIN")
            for record in records:
                if record.value is None:
                    continue
                if record.topic == topics.ENGAGEMENT_WINDOWS.name:
                    window = _decoded(_window.decode, record.value)
                    key = self._minute(window) if window is not None else None
                    if window is None or key is None:
                        continue
                    windows += 1
                    complete = max(complete, to_ms(window.window_end))
                    sums = _sums(window)
                    before = hours.get(key)
                    hours[key] = sums if before is None else tuple(map(add, before, sums))
                    followers[key] = window.followers or followers.get(key)
                elif record.topic == topics.ALERTS.name:
                    alert = _decoded(heads.decode, record.value)
                    if alert is not None and self._told(alert, record.value):
                        alerts.append((alert, record.value))
                else:
                    self._said(record.value)
            self._db.executemany(
                _ADD_HOUR, [(*key, *sums, followers[key]) for key, sums in hours.items()]
            )
            if complete:
                self._db.execute(
                    "INSERT INTO meta VALUES ('complete_ms', ?) ON CONFLICT (key) DO UPDATE SET"
                    " value = excluded.value WHERE CAST(value AS INTEGER) < ?",
                    (complete, complete),
                )
            self._db.executemany(
                "INSERT OR REPLACE INTO positions VALUES (?, ?, ?)",
                [(*place, after) for place, after in positions.items()],
            )
        return Taken(alerts, windows)

    def _minute(self, window: EngagementWindow) -> tuple[int, int] | None:
        at = to_ms(window.window_start)
        if at < self._erased.get(window.creator_id, -1):
            return None
        number = self._number(window.creator_id)
        done = self._db.execute(_ADD_MINUTE, (number, at, *_sums(window), window.followers))
        return (number, at - at % HOUR_MS) if done.rowcount else None

    def _number(self, creator_id: str) -> int:
        number = self._numbers.get(creator_id)
        if number is None:
            done = self._db.execute("INSERT INTO creators (creator_id) VALUES (?)", (creator_id,))
            number = self._numbers[creator_id] = done.lastrowid or 0
        return number

    def _told(self, alert: AlertHead, raw: bytes) -> bool:
        updated = to_ms(alert.updated_at)
        if to_ms(alert.started_at) < self._erased.get(alert.creator_id, -1):
            return False
        done = self._db.execute(
            "INSERT OR IGNORE INTO alert_records VALUES (?, ?, ?, ?)",
            (alert.alert_id, updated, alert.status, raw),
        )
        if not done.rowcount:
            return False
        self._db.execute(
            "INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (alert_id) DO UPDATE SET severity = excluded.severity,"
            " open = excluded.open, updated_ms = excluded.updated_ms,"
            " latest = excluded.latest WHERE excluded.updated_ms >= updated_ms",
            (
                alert.alert_id, alert.creator_id, alert.campaign_id, alert.kind, alert.severity,
                alert.open, to_ms(alert.started_at), updated, raw,
            ),
        )  # fmt: skip
        return True

    def _said(self, raw: bytes) -> None:
        command = codec.decode(topics.ALERT_COMMANDS.name, raw)
        if not isinstance(command, AlertCommand):
            return  # it is among the dead letters
        at = to_ms(command.occurred_at)
        if at < self._erased.get(command.creator_id, -1):
            return
        self._db.execute(
            "INSERT OR IGNORE INTO commands VALUES (?, ?, ?, ?, ?, ?)",
            (command.event_id, command.alert_id, command.creator_id, command.kind, at, raw),
        )

    def erase(self, creator_id: str, before_ms: int) -> None:
        """Forget what was of a creator before a moment, now and when it comes to be read again."""
        if self._erased.get(creator_id, -1) >= before_ms:
            return
        with self._db:
            self._db.execute("BEGIN")
            self._db.execute("INSERT OR REPLACE INTO erased VALUES (?, ?)", (creator_id, before_ms))
            number = self._numbers.get(creator_id)
            if number is not None:
                for table in ("minutes", "hours"):
                    self._db.execute(
                        f"DELETE FROM {table} WHERE creator = ? AND at < ?", (number, before_ms)
                    )
            self._forget_alerts("creator_id = ? AND started_ms < ?", creator_id, before_ms)
            self._db.execute(
                "DELETE FROM commands WHERE creator_id = ? AND at_ms < ?", (creator_id, before_ms)
            )
        self._erased[creator_id] = before_ms

    def _forget_alerts(self, which: str, *values: Any) -> None:
        gone = self._db.execute(f"SELECT alert_id FROM alerts WHERE {which}", values).fetchall()
        self._db.executemany("DELETE FROM alert_records WHERE alert_id = ?", gone)
        self._db.executemany("DELETE FROM commands WHERE alert_id = ?", gone)
        self._db.executemany("DELETE FROM alerts WHERE alert_id = ?", gone)

    def forget_topic(self, topic: str) -> None:
        """Forget what came of a topic that was made anew, and where reading it stood."""
        tables = {
            topics.ENGAGEMENT_WINDOWS.name: ("minutes", "hours"),
            topics.ALERTS.name: ("alerts", "alert_records"),
            topics.ALERT_COMMANDS.name: ("commands",),
        }[topic]
        with self._db:
            self._db.execute("BEGIN")
            for table in tables:
                self._db.execute(f"DELETE FROM {table}")
            self._db.execute("DELETE FROM positions WHERE topic = ?", (topic,))

    def prune(self, minutes_before_ms: int, before_ms: int) -> None:
        """Drop minutes, and hours and ended alerts, that are older than this."""
        numbers = [(number, minutes_before_ms) for number in self._numbers.values()]
        with self._db:
            self._db.execute("BEGIN")
            self._db.executemany("DELETE FROM minutes WHERE creator = ? AND at < ?", numbers)
        numbers = [(number, before_ms - before_ms % HOUR_MS) for number, _ in numbers]
        with self._db:
            self._db.execute("BEGIN")
            self._db.executemany("DELETE FROM hours WHERE creator = ? AND at < ?", numbers)
            self._forget_alerts("NOT open AND updated_ms < ?", before_ms)
            self._db.execute(
                "DELETE FROM commands WHERE at_ms < ? AND (alert_id IS NULL OR alert_id NOT IN"
                " (SELECT alert_id FROM alerts))",
                (before_ms,),
            )

    def open_alerts(self) -> list[tuple[AlertHead, bytes]]:
        """The alerts that are open, in order of their start."""
        rows = self._db.execute("SELECT latest FROM alerts WHERE open ORDER BY started_ms")
        return [(heads.decode(raw), raw) for (raw,) in rows]


def size_of(path: str) -> int:
    """Bytes on disk of a history, with what is not merged yet; 0 where there is none."""
    files = (Path(path), Path(f"{path}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def connect(path: str, *, reading: bool = False) -> sqlite3.Connection:
    """A connection to a history; with `reading` one that changes nothing."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
    db.execute("PRAGMA journal_mode = WAL")
    # With a write-ahead log a power cut costs the last transactions, positions with them.
    db.execute("PRAGMA synchronous = NORMAL")
    if reading:
        db.execute("PRAGMA query_only = ON")
    return db


def _locked(path: str) -> IO[bytes]:
    try:
        # Held open for as long as the history is.
        lock = Path(f"{path}.lock").open("ab")  # noqa: SIM115
    except OSError as error:
        raise HistoryError(
            f"{path} cannot be made ({error.strerror}): expected a file in a folder that this "
            "process may write to; set PULSE_API_DATABASE"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise HistoryError(
            f"{path} is in use by another process: give each instance a PULSE_API_DATABASE of "
            "its own"
        ) from error
    return lock
