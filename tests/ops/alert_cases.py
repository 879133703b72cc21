"""When each alert of the pipeline has to fire, until when, and in which stories it has not to."""

from collections.abc import Callable
from typing import NamedTuple

from tests.harness.pipeline import API_JOB, Pipeline
from tests.ops import alert_stories as stories
from tests.ops.alert_stories import late


class Case(NamedTuple):
    """A story, and what is told in it.

    The alert fires at minute `begins` for the first time, and no longer at `ends` (None: till the
    end). `also` are other alerts that the story gives rise to.
    """

    alert: str
    story: str
    pipeline: Callable[[], Pipeline]
    begins: int
    ends: int | None
    labels: dict[str, str]
    says: str
    also: frozenset[str] = frozenset()


CASES = [
    Case(
        "CreatorPulseNoWorker",
        "all workers are down",
        stories.no_worker,
        21,
        40,
        {},
        "Of creator-pulse no worker answers, or none is known to Prometheus. Nothing is counted,"
        " and nobody is told of creators.",
        also=frozenset({"CreatorPulseWorkerDown"}),
    ),
    Case(
        "CreatorPulseNoWorker",
        "Prometheus knows of no worker",
        stories.nothing_to_scrape,
        21,
        40,
        {},
        "Of creator-pulse no worker answers, or none is known to Prometheus. Nothing is counted,"
        " and nobody is told of creators.",
    ),
    Case(
        "CreatorPulseWorkerDown",
        "one of two workers is down",
        stories.one_down,
        22,
        40,
        {"instance": "a"},
        "a does not answer. Others take its partitions over, if there are any.",
    ),
    Case(
        "CreatorPulseWorkerRestarts",
        "a worker was started three times in eight minutes",
        stories.restarting,
        29,
        35,
        {"instance": "a"},
        "a was started 3 times in a quarter of an hour. The last lines of its log say why it ends.",
    ),
    Case(
        "CreatorPulseWritersFenced",
        "a partition goes back and forth every four minutes",
        stories.fenced_in_turn,
        60,
        76,
        {},
        "A partition of creator-pulse has changed hands 7 times in half an hour. It stands still"
        " each time.",
    ),
    Case(
        "CreatorPulsePartitionsUnowned",
        "a partition has no worker for twenty minutes",
        stories.unowned,
        25,
        40,
        {},
        "1 partitions of creator-pulse are processed by nobody. Their creators have no new scores"
        " and no alerts.",
    ),
    Case(
        "CreatorPulseRecoverySlow",
        "two partitions are restored for a quarter of an hour",
        stories.restoring,
        25,
        35,
        {"instance": "b"},
        "b has been restoring for 5 minutes; 2 partitions are under way and stand still.",
    ),
    Case(
        "CreatorPulseStalled",
        "no worker is ready",
        stories.not_ready,
        22,
        40,
        {},
        "Workers of creator-pulse are up, and yet process nothing: none is ready, or records wait"
        " and none is read.",
    ),
    Case(
        "CreatorPulseStalled",
        "records wait and none is read",
        stories.reads_nothing,
        24,
        41,
        {},
        "Workers of creator-pulse are up, and yet process nothing: none is ready, or records wait"
        " and none is read.",
    ),
    Case(
        "CreatorPulseLagGrowing",
        "five thousand records more than are read come to each worker in a minute",
        stories.more_and_more,
        40,
        65,
        {},
        "200k records wait for creator-pulse, and more come than are read.",
    ),
    Case(
        "CreatorPulseLagOld",
        "records of one topic wait for minutes",
        stories.old_records,
        30,
        50,
        {"topic": "likes"},
        "The oldest unread record of likes was written 6m 40s ago.",
    ),
    Case(
        "CreatorPulseWatermarkStuck",
        "the watermark of one partition stands",
        stories.time_stands,
        26,
        40,
        {"partition": "1"},
        "Partition 1 of creator-pulse stands at 7m 10s ago: none of its windows close, and alerts"
        " that need them do not come.",
        also=frozenset({"CreatorPulseWatermarkBehind"}),
    ),
    Case(
        "CreatorPulseWatermarkBehind",
        "one partition moves at half the speed of time",
        stories.time_is_behind,
        30,
        40,
        {},
        "The slowest partition of creator-pulse is 10m 10s behind now.",
    ),
    Case(
        "CreatorPulseFreshnessBurnsFast",
        "after six good hours everything is late",
        late((0, 360), (1, 30), (0, 90)),
        371,
        419,
        {},
        "Of what arrives at creator-pulse, 18.33% is committed later than 5 s; 1% may be.",
        also=frozenset({"CreatorPulseFreshnessBurnsSlowly"}),
    ),
    Case(
        "CreatorPulseFreshnessBurnsFast",
        "after six good hours a tenth is late, for hours",
        late((0, 360), (0.1, 360)),
        579,
        None,
        {},
        "Of what arrives at creator-pulse, 6.083% is committed later than 5 s; 1% may be.",
        also=frozenset({"CreatorPulseFreshnessBurnsSlowly"}),
    ),
    Case(
        "CreatorPulseFreshnessBurnsSlowly",
        "after four good hours nine in two hundred are late, for hours",
        late((0, 240), (0.045, 180)),
        324,
        None,
        {},
        "Of what arrives at creator-pulse, 1.167% is committed later than 5 s; 1% may be.",
    ),
    Case(
        "CreatorPulseScoresWait",
        "thirty thousand creators of each partition wait for their score",
        stories.scores_wait,
        25,
        40,
        {},
        "30k creators of each partition of creator-pulse wait for their score: longer than 5 s.",
    ),
    Case(
        "CreatorPulseCheckpointOld",
        "a worker commits nothing for ten minutes",
        stories.no_checkpoint,
        22,
        30,
        {"instance": "a"},
        "a has committed nothing for 3m 0s. What it has computed since is not published, and would"
        " be computed again.",
    ),
    Case(
        "CreatorPulseCheckpointsSlow",
        "one checkpoint in ten takes more than two seconds",
        stories.slow_checkpoints,
        31,
        55,
        {},
        "One in a hundred checkpoints of creator-pulse takes 4.7s or more; one that takes 10 s ends"
        " its worker.",
    ),
    Case(
        "CreatorPulseDeadLetters",
        "thirty likes a minute are refused",
        stories.refused,
        33,
        53,
        {"topic": "likes"},
        "2.5% of the records of likes are refused. They are on the topic `dead-letters`, with the"
        " reason.",
    ),
    Case(
        "CreatorPulseEventsLate",
        "a tenth of all events is late",
        stories.late_events,
        38,
        63,
        {},
        "9.901% of the events of creator-pulse are late. They are on the topic `late-events`, and"
        " not in their windows.",
    ),
    Case(
        "CreatorPulseSourceSilent",
        "no posts come for an hour",
        stories.silent,
        140,
        181,
        {"topic": "posts"},
        "Nothing has come on posts for a quarter of an hour, and nothing waits there. Creators look"
        " quiet who may not be.",
    ),
    Case(
        "CreatorPulseAlertsNotPushed",
        "an Alertmanager is away for twenty minutes",
        stories.not_pushed,
        16,
        30,
        {"instance": "a", "alertmanager": "am:9093"},
        "3 alerts of a wait for am:9093, and none was received for 5 minutes. They are on the topic"
        " `alerts`; by this way nobody is called until this is mended.",
    ),
    Case(
        "CreatorPulseAlertsRejected",
        "an Alertmanager finds an alert faulty",
        stories.rejected,
        10,
        25,
        {"instance": "a", "alertmanager": "am:9093"},
        "am:9093 has rejected 1 alerts of a in a quarter of an hour, and they call nobody. They"
        " are on the topic `alerts`; the worker's log names each, with what was said of it.",
    ),
    Case(
        "CreatorPulseSeriesCapHit",
        "seven creators with alerts have no series",
        stories.capped,
        35,
        60,
        {},
        "7 creators of creator-pulse whose alerts fire are part of `_other`: dashboards do not show"
        " them.",
    ),
    Case(
        "CreatorPulseRulesRefused",
        "a rules file is faulty",
        stories.bad_rules,
        10,
        70,
        {"instance": "a"},
        "a found its rules file faulty and goes on with the rules before; the log says what is"
        " wrong.",
    ),
    Case(
        "CreatorPulseRulesDiffer",
        "two workers have two sets of rules for twenty minutes",
        stories.two_books,
        30,
        40,
        {},
        "2 sets of rules hold among the workers of creator-pulse: alerts depend on where a creator"
        " lies.",
    ),
    Case(
        "CreatorPulseApiDown",
        "an instance of the API does not answer",
        stories.api_down,
        22,
        40,
        {"job": API_JOB, "instance": "web"},
        "web does not answer, or refuses the token of Prometheus. Whoever looks at its page sees"
        " nothing.",
    ),
    Case(
        "CreatorPulseApiBehind",
        "an instance is not ready",
        stories.api_not_ready,
        25,
        40,
        {"job": API_JOB, "instance": "web"},
        "web has not read all that is written, or its brokers do not answer: its page and its"
        " answers are behind.",
    ),
    Case(
        "CreatorPulseApiBehind",
        "history is written more slowly than records come",
        stories.api_falls_behind,
        25,
        40,
        {"job": API_JOB, "instance": "web"},
        "web has not read all that is written, or its brokers do not answer: its page and its"
        " answers are behind.",
    ),
    Case(
        "CreatorPulseApiFails",
        "one in eleven requests fails",
        stories.api_fails,
        26,
        45,
        {"job": API_JOB},
        "8.955% of the requests to creator-pulse-api end in a fault of the server, or are turned"
        " away since it has no room.",
    ),
]


