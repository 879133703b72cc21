"""Dashboards are as the code writes them, can be provisioned, and ask for what workers expose."""

import itertools
import json
import re
import subprocess
import sys
from typing import Any

import promql_parser
import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from stack.dashboards import (
    FOLDER,
    Query,
    dashboards,
    notes,
    panels,
    put_in,
    queries,
)
from stack.procs import REPOSITORY
from streams.outputs.catalogue import every_family
from tests.harness.promql import Found, parts, selectors

PROVISIONING = REPOSITORY / "grafana" / "provisioning"
UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and name[0] != "_"}
GIVEN_BY_SCRAPES = {"job", "instance"}
VALUES = {
    "job": ".+",
    "instance": ".+",
    "creator": "ada",
    "__rate_interval": "20s",
    "__range": "1h",
}

BOARDS = dashboards()
PANELS = [
    pytest.param(panel, id=f"{name}: {panel['title']}")
    for name, board in BOARDS.items()
    for panel in panels(board)
]
QUERIES = [
    pytest.param(query, id=f"{name}: {query.name}")
    for name, board in BOARDS.items()
    for query in queries(board)
]
every_board = pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
every_panel = pytest.mark.parametrize("panel", PANELS)
every_query = pytest.mark.parametrize("query", QUERIES)


@pytest.fixture(scope="module")
def catalogue() -> dict[str, tuple[str, set[str]]]:
    """Type and labels of each metric that a worker exposes, by the name of its samples."""
    found: dict[str, tuple[str, set[str]]] = {}
    for family in every_family().values():
        for sample in family.samples:
            found[sample.name] = (family.type, set(sample.labels))
    return found


def _parsed(query: Query) -> list[Found]:
    return parts(put_in(query.expression, VALUES))


def _selectors(query: Query) -> list[Found]:
    found = selectors(put_in(query.expression, VALUES))
    assert found, "asks for nothing"
    return found


def test_the_committed_files_are_what_the_code_writes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "grafana", "--check"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@every_board
def test_grafanas_own_types_read_a_file_without_losing_a_key(board: dict[str, Any]) -> None:
    again = json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder))
    assert again == board


def test_uids_and_titles_are_unique() -> None:
    for name in ("uid", "title"):
        values = [board[name] for board in BOARDS.values()]
        assert len(set(values)) == len(values)
        assert all(values)


@every_board
def test_a_dashboard_cannot_be_edited_and_keeps_no_id_of_a_server(board: dict[str, Any]) -> None:
    assert board["editable"] is False
    assert "id" not in board
    assert re.fullmatch(r"\d+s", board["refresh"])
    assert board["description"]


@every_board
def test_panels_have_ids_and_titles_of_their_own_and_do_not_overlap(
    board: dict[str, Any],
) -> None:
    titles = [panel["title"] for panel in board["panels"]]
    assert len(set(titles)) == len(titles)
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        columns = range(place["x"], place["x"] + place["w"])
        assert columns.stop <= 24, panel["title"]
        rows = range(place["y"], place["y"] + place["h"])
        cells = set(itertools.product(columns, rows))
        assert not cells & taken, panel["title"]
        taken |= cells


@every_board
def test_variables_choose_data_source_job_and_worker(board: dict[str, Any]) -> None:
    source, job, worker, *_ = board["templating"]["list"]
    assert (source["type"], source["query"]) == ("datasource", "prometheus")
    for variable, name in ((job, "job"), (worker, "instance")):
        assert variable["name"] == name
        assert variable["datasource"]["uid"] == "${datasource}"
        assert variable["refresh"] == 2, "reloads when the time range changes"
        assert (variable["includeAll"], variable["allValue"]) == (True, ".+")


@every_board
def test_a_dashboard_leads_to_all_others_with_the_same_variables_and_time(
    board: dict[str, Any],
) -> None:
    (link,) = board["links"]
    assert (link["type"], link["includeVars"], link["keepTime"]) == ("dashboards", True, True)
    for other in BOARDS.values():
        assert set(link["tags"]) <= set(other["tags"])


@every_board
def test_links_lead_to_dashboards_and_variables_that_exist(board: dict[str, Any]) -> None:
    text = json.dumps(board)
    by_uid = {other["uid"]: other for other in BOARDS.values()}
    for uid, variable in re.findall(r"/d/([\w-]+)\?var-(\w+)=", text):
        assert variable in {one["name"] for one in by_uid[uid]["templating"]["list"]}


