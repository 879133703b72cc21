"""What may go wrong with a pipeline, and what only looks like it, as series from minute 0 on."""

from collections.abc import Callable

from tests.harness.pipeline import API_JOB, JOB, Pipeline, course, levels

LATE = "engagement_event_to_commit_seconds"


def late(*phases: tuple[float, int]) -> Callable[[], Pipeline]:
    """A pipeline in which a share of what arrives is late: (share, minutes) of each phase."""
    minutes = sum(span for _, span in phases)
    counts = course(*(((1 - part) * 100, span) for part, span in phases))

    def made() -> Pipeline:
        pipeline = Pipeline(minutes)
        for bound in ("1.0", "2.0", "5.0"):
            pipeline.set(f"{LATE}_bucket", counts, le=bound)
        return pipeline

    return made


def no_worker() -> Pipeline:
    return Pipeline(60).set("up", levels((1, 20), (0, 20), (1, 20)), job=JOB)


def nothing_to_scrape() -> Pipeline:
    return Pipeline(60).set("up", levels((1, 20), ("_", 20), (1, 20)), job=JOB)


def one_down() -> Pipeline:
    return Pipeline(60).set("up", levels((1, 20), (0, 20), (1, 20)), instance="a")


def restarting() -> Pipeline:
    starts = levels((1, 20), (1260, 4), (1500, 4), (1740, 32))
    return Pipeline(60).set("process_start_time_seconds", starts, instance="a")


def fenced_in_turn() -> Pipeline:
    epochs = levels((3, 30), *((3 + n, 4) for n in range(1, 11)), (13, 50))
    return Pipeline().set("engagement_producer_epoch", epochs, partition="1")


def unowned() -> Pipeline:
    return Pipeline(60).set(
        "engagement_partitions_owned", levels((2, 20), (1, 20), (2, 20)), instance="b"
    )


def restoring() -> Pipeline:
    pipeline = Pipeline(60)
    for partition in ("2", "3"):
        progress = levels(("_", 20), (0.5, 15), ("_", 25))
        name = "engagement_restore_progress_ratio"
        pipeline.add(name, progress, instance="b", partition=partition)
    return pipeline


def not_ready() -> Pipeline:
    return Pipeline(60).set("engagement_ready", levels((1, 20), (0, 20), (1, 20)))


def reads_nothing() -> Pipeline:
    pipeline = Pipeline(60)
    for topic, rate in (("likes", 600), ("posts", 6)):
        read = course((rate, 20), (0, 20), (rate, 20))
        pipeline.set("engagement_events_received_total", read, topic=topic)
    return pipeline


def more_and_more() -> Pipeline:
    lag = f"{levels((5, 20))} {course((5_000, 40), start=5)} {levels((5, 60))}"
    return Pipeline().set("engagement_consumer_lag_records", lag, topic="likes")


def old_records() -> Pipeline:
    waits = levels((0.2, 20), (400, 30), (0.2, 30))
    return Pipeline(80).set("engagement_consumer_lag_seconds", waits, topic="likes", instance="a")


def time_stands() -> Pipeline:
    marks = f"{course((60, 20), start=-10)} {levels((1130, 20))} {course((60, 20), start=2390)}"
    name = "engagement_watermark_timestamp_seconds"
    return Pipeline(60).set(name, marks, partition="1")


def time_is_behind() -> Pipeline:
    # Half as fast as time, then four times.
    marks = f"{course((60, 10), start=-10)} {course((30, 30), start=590)}"
    marks += f" {course((60, 20), start=2390)}"
    name = "engagement_watermark_timestamp_seconds"
    return Pipeline(60).set(name, marks, partition="1")


def scores_wait() -> Pipeline:
    return Pipeline(60).set("engagement_scores_waiting", levels((0, 20), (60_000, 20), (0, 20)))


def no_checkpoint() -> Pipeline:
    stamps = f"{course((60, 20))} {levels((1140, 10))} {course((60, 30), start=1800)}"
    name = "engagement_last_checkpoint_timestamp_seconds"
    return Pipeline(60).set(name, stamps, instance="a")


