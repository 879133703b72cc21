"""Alerts: when somebody should look at the pipeline, and what they are told.

Knows symptoms, and for how long each may last. Must not know what it takes to mend them: that is in
`docs/runbooks/`, one page for each alert.
"""

from prometheus import limits
from prometheus.model import Alert, Group
from prometheus.recording import WORKER, slow_share

JOB, API_JOB = "creator-pulse", "creator-pulse-api"
"""The jobs of the workers and of the API in prometheus.yml: `up` has no other mark."""
_API_BOARD = "creator-pulse-api"
_BUDGET = round(1 - limits.OBJECTIVE, 6)
_WATERMARK = "job_partition:engagement_watermark_timestamp_seconds:max"
_SPORADIC = "alert-commands|campaigns|creators|fleet-signals"


def _burns(rate: float, long: str, short: str) -> str:
    """The budget of a month is used up `rate` times too fast, for long and still."""
    limit = f"{rate:g} * {_BUDGET:g}"
    return f"({slow_share(long)} > {limit} and {slow_share(short)} > {limit})"


_WORKERS = [
    Alert(
        "CreatorPulseNoWorker",
        "critical",
        f'sum without ({WORKER}) (up{{job="{JOB}"}}) == 0 or absent(up{{job="{JOB}"}})',
        "1m",
        "No worker can be scraped.",
        "Of {{ $labels.job }} no worker answers, or none is known to Prometheus. Nothing is"
        " counted, and nobody is told of creators.",
    ),
    Alert(
        "CreatorPulseWorkerDown",
        "warning",
        f'up{{job="{JOB}"}} == 0',
        "2m",
        "A worker cannot be scraped.",
        "{{ $labels.instance }} does not answer. Others take its partitions over, if there are"
        " any.",
    ),
    Alert(
        "CreatorPulseWorkerRestarts",
        "warning",
        f'changes(process_start_time_seconds{{job="{JOB}"}}[15m]) >= {limits.RESTARTS}',
        "1m",
        "A worker is started again and again.",
        "{{ $labels.instance }} was started {{ $value | humanize }} times in a quarter of an hour."
        " The last lines of its log say why it ends.",
    ),
    Alert(
        "CreatorPulseWritersFenced",
        "warning",
        "max without (partition) (changes(job_partition:engagement_producer_epoch:max[30m]))"
        f" >= {limits.TAKEOVERS}",
        "10m",
        "Partitions are taken from their workers again and again.",
        "A partition of {{ $labels.job }} has changed hands {{ $value | humanize }} times in half"
        " an hour. It stands still each time.",
    ),
    Alert(
        "CreatorPulsePartitionsUnowned",
        "critical",
        f"max without ({WORKER}) (engagement_partitions_configured)"
        f" - sum without ({WORKER}) (engagement_partitions_owned) > 0",
        "5m",
        "Partitions have no worker.",
        "{{ $value | humanize }} partitions of {{ $labels.job }} are processed by nobody. Their"
        " creators have no new scores and no alerts.",
    ),
    Alert(
        "CreatorPulseRecoverySlow",
        "warning",
        "count without (partition) (engagement_restore_progress_ratio) > 0",
        "5m",
        "Reading state back takes long.",
        "{{ $labels.instance }} has been restoring for 5 minutes; {{ $value | humanize }}"
        " partitions are under way and stand still.",
    ),
]