@every_board
def test_no_server_is_written_into_a_dashboard(board: dict[str, Any]) -> None:
    given = [one for one in board["templating"]["list"] if one["type"] == "textbox"]
    text = json.dumps(board)
    for one in given:
        text = text.replace(one["query"], "")
    assert not re.search(r"https?://|localhost|127\.0|:\d{4}\b", text)


@every_board
def test_words_use_only_variables_that_exist(board: dict[str, Any]) -> None:
    known = {one["name"] for one in board["templating"]["list"]}
    for note in notes(board):
        assert note["title"]
        assert len(note["description"]) > 20
        assert set(re.findall(r"\$\{?(\w+)", note["options"]["content"])) <= known


@every_panel
def test_a_panel_says_what_it_shows_and_in_which_unit(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert len(panel["description"]) > 20
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["fieldConfig"]["defaults"]["noValue"]
    assert panel["targets"]


@every_panel
def test_a_panel_asks_the_chosen_data_source(panel: dict[str, Any]) -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    assert panel["datasource"] == chosen
    assert [target["datasource"] for target in panel["targets"]] == [chosen] * len(panel["targets"])


@every_query
def test_a_query_obeys_the_variables(query: Query) -> None:
    for match in re.findall(r"\{(.*?)\}", query.expression):
        assert 'job=~"$job"' in match
        assert 'instance=~"$instance"' in match
    assert len(re.findall(r"\{", query.expression)) == len(_selectors(query))


@every_query
def test_a_query_asks_for_metrics_and_labels_that_exist(
    query: Query, catalogue: dict[str, tuple[str, set[str]]]
) -> None:
    for selector, above in _selectors(query):
        assert selector.name in catalogue
        labels = catalogue[selector.name][1] | GIVEN_BY_SCRAPES
        assert {matcher.name for matcher in selector.matchers.matchers} <= labels
        for node in above:
            if isinstance(node, promql_parser.AggregateExpr) and node.modifier:
                assert set(node.modifier.labels) <= labels


@every_query
def test_counters_are_read_as_rates_and_nothing_else_is(
    query: Query, catalogue: dict[str, tuple[str, set[str]]]
) -> None:
    for selector, above in _selectors(query):
        functions = {node.func.name for node in above if isinstance(node, promql_parser.Call)}
        counter = catalogue[selector.name][0] in {"counter", "histogram"}
        assert counter == bool(functions & {"rate", "increase"})
    for window in re.findall(r"\[(.*?)\]", query.expression):
        assert window in {"$__rate_interval", "$__range"}


@every_query
def test_a_query_sums_over_workers(query: Query) -> None:
    for _, above in _selectors(query):
        assert any(isinstance(node, promql_parser.AggregateExpr) for node in above)


@every_query
def test_a_legend_names_labels_that_the_query_keeps(query: Query) -> None:
    target = next(t for t in query.panel["targets"] if t["expr"] == query.expression)
    kept = {
        label
        for node, _ in _parsed(query)
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier
        for label in node.modifier.labels
    }
    assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= kept


def test_the_provisioned_data_source_is_the_one_that_dashboards_start_with() -> None:
    (source,) = _provisioned("datasources")["datasources"]
    assert source["type"] == "prometheus"
    assert source["editable"] is False
    for board in BOARDS.values():
        variable = board["templating"]["list"][0]
        assert variable["current"]["value"] == source["uid"]


def test_the_data_source_knows_how_often_workers_are_scraped() -> None:
    (source,) = _provisioned("datasources")["datasources"]
    config = yaml.safe_load((REPOSITORY / "prometheus" / "prometheus.yml").read_text())
    assert source["jsonData"]["timeInterval"] == config["global"]["scrape_interval"]


def test_provisioned_dashboards_cannot_be_changed_in_the_browser() -> None:
    (provider,) = _provisioned("dashboards")["providers"]
    assert provider["type"] == "file"
    assert provider["allowUiUpdates"] is False
    assert provider["disableDeletion"] is True
    assert FOLDER.is_dir()


def _provisioned(kind: str) -> dict[str, Any]:
    (file,) = (PROVISIONING / kind).glob("*.yml")
    document: dict[str, Any] = yaml.safe_load(file.read_text())
    assert document["apiVersion"] == 1
    return document