def slow_checkpoints() -> Pipeline:
    pipeline = Pipeline(90)
    fast = course((100, 20), (90, 30), (100, 40))
    for bound in ("1.0", "2.0"):
        pipeline.set("engagement_checkpoint_seconds_bucket", fast, le=bound)
    return pipeline


def refused() -> Pipeline:
    refused = course((0, 20), (30, 30), (0, 30))
    name = "engagement_dead_letters_total"
    return Pipeline(80).set(name, refused, topic="likes", instance="a")


def late_events() -> Pipeline:
    late = course((0, 20), (60, 40), (0, 30))
    return Pipeline(90).set("engagement_events_late_total", late, applied="true")


def silent() -> Pipeline:
    pipeline = Pipeline(300)
    name = "engagement_events_received_total"
    pipeline.set(name, course((6, 120), (0, 60), (6, 120)), topic="posts")
    return pipeline.set("engagement_consumer_lag_records", levels((0, 300)), topic="posts")


def not_pushed() -> Pipeline:
    pipeline = Pipeline(60)
    name = "engagement_alerts_unpushed"
    pipeline.set(name, levels((0, 10), (3, 20), (0, 30)), instance="a")
    delivered = f"{course((1, 10))} {levels((9, 20))} {course((1, 30), start=9)}"
    name = "engagement_alert_pushes_total"
    return pipeline.set(name, delivered, instance="a", outcome="delivered")


def rejected() -> Pipeline:
    name = "engagement_alert_pushes_total"
    return Pipeline(60).set(name, levels((0, 10), (1, 50)), instance="a", outcome="rejected")


def capped() -> Pipeline:
    name = "engagement_creators_unshown"
    return Pipeline(90).set(name, levels((0, 20), (7, 40), (0, 30)), instance="a", alerting="true")


def bad_rules() -> Pipeline:
    name = "engagement_rules_reload_failures_total"
    return Pipeline().set(name, levels((0, 10), (1, 110)), instance="a")


def two_books() -> Pipeline:
    pipeline = Pipeline(60).drop("engagement_rules_info", instance="b")
    mine, other = levels((1, 20), ("_", 20), (1, 20)), levels(("_", 20), (1, 20), ("_", 20))
    pipeline.add("engagement_rules_info", mine, instance="b", digest="shipped")
    return pipeline.add("engagement_rules_info", other, instance="b", digest="4c1f")


def misses_a_scrape() -> Pipeline:
    return Pipeline(60).set("up", levels((1, 20), (0, 1), (1, 39)), job=JOB)


def rolling_restart() -> Pipeline:
    pipeline = Pipeline(60)
    for worker, minute in (("a", 20), ("b", 24)):
        starts = levels((1, minute), (minute * 60, 60 - minute))
        pipeline.set("process_start_time_seconds", starts, instance=worker)
        up = levels((1, minute), (0, 1), (1, 59 - minute))
        pipeline.set("up", up, instance=worker)
    epochs = levels((3, 20), (4, 1), (5, 3), (6, 1), (7, 35))
    return pipeline.set("engagement_producer_epoch", epochs)


def moves() -> Pipeline:
    pipeline = Pipeline(60)
    owned = levels((2, 20), (1, 3), (2, 37))
    pipeline.set("engagement_partitions_owned", owned, instance="b")
    name = "engagement_restore_progress_ratio"
    return pipeline.add(name, levels(("_", 20), (0.5, 3), ("_", 37)), instance="b", partition="3")


def hidden_records() -> Pipeline:
    pipeline = Pipeline(60).set("engagement_hidden_records", levels((5, 60)))
    return pipeline.set("engagement_events_received_total", levels((100, 60)))


def nothing_to_do() -> Pipeline:
    pipeline = Pipeline(60).set("engagement_consumer_lag_records", levels((0, 60)))
    return pipeline.set("engagement_events_received_total", levels((100, 60)))


