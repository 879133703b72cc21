"""Panels: what all of our dashboards have in common, over Grafana's foundation SDK.

Knows house style: data source, variables, matchers, legends, colours. Must not know metrics.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    table,
    text,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
MATCHERS = 'job=~"$job", instance=~"$instance"'
"""What every selector must hold, so that the variables work."""
TAGS = ["creator-pulse"]
NO_WORKER = "no worker"

P = TypeVar("P", bound=Any)
Steps = Sequence[tuple[float | None, str]]
"""(value from which it holds, colour), ascending; the first value is None."""


def board(title: str, uid: str, description: str, anchor: str) -> dashboard.Dashboard:
    """An empty dashboard with our variables and links to the others.

    `anchor` is a metric that every process has which the dashboard is about.
    """
    others = (
        dashboard.DashboardLink("creator-pulse")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags(TAGS)
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )
    made = (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(TAGS)
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .time("now-1h", "now")
        .timezone("browser")
        .refresh("10s")
        .link(others)
    )
    for variable in variables(anchor):
        made.with_variable(variable)
    return made


def variables(anchor: str) -> list[Any]:
    """Data source, job and instance; `anchor` is a metric that every instance has."""
    everything = models.VariableOption(selected=True, text=["All"], value=["$__all"])

    def label(name: str, title: str, matchers: str = "") -> dashboard.QueryVariable:
        return (
            dashboard.QueryVariable(name)
            .label(title)
            .datasource(SOURCE)
            .query(f"label_values({anchor}{matchers}, {name})")
            .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(models.VariableSort.ALPHABETICAL_ASC)
            .multi(True)
            .include_all(True)
            .all_value(".+")
            .current(everything)
        )

    source = dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")
    chosen = models.VariableOption(selected=True, text="Prometheus", value="prometheus")
    return [
        source.current(chosen),
        label("job", "Job"),
        label("instance", "Instance", '{job=~"$job"}'),
    ]


def one_of(name: str, title: str, metric: str) -> dashboard.QueryVariable:
    """A variable with one value, of those that the label `name` of a metric has."""
    return (
        dashboard.QueryVariable(name)
        .label(title)
        .datasource(SOURCE)
        .query(f"label_values({metric}{{{MATCHERS}}}, {name})")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )


def given(name: str, title: str, value: str) -> dashboard.TextBoxVariable:
    """A variable that a reader writes, with a value to begin with."""
    return dashboard.TextBoxVariable(name).label(title).default_value(value)


def instant(expression: str, legend: str = "", *, rows: bool = False) -> prometheus.Dataquery:
    """A query for the end of the time range; as table `rows` if told."""
    query = _query(expression, legend).instant()
    return query.format(PromQueryFormat.TABLE) if rows else query


def series(expression: str, legend: str) -> prometheus.Dataquery:
    """A query over the time range."""
    return _query(expression, legend).range()


def _query(expression: str, legend: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().datasource(SOURCE).expr(expression).legend_format(legend)


def number(steps: Steps = ()) -> stat.Panel:
    """One number, coloured by its steps if there are any."""
    panel = stat.Panel().graph_mode(common_models.BigValueGraphMode.NONE).reduce_options(_last())
    return _coloured(panel, steps)


def bars(steps: Steps, lowest: float, highest: float) -> bargauge.Panel:
    """One bar for each series, all on one scale."""
    panel = (
        bargauge.Panel()
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .display_mode(common_models.BarGaugeDisplayMode.BASIC)
        .reduce_options(_last())
        .min(lowest)
        .max(highest)
    )
    return _coloured(panel, steps)


def lines(*, stepped: bool = False) -> timeseries.Panel:
    """Lines over time; `stepped` for what changes at once, such as a number of alerts."""
    shape = common_models.LineInterpolation
    return (
        timeseries.Panel()
        .line_interpolation(shape.STEP_AFTER if stepped else shape.LINEAR)
        .line_width(1)
        .fill_opacity(0)
        .show_points(common_models.VisibilityMode.NEVER)
        .axis_soft_min(0)
        .legend(
            common.VizLegendOptions()
            .display_mode(common_models.LegendDisplayMode.LIST)
            .placement(common_models.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_models.TooltipDisplayMode.MULTI)
            .sort(common_models.SortOrder.DESCENDING)
        )
    )


def columns(names: Mapping[str, str], order: str, steps: Steps = ()) -> table.Panel:
    """Instant queries joined to one row for each label set.

    `names` maps fields (a label, or `Value #A` for query A) to headings; all others are hidden.
    `order` is the heading by which rows are sorted, highest first, and whose numbers have the
    colour of the `steps`, if there are any.
    """
    organise = {
        "excludeByName": {"Time": True},
        "indexByName": {field: place for place, field in enumerate(names)},
        "renameByName": dict(names),
    }
    made = (
        table.Panel()
        .with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(models.DataTransformerConfig(id_val="organize", options=organise))
        .sort_by([common.TableSortByFieldState().display_name(order).desc(True)])
    )
    if steps:
        marked = [
            models.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"}),
            models.DynamicConfigValue(id_val="color", value={"mode": "thresholds"}),
            models.DynamicConfigValue(
                id_val="thresholds",
                value={
                    "mode": "absolute",
                    "steps": [{"value": value, "color": colour} for value, colour in steps],
                },
            ),
        ]
        made.override_by_name(order, marked)
    return made


def link_of_column(title: str, url: str) -> list[models.DynamicConfigValue]:
    """The override that makes each cell of a column a link; `${__value.text}` is what it says."""
    return [models.DynamicConfigValue(id_val="links", value=[{"title": title, "url": url}])]


def unit_of_column(unit: str, decimals: int) -> list[models.DynamicConfigValue]:
    """The override that gives one column of a table its unit."""
    return [
        models.DynamicConfigValue(id_val="unit", value=unit),
        models.DynamicConfigValue(id_val="decimals", value=decimals),
    ]


def finished(
    panel: P,
    queries: Sequence[prometheus.Dataquery],
    *,
    title: str,
    description: str,
    unit: str,
    no_value: str,
    size: tuple[int, int],
) -> P:
    """The panel with all that a reader needs, and where it goes: `size` is (columns of 24, rows).

    `no_value` is the text in place of a number that is not there.
    """
    panel.title(title).description(description).unit(unit).no_value(no_value)
    panel.datasource(SOURCE).span(size[0]).height(size[1])
    for reference, query in zip("ABCDEFGH", queries, strict=False):
        panel.with_target(query.ref_id(reference))
    return panel


def tile(
    panel: P,
    query: str,
    *,
    title: str,
    description: str,
    unit: str,
    no_value: str = NO_WORKER,
    size: tuple[int, int] = (4, 4),
) -> P:
    """The panel with one number."""
    return finished(
        panel,
        [instant(query)],
        title=title,
        description=description,
        unit=unit,
        no_value=no_value,
        size=size,
    )


def graph(
    *queries: tuple[str, str],
    title: str,
    description: str,
    unit: str,
    no_value: str = NO_WORKER,
    made: Callable[[], timeseries.Panel] = lines,
    size: tuple[int, int] = (12, 7),
) -> timeseries.Panel:
    """Lines over time, of (expression, legend) each."""
    return finished(
        made(),
        [series(expression, legend) for expression, legend in queries],
        title=title,
        description=description,
        unit=unit,
        no_value=no_value,
        size=size,
    )


def note(title: str, markdown: str, description: str, size: tuple[int, int]) -> text.Panel:
    """Words, with links; `$name` in them is the value of a variable."""
    panel = text.Panel().mode(TextMode.MARKDOWN).content(markdown).title(title)
    return panel.description(description).transparent(True).span(size[0]).height(size[1])


def filled(
    whole: dashboard.Dashboard, rows: Mapping[str, Iterable[Builder[models.Panel]]]
) -> dashboard.Dashboard:
    """The dashboard with these rows of panels, from top to bottom."""
    for title, panels in rows.items():
        whole.with_row(dashboard.Row(title))
        for panel in panels:
            whole.with_panel(panel)
    return whole


def to_json(builder: dashboard.Dashboard) -> str:
    """The file of a dashboard: panels numbered, keys in the order of the model."""
    built = builder.build()
    for at, panel in enumerate(built.panels or [], start=1):
        panel.id_val = at
    return json.dumps(built, cls=JSONEncoder, indent=2) + "\n"


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _coloured(panel: P, steps: Steps) -> P:
    colour = dashboard.FieldColor()
    if not steps:
        panel.color_scheme(colour.mode(models.FieldColorModeId.FIXED).fixed_color("text"))
        return panel
    scale = dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE)
    panel.color_scheme(colour.mode(models.FieldColorModeId.THRESHOLDS))
    panel.thresholds(scale.steps([models.Threshold(value=v, color=name) for v, name in steps]))
    return panel