_PROGRESS = [
    Alert(
        "CreatorPulseStalled",
        "critical",
        f"max without ({WORKER}) (engagement_ready) == 0\n"
        "or (\n"
        "  sum without (topic) (\n"
        "    job_topic:engagement_consumer_lag_records:sum\n"
        "    - job_topic:engagement_hidden_records:sum\n"
        "  ) > 0\n"
        f"  and sum without ({WORKER}, topic) (rate(engagement_events_received_total[2m])) == 0\n"
        ")",
        "2m",
        "Nothing is processed.",
        "Workers of {{ $labels.job }} are up, and yet process nothing: none is ready, or records"
        " wait and none is read.",
    ),
    Alert(
        "CreatorPulseLagGrowing",
        "warning",
        f"job:engagement_consumer_lag_records:sum > {limits.LAG_RECORDS:g}\n"
        "and deriv(job:engagement_consumer_lag_records:sum[15m]) > 0",
        "10m",
        "Unread records become more.",
        "{{ $value | humanize }} records wait for {{ $labels.job }}, and more come than are read.",
        keep="5m",
    ),
    Alert(
        "CreatorPulseLagOld",
        "warning",
        f"job_topic:engagement_consumer_lag_seconds:max > {limits.LAG_SECONDS:g}",
        "10m",
        "Records wait for minutes before they are read.",
        "The oldest unread record of {{ $labels.topic }} was written"
        " {{ $value | humanizeDuration }} ago.",
    ),
    Alert(
        "CreatorPulseWatermarkStuck",
        "critical",
        f"time() - {_WATERMARK} > {limits.FRESH_SECONDS:g}\nand changes({_WATERMARK}[5m]) == 0",
        "2m",
        "Event time stands still.",
        "Partition {{ $labels.partition }} of {{ $labels.job }} stands at"
        " {{ $value | humanizeDuration }} ago: none of its windows close, and alerts that need them"
        " do not come.",
    ),
    Alert(
        "CreatorPulseWatermarkBehind",
        "warning",
        f"job:engagement_watermark_lag_seconds:max > {limits.STALE_SECONDS:g}",
        "10m",
        "Windows and alerts are minutes late.",
        "The slowest partition of {{ $labels.job }} is {{ $value | humanizeDuration }} behind now.",
    ),
    Alert(
        "CreatorPulseFreshnessBurnsFast",
        "critical",
        f"{_burns(14.4, '1h', '5m')}\nor\n{_burns(6, '6h', '30m')}",
        "2m",
        "Scores are late so often that the month's budget is gone within days.",
        f"Of what arrives at {{{{ $labels.job }}}}, {{{{ $value | humanizePercentage }}}} is"
        f" committed later than {limits.OBJECTIVE_SECONDS:g} s; {_BUDGET:.0%} may be.",
    ),
    Alert(
        "CreatorPulseFreshnessBurnsSlowly",
        "warning",
        f"{_burns(3, '1d', '2h')}\nor\n{_burns(1, '3d', '6h')}",
        "15m",
        "Scores are late more often than they may be.",
        f"Of what arrives at {{{{ $labels.job }}}}, {{{{ $value | humanizePercentage }}}} is"
        f" committed later than {limits.OBJECTIVE_SECONDS:g} s; {_BUDGET:.0%} may be.",
    ),
    Alert(
        "CreatorPulseScoresWait",
        "warning",
        f"sum without ({WORKER}) (engagement_scores_waiting)"
        f" / sum without ({WORKER}) (engagement_partitions_owned) > {limits.SCORES_WAITING:g}",
        "5m",
        "More scores are due than may be written.",
        "{{ $value | humanize }} creators of each partition of {{ $labels.job }} wait for their"
        f" score: longer than {limits.OBJECTIVE_SECONDS:g} s.",
    ),
]

_COMMITS = [
    Alert(
        "CreatorPulseCheckpointOld",
        "critical",
        f"time() - engagement_last_checkpoint_timestamp_seconds >"
        f" {limits.CHECKPOINT_OLD_SECONDS:g}",
        "1m",
        "A worker commits nothing.",
        "{{ $labels.instance }} has committed nothing for {{ $value | humanizeDuration }}. What it"
        " has computed since is not published, and would be computed again.",
    ),
    Alert(
        "CreatorPulseCheckpointsSlow",
        "warning",
        f"job:engagement_checkpoint_seconds:p99_rate5m > {limits.CHECKPOINT_SLOW_SECONDS:g}",
        "10m",
        "Checkpoints take long.",
        "One in a hundred checkpoints of {{ $labels.job }} takes {{ $value | humanizeDuration }} or"
        " more; one that takes 10 s ends its worker.",
    ),
]

_INPUT = [
    Alert(
        "CreatorPulseDeadLetters",
        "warning",
        "job_topic:engagement_dead_letters_per_received:ratio_rate5m"
        f" > {limits.DEAD_LETTER_SHARE:g}\n"
        f"and job_topic:engagement_dead_letters:rate5m * 300 > {limits.DEAD_LETTERS_LEAST:g}",
        "10m",
        "Records are refused.",
        "{{ $value | humanizePercentage }} of the records of {{ $labels.topic }} are refused. They"
        " are on the topic `dead-letters`, with the reason.",
    ),
    Alert(
        "CreatorPulseEventsLate",
        "warning",
        f"job:engagement_events_late_per_accepted:ratio_rate5m > {limits.LATE_SHARE:g}",
        "15m",
        "Events come too late for their minute.",
        "{{ $value | humanizePercentage }} of the events of {{ $labels.job }} are late. They are on"
        " the topic `late-events`, and not in their windows.",
    ),
    Alert(
        "CreatorPulseSourceSilent",
        "warning",
        f'job_topic:engagement_events_received:rate5m{{topic!~"{_SPORADIC}"}} == 0\n'
        "and avg_over_time(job_topic:engagement_events_received:rate5m[6h] offset 20m)"
        f" > {limits.SOURCE_RATE:g}\n"
        "unless job_topic:engagement_consumer_lag_records:sum > 0",
        "15m",
        "A topic that is usually busy has fallen silent.",
        "Nothing has come on {{ $labels.topic }} for a quarter of an hour, and nothing waits there."
        " Creators look quiet who may not be.",
    ),
]