def shrinking_backlog() -> Pipeline:
    lag = course((-10_000, 50), (0, 40), start=500_000)
    return Pipeline(90).set("engagement_consumer_lag_records", lag, topic="likes")


def waits_once() -> Pipeline:
    waits = levels((0.2, 20), (400, 5), (0.2, 35))
    return Pipeline(60).set("engagement_consumer_lag_seconds", waits, topic="likes")


def time_stands_shortly() -> Pipeline:
    marks = f"{course((60, 20), start=-10)} {levels((1130, 4))} {course((60, 36), start=1430)}"
    return Pipeline(60).set("engagement_watermark_timestamp_seconds", marks, partition="1")


def catches_up() -> Pipeline:
    # Six minutes behind at minute 20, and on time again at minute 26.
    marks = f"{course((60, 20), start=-10)} {course((120, 6), start=830)}"
    marks += f" {course((60, 34), start=1550)}"
    return Pipeline(60).set("engagement_watermark_timestamp_seconds", marks, partition="1")


def a_burst_of_creators() -> Pipeline:
    waiting = levels((0, 20), (60_000, 3), (0, 37))
    return Pipeline(60).set("engagement_scores_waiting", waiting)


def older_checkpoints() -> Pipeline:
    stamps = course((60, 60), start=-45)
    return Pipeline(60).set("engagement_last_checkpoint_timestamp_seconds", stamps)


def few_slow_checkpoints() -> Pipeline:
    pipeline = Pipeline(60)
    for bound in ("1.0", "2.0"):
        quick = course((99.5, 60))
        pipeline.set("engagement_checkpoint_seconds_bucket", quick, le=bound)
    return pipeline


def some_refused() -> Pipeline:
    pipeline = Pipeline(60)
    name = "engagement_dead_letters_total"
    pipeline.set(name, course((3, 60)), topic="likes", instance="a")
    return pipeline.set(name, course((0.3, 60)), topic="posts", instance="a")


def some_late_events() -> Pipeline:
    late_ones = course((18, 60))
    return Pipeline(60).set("engagement_events_late_total", late_ones, applied="true")


def seldom_used() -> Pipeline:
    pipeline = Pipeline(300)
    pipeline.set("engagement_consumer_lag_records", levels((0, 300)), topic="posts")
    name = "engagement_events_received_total"
    return pipeline.set(name, course((1, 120), (0, 60), (1, 120)), topic="posts")


def waits_for_others() -> Pipeline:
    return silent().set("engagement_consumer_lag_records", levels((9, 300)), topic="posts")


def pushed_slowly() -> Pipeline:
    return Pipeline(60).set("engagement_alerts_unpushed", levels((3, 60)))


def pushes_fail_at_times() -> Pipeline:
    failed = course((0, 20), (2, 3), (0, 37))
    pipeline = Pipeline(60).set("engagement_alert_pushes_total", failed, outcome="failed")
    return pipeline.set("engagement_alerts_unpushed", levels((0, 20), (4, 3), (0, 37)))


def many_creators() -> Pipeline:
    unshown = levels((1_000_000, 60))
    return Pipeline(60).set("engagement_creators_unshown", unshown, alerting="false")


def new_rules() -> Pipeline:
    pipeline = Pipeline(60).drop("engagement_rules_info")
    for worker, minute in (("a", 20), ("b", 22)):
        old, new = levels((1, minute), ("_", 60 - minute)), levels(("_", minute), (1, 60 - minute))
        pipeline.add("engagement_rules_info", old, instance=worker, digest="shipped")
        pipeline.add("engagement_rules_info", new, instance=worker, digest="4c1f")
    return pipeline


def not_ready_once() -> Pipeline:
    return Pipeline(60).set("engagement_ready", levels((1, 20), (0, 1), (1, 39)))


def lag_below_the_limit() -> Pipeline:
    lag = course((300, 60), start=20_000)
    pipeline = Pipeline(60).set("engagement_consumer_lag_records", lag, topic="likes")
    return pipeline.set("engagement_consumer_lag_seconds", levels((240, 60)), topic="likes")


