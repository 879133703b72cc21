"""docs/metrics.md is as the code writes it, and metrics are named by Prometheus's conventions."""

import re
from collections import Counter

import pytest
from prometheus_client.core import Metric

from stack.procs import REPOSITORY
from streams.api.metrics import PREFIX as API_PREFIX
from streams.outputs import catalogue
from streams.outputs.families import PREFIX, UNITS

MOST_SERIES = 200
"""Of one metric of one worker, creators and partitions apart, which settings bound."""
FAMILIES = [f for f in catalogue.every_family().values() if f.name.startswith((PREFIX, API_PREFIX))]
every_metric = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


def _labels(family: Metric) -> set[str]:
    return {label for sample in family.samples for label in sample.labels} - {"le"}


def test_the_page_is_what_the_code_writes():
    page = (REPOSITORY / "docs" / "metrics.md").read_text()
    assert page == catalogue.markdown(), (
        "run `python -m streams.outputs.catalogue > docs/metrics.md`"
    )


def test_each_metric_answers_one_question():
    told = Counter(row.name for _, found in catalogue.rows() for row in found)
    exposed = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in catalogue.every_family().values()
    }
    assert set(told) == exposed
    assert set(told.values()) == {1}


def test_the_page_explains_each_label_that_is_used_and_no_other():
    used = {label for family in FAMILIES for label in _labels(family)}
    assert used == set(catalogue.LABELS)


@every_metric
def test_a_name_is_in_base_units_and_tells_the_type(family: Metric):
    assert re.fullmatch(rf"({PREFIX}|{API_PREFIX})" + r"[a-z]+(_[a-z]+)*", family.name)
    assert not re.search(r"_(ms|millis|milliseconds|minutes|kb|mb|percent|total|count|sum)$",
                         family.name)  # fmt: skip
    assert not family.name.endswith("_seconds") or family.unit == "seconds"
    if "timestamp" in family.name:
        assert (family.type, family.unit) == ("gauge", "seconds")
        assert family.name.endswith("_timestamp_seconds")
    if family.type == "histogram":
        assert family.unit in UNITS
    if family.name.endswith("_info"):
        assert {sample.value for sample in family.samples} == {1.0}


@every_metric
def test_a_help_is_a_sentence_that_says_more_than_the_name(family: Metric):
    assert re.fullmatch(r"[A-Z0-9].{15,}\.", family.documentation)


@every_metric
def test_a_metric_has_few_series_and_no_label_that_nobody_can_list(family: Metric):
    labels = _labels(family)
    assert not labels & {"creator_id", "post", "post_id", "actor", "actor_id", "campaign_id"}
    assert not set(family.name.split("_")) & (labels - {"creator"})
    if not labels & {"creator", "campaign", "platform", "partition"}:
        assert len(family.samples) <= MOST_SERIES