class Quiet(NamedTuple):
    """A story in which nobody is to be told, and the alert that comes nearest."""

    alert: str
    story: str
    pipeline: Callable[[], Pipeline]


QUIET = [
    Quiet("CreatorPulseNoWorker", "one scrape of all fails", stories.misses_a_scrape),
    Quiet("CreatorPulseWorkerDown", "workers restart in turn", stories.rolling_restart),
    Quiet("CreatorPulseWorkerRestarts", "each starts once", stories.rolling_restart),
    Quiet("CreatorPulseWritersFenced", "partitions move four times", stories.rolling_restart),
    Quiet("CreatorPulsePartitionsUnowned", "a partition moves", stories.moves),
    Quiet("CreatorPulseRecoverySlow", "a restore takes three minutes", stories.moves),
    Quiet("CreatorPulseStalled", "a producer holds a transaction open", stories.hidden_records),
    Quiet("CreatorPulseStalled", "there is nothing to do", stories.nothing_to_do),
    Quiet("CreatorPulseLagGrowing", "a backlog is worked off", stories.shrinking_backlog),
    Quiet("CreatorPulseLagOld", "records wait once", stories.waits_once),
    Quiet("CreatorPulseWatermarkStuck", "four minutes stand still", stories.time_stands_shortly),
    Quiet("CreatorPulseWatermarkBehind", "a backlog of minutes goes", stories.catches_up),
    Quiet(
        "CreatorPulseFreshnessBurnsFast", "late for five minutes", late((0, 720), (1, 5), (0, 60))
    ),
    Quiet("CreatorPulseFreshnessBurnsSlowly", "one in 200 is late", late((0.005, 300))),
    Quiet("CreatorPulseScoresWait", "a burst of three minutes", stories.a_burst_of_creators),
    Quiet("CreatorPulseCheckpointOld", "45 seconds are no fault", stories.older_checkpoints),
    Quiet("CreatorPulseCheckpointsSlow", "one in 200 is slow", stories.few_slow_checkpoints),
    Quiet("CreatorPulseDeadLetters", "few of many, and few at all", stories.some_refused),
    Quiet("CreatorPulseEventsLate", "three in a hundred are late", stories.some_late_events),
    Quiet("CreatorPulseSourceSilent", "a topic is seldom used", stories.seldom_used),
    Quiet("CreatorPulseSourceSilent", "a topic waits for others", stories.waits_for_others),
    Quiet("CreatorPulseAlertsNotPushed", "an Alertmanager is slow", stories.pushed_slowly),
    Quiet("CreatorPulseAlertsRejected", "pushes fail at times", stories.pushes_fail_at_times),
    Quiet("CreatorPulseSeriesCapHit", "a million without alerts", stories.many_creators),
    Quiet("CreatorPulseRulesRefused", "new rules hold", stories.new_rules),
    Quiet("CreatorPulseStalled", "no worker is ready for a minute", stories.not_ready_once),
    Quiet("CreatorPulseLagGrowing", "a lag stays below the limit", stories.lag_below_the_limit),
    Quiet("CreatorPulseLagGrowing", "a lag grows for minutes", stories.lag_grows_shortly),
    Quiet("CreatorPulseLagOld", "waits stay below the limit", stories.lag_below_the_limit),
    Quiet("CreatorPulseWatermarkStuck", "six minutes stand", stories.time_stands_six_minutes),
    Quiet("CreatorPulseWatermarkBehind", "it is always four minutes", stories.four_minutes_behind),
    Quiet("CreatorPulseScoresWait", "waits stay below the limit", stories.scores_wait_less),
    Quiet("CreatorPulseCheckpointOld", "one is missed", stories.one_checkpoint_is_missed),
    Quiet("CreatorPulseCheckpointsSlow", "three bad minutes", stories.slow_checkpoints_at_times),
    Quiet("CreatorPulseDeadLetters", "three bad minutes", stories.bad_minutes),
    Quiet("CreatorPulseEventsLate", "three bad minutes", stories.bad_minutes),
    Quiet("CreatorPulseSourceSilent", "twelve quiet minutes", stories.silent_shortly),
    Quiet("CreatorPulseAlertsNotPushed", "away for five minutes", stories.away_shortly),
    Quiet("CreatorPulseSeriesCapHit", "for ten minutes", stories.capped_shortly),
    Quiet("CreatorPulseRulesDiffer", "one is two minutes later", stories.new_rules),
    Quiet("CreatorPulseApiDown", "one scrape fails", stories.api_restarts),
    Quiet("CreatorPulseApiBehind", "all is read anew", stories.api_reads_all_at_a_start),
    Quiet("CreatorPulseApiFails", "clients ask for nonsense", stories.api_is_asked_for_nonsense),
]