def lag_grows_shortly() -> Pipeline:
    lag = f"{levels((5, 20))} {course((30_000, 8), start=5)} {levels((5, 32))}"
    return Pipeline(60).set("engagement_consumer_lag_records", lag, topic="likes")


def time_stands_six_minutes() -> Pipeline:
    marks = f"{course((60, 20), start=-10)} {levels((1130, 6))} {course((60, 34), start=1550)}"
    return Pipeline(60).set("engagement_watermark_timestamp_seconds", marks, partition="1")


def four_minutes_behind() -> Pipeline:
    marks = course((60, 60), start=-240)
    return Pipeline(60).set("engagement_watermark_timestamp_seconds", marks, partition="1")


def scores_wait_less() -> Pipeline:
    return Pipeline(60).set("engagement_scores_waiting", levels((40_000, 60)))


def one_checkpoint_is_missed() -> Pipeline:
    stamps = f"{course((60, 20))} {levels((1130, 1))} {course((60, 39), start=1260)}"
    return Pipeline(60).set("engagement_last_checkpoint_timestamp_seconds", stamps)


def slow_checkpoints_at_times() -> Pipeline:
    pipeline = Pipeline(60)
    for bound in ("1.0", "2.0"):
        quick = course((100, 20), (50, 3), (100, 37))
        pipeline.set("engagement_checkpoint_seconds_bucket", quick, le=bound)
    return pipeline


def bad_minutes() -> Pipeline:
    name = "engagement_dead_letters_total"
    pipeline = Pipeline(60).set(name, course((0, 20), (100, 3), (0, 37)), topic="likes")
    late_ones = course((0, 20), (300, 3), (0, 37))
    return pipeline.set("engagement_events_late_total", late_ones, applied="true")


def silent_shortly() -> Pipeline:
    pipeline = Pipeline(180)
    name = "engagement_events_received_total"
    pipeline.set(name, course((6, 120), (0, 12), (6, 48)), topic="posts")
    return pipeline.set("engagement_consumer_lag_records", levels((0, 180)), topic="posts")


def away_shortly() -> Pipeline:
    pipeline = Pipeline(60)
    pipeline.set("engagement_alerts_unpushed", levels((0, 20), (3, 6), (0, 34)))
    delivered = course((1, 20), (0, 5), (1, 35))
    return pipeline.set("engagement_alert_pushes_total", delivered, outcome="delivered")


def capped_shortly() -> Pipeline:
    unshown = levels((0, 20), (7, 10), (0, 30))
    return Pipeline(60).set("engagement_creators_unshown", unshown, alerting="true")


def api_down() -> Pipeline:
    return Pipeline(60).set("up", levels((1, 20), (0, 20), (1, 20)), job=API_JOB)


def api_restarts() -> Pipeline:
    return Pipeline(60).set("up", levels((1, 20), (0, 1), (1, 39)), job=API_JOB)


def api_not_ready() -> Pipeline:
    return Pipeline(60).set("pulse_api_ready", levels((1, 20), (0, 20), (1, 20)))


def api_falls_behind() -> Pipeline:
    lag = levels((5, 20), (200_000, 20), (5, 20))
    return Pipeline(60).set("pulse_api_lag_records", lag, reader="history")


def api_reads_all_at_a_start() -> Pipeline:
    pipeline = Pipeline(60).set("pulse_api_ready", levels((1, 20), (0, 3), (1, 37)))
    lag = levels((5, 20), (3_000_000, 3), (5, 37))
    return pipeline.set("pulse_api_lag_records", lag, reader="now")


def api_fails() -> Pipeline:
    failed = course((0, 20), (6, 20), (0, 20))
    return Pipeline(60).set("pulse_api_requests_total", failed, status="5xx")


def api_is_asked_for_nonsense() -> Pipeline:
    return Pipeline(60).set("pulse_api_requests_total", course((600, 60)), status="4xx")