_OUTPUT = [
    Alert(
        "CreatorPulseAlertsNotPushed",
        "critical",
        "engagement_alerts_unpushed > 0\n"
        "and ignoring (outcome)\n"
        'increase(engagement_alert_pushes_total{outcome="delivered"}[5m]) == 0',
        "2m",
        "Alerts do not reach an Alertmanager.",
        "{{ $value | humanize }} alerts of {{ $labels.instance }} wait for"
        " {{ $labels.alertmanager }}, and none was received for 5 minutes. They are on the topic"
        " `alerts`; by this way nobody is called until this is mended.",
    ),
    Alert(
        "CreatorPulseAlertsRejected",
        "warning",
        "sum without (outcome)"
        ' (increase(engagement_alert_pushes_total{outcome="rejected"}[15m])) > 0',
        "0m",
        "An Alertmanager finds alerts faulty.",
        "{{ $labels.alertmanager }} has rejected {{ $value | humanize }} alerts of"
        " {{ $labels.instance }} in a quarter of an hour, and they call nobody. They are on the"
        " topic `alerts`; the worker's log names each, with what was said of it.",
    ),
    Alert(
        "CreatorPulseSeriesCapHit",
        "info",
        f'sum without ({WORKER}, alerting) (engagement_creators_unshown{{alerting="true"}}) > 0',
        "15m",
        "Creators with alerts have no series of their own.",
        "{{ $value | humanize }} creators of {{ $labels.job }} whose alerts fire are part of"
        " `_other`: dashboards do not show them.",
    ),
    Alert(
        "CreatorPulseRulesRefused",
        "warning",
        "increase(engagement_rules_reload_failures_total[1h]) > 0",
        "0m",
        "A change of the rules of detection could not be used.",
        "{{ $labels.instance }} found its rules file faulty and goes on with the rules before; the"
        " log says what is wrong.",
    ),
    Alert(
        "CreatorPulseRulesDiffer",
        "warning",
        f"count without (digest) (count without ({WORKER}) (engagement_rules_info)) > 1",
        "10m",
        "Workers judge by different rules of detection.",
        "{{ $value | humanize }} sets of rules hold among the workers of {{ $labels.job }}: alerts"
        " depend on where a creator lies.",
    ),
]


_PER_REQUEST = f"{WORKER}, method, route, status"
_API = [
    Alert(
        "CreatorPulseApiDown",
        "warning",
        f'up{{job="{API_JOB}"}} == 0',
        "2m",
        "An instance of the API cannot be scraped.",
        "{{ $labels.instance }} does not answer, or refuses the token of Prometheus. Whoever looks"
        " at its page sees nothing.",
        board=_API_BOARD,
    ),
    Alert(
        "CreatorPulseApiBehind",
        "warning",
        "pulse_api_ready == 0\n"
        f"or sum without (reader) (pulse_api_lag_records) > {limits.LAG_RECORDS:g}",
        "5m",
        "What the API shows is old or incomplete.",
        "{{ $labels.instance }} has not read all that is written, or its brokers do not answer: its"
        " page and its answers are behind.",
        board=_API_BOARD,
    ),
    Alert(
        "CreatorPulseApiFails",
        "warning",
        f'sum without ({_PER_REQUEST}) (rate(pulse_api_requests_total{{status="5xx"}}[5m]))\n'
        f"/ sum without ({_PER_REQUEST}) (rate(pulse_api_requests_total[5m]))"
        f" > {limits.API_FAILURES:g}",
        "5m",
        "Requests to the API fail.",
        "{{ $value | humanizePercentage }} of the requests to {{ $labels.job }} end in a fault of"
        " the server, or are turned away since it has no room.",
        board=_API_BOARD,
    ),
]


def groups() -> list[Group]:
    """All alerts, by what they are about."""
    return [
        Group("creator-pulse.workers", _WORKERS),
        Group("creator-pulse.progress", _PROGRESS),
        Group("creator-pulse.commits", _COMMITS),
        Group("creator-pulse.input", _INPUT),
        Group("creator-pulse.output", _OUTPUT),
        Group("creator-pulse.api", _API),
    ]


def of(group: Group) -> list[Alert]:
    """The alerts of a group."""
    return [rule for rule in group.rules if isinstance(rule, Alert)]


def every_alert() -> list[Alert]:
    """The alerts of all groups."""
    return [alert for group in groups() for alert in of(group)]
