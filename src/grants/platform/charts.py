"""Charts: one question each, said in the title, with the figures beside it as a table.

ECharts draws them to SVG in the press, so that pages carry no script for it. The SVG needs no
style attribute (Content-Security-Policy) and serves page and paper: each colour stands as an
attribute for paper, and as a class (`f-paid`, `s-line`) that static/css/charts.css themes.

A page shows `{{ ui.chart(chart) }}`: title, drawing, table.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from markupsafe import Markup

from grants.kernel.money import Fen, wan_text
from grants.platform.press import Press, house_press


class Tone(StrEnum):
    """What a colour means; `static/css/charts.css` gives each one its light and dark shade."""

    INK = "ink"
    QUIET = "quiet"
    LINE = "line"
    SURFACE = "surface"
    SOURCE = "source"
    PROGRAMME = "programme"
    PAID = "paid"
    IN_BANK = "in-bank"
    PAYABLE = "payable"
    COMMITTED = "committed"
    AVAILABLE = "available"
    WARN = "warn"
    BAD = "bad"
    SECOND = "second"
    THIRD = "third"
    FOURTH = "fourth"


#: Shades on paper and in the light scheme; each is used once, so that it names its tone.
TONES: Mapping[Tone, str] = {
    Tone.INK: "#17212b",
    Tone.QUIET: "#4d5a67",
    Tone.LINE: "#dde2e7",
    Tone.SURFACE: "#ffffff",
    Tone.SOURCE: "#5d6b78",
    Tone.PROGRAMME: "#33658a",
    Tone.PAID: "#1a6b45",
    Tone.IN_BANK: "#2a8f8a",
    Tone.PAYABLE: "#0b5c8f",
    Tone.COMMITTED: "#5b97bf",
    Tone.AVAILABLE: "#8b96a1",
    Tone.WARN: "#8a5300",
    Tone.BAD: "#a8261c",
    Tone.SECOND: "#b3632a",
    Tone.THIRD: "#6f5aa0",
    Tone.FOURTH: "#5f7421",
}

Unit = Literal["wan", "percent", "count"]
"""How numbers read: fen as 万元, permille as percent, or plain."""

_READ: Mapping[Unit, Callable[[int], str]] = {
    "wan": lambda fen: wan_text(Fen(fen)),
    "percent": lambda permille: f"{permille / 10:g}%",
    "count": lambda number: f"{number:,}",
}


@dataclass(frozen=True)
class Mark:
    """One bar, point, flow or node: its words and the list it leads to."""

    text: str
    href: str | None = None


@dataclass(frozen=True)
class Drawing:
    """What the press needs to draw one chart."""

    option: str
    width: int
    height: int
    title: str
    note: str
    #: Words and addresses by series and place; a Sankey diagram lists its flows, then its nodes.
    marks: tuple[tuple[Mark, ...], ...] = ()
    #: How many of the marks are flows of a Sankey diagram.
    flows: int = 0


@dataclass(frozen=True)
class Chart:
    """A drawing and the same figures as a table; the last columns of `rows` are numbers."""

    title: str
    note: str
    svg: Markup
    head: tuple[str, ...]
    rows: tuple[tuple[Mark, ...], ...]
    words: int


@dataclass(frozen=True)
class Node:
    """A place that money flows through. `key` is unique, `label` is what people read."""

    key: str
    label: str
    tone: Tone
    href: str | None = None


@dataclass(frozen=True)
class Flow:
    """Money from one node to another, in fen; flows of nothing are left out."""

    source: str
    target: str
    amount_fen: Fen
    href: str | None = None


@dataclass(frozen=True)
class Series:
    """One row of values; `hrefs` leads from each value to its list."""

    name: str
    values: Sequence[int]
    tone: Tone = Tone.PAYABLE
    hrefs: Sequence[str | None] = ()


async def sankey(
    title: str,
    nodes: Sequence[Node],
    flows: Sequence[Flow],
    *,
    head: tuple[str, str, str],
    note: str = "",
    width: int = 960,
    height: int = 420,
    press: Press | None = None,
) -> Chart:
    """Where money comes from and where it went, in 万元; `head` names the table's columns.

    Raises ValueError when a flow names no node, or flows run in a circle.
    """
    flows = [flow for flow in flows if flow.amount_fen > 0]
    used = {key for flow in flows for key in (flow.source, flow.target)}
    by_key = {node.key: node for node in nodes if node.key in used}
    if missing := sorted(used - set(by_key)):
        raise ValueError(f"flows name nodes that do not exist: {', '.join(missing)}")
    _refuse_circles(flows)
    through = _through(by_key, flows)
    option = _sankey_option(by_key, flows, through)
    flow_marks = [
        Mark(
            f"{by_key[flow.source].label} → {by_key[flow.target].label}  "
            f"{wan_text(flow.amount_fen)}",
            flow.href,
        )
        for flow in flows
    ]
    node_marks = [
        Mark(f"{node.label}  {wan_text(through[key])}", node.href) for key, node in by_key.items()
    ]
    svg = await chart_svg(
        option, width, height, title, note,
        marks=[[*flow_marks, *node_marks]], flows=len(flows), press=press,
    )  # fmt: skip
    rows = [
        (
            Mark(by_key[flow.source].label, by_key[flow.source].href),
            Mark(by_key[flow.target].label, by_key[flow.target].href),
            Mark(wan_text(flow.amount_fen), flow.href),
        )
        for flow in flows
    ]
    return Chart(title, note, svg, head, tuple(rows), words=2)


async def bar_chart(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    head: str,
    unit: Unit = "wan",
    note: str = "",
    stacked: bool = False,
    lying: bool = False,
    width: int = 960,
    height: int = 360,
    press: Press | None = None,
) -> Chart:
    """Amounts side by side, or stacked; `lying` bars suit long labels. `head` names the labels.

    Example: bar_chart(_("What did each town receive?"), towns, [Series(_("Paid"), paid)], head=…).
    """
    option = _axes_option(labels, series, unit, lying)
    option["series"] = [
        {
            "type": "bar",
            "name": one.name,
            "data": list(one.values),
            "itemStyle": {"color": TONES[one.tone]},
            "barMaxWidth": 36,
            **({"stack": "all"} if stacked else {}),
            **({} if stacked else {"label": _value_label(one, unit, lying)}),
        }
        for one in series
    ]
    return await _with_axes(option, title, note, labels, series, head, unit, width, height, press)


async def line_chart(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    head: str,
    unit: Unit = "wan",
    note: str = "",
    width: int = 960,
    height: int = 320,
    press: Press | None = None,
) -> Chart:
    """How something moved over time; every series has a value for each label."""
    option = _axes_option(labels, series, unit, lying=False)
    option["series"] = [
        {
            "type": "line",
            "name": one.name,
            "data": list(one.values),
            "symbol": "circle",
            "symbolSize": 7,
            "itemStyle": {"color": TONES[one.tone]},
            "lineStyle": {"color": TONES[one.tone], "width": 2.5},
        }
        for one in series
    ]
    return await _with_axes(option, title, note, labels, series, head, unit, width, height, press)


async def _with_axes(
    option: Mapping[str, Any],
    title: str,
    note: str,
    labels: Sequence[str],
    series: Sequence[Series],
    head: str,
    unit: Unit,
    width: int,
    height: int,
    press: Press | None,
) -> Chart:
    read = _READ[unit]
    marks = [
        [
            Mark(f"{label} {one.name}  {read(value)}", _href(one, place))
            for place, (label, value) in enumerate(zip(labels, one.values, strict=True))
        ]
        for one in series
    ]
    svg = await chart_svg(option, width, height, title, note, marks=marks, press=press)
    rows = [
        (Mark(label), *(Mark(read(one.values[at]), _href(one, at)) for one in series))
        for at, label in enumerate(labels)
    ]
    return Chart(title, note, svg, (head, *(one.name for one in series)), tuple(rows), words=1)


def _href(series: Series, place: int) -> str | None:
    return series.hrefs[place] if series.hrefs else None


async def chart_svg(
    option: Mapping[str, Any],
    width: int,
    height: int,
    title: str,
    note: str = "",
    *,
    marks: Sequence[Sequence[Mark]] = (),
    flows: int = 0,
    press: Press | None = None,
) -> Markup:
    """Any ECharts option as `<svg>`; the same input is drawn once and remembered.

    Raises PressError when ECharts refuses the option, PressTimeout when it takes too long.
    """
    plain = _printable({"animation": False, **option})
    drawing = Drawing(
        json.dumps(plain, ensure_ascii=False, sort_keys=True),
        width,
        height,
        _printable(title),
        _printable(note),
        tuple(tuple(Mark(_printable(m.text), m.href) for m in row) for row in marks),
        flows,
    )
    key = hashlib.sha256(repr(drawing).encode()).digest()
    if key not in _drawn:
        _drawn[key] = Markup(await (press or house_press()).run("chart", drawing))
        if len(_drawn) > REMEMBERED:
            _drawn.popitem(last=False)
    _drawn.move_to_end(key)
    return _drawn[key]


REMEMBERED = 200
_drawn: OrderedDict[bytes, Markup] = OrderedDict()


def _printable(value: Any) -> Any:
    """The same without control characters, which XML cannot hold, in any text within."""
    if isinstance(value, str):
        return "".join(c for c in value if unicodedata.category(c) not in ("Cc", "Cs"))
    if isinstance(value, Mapping):
        return {key: _printable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(part) for part in value]
    return value


def _text(tone: Tone = Tone.QUIET, size: int = 13) -> dict[str, Any]:
    return {"color": TONES[tone], "fontSize": size, "textBorderWidth": 0}


def _through(nodes: Iterable[str], flows: Sequence[Flow]) -> dict[str, Fen]:
    """What passes each node: the larger of what comes in and what goes out."""
    into, out = dict.fromkeys(nodes, 0), dict.fromkeys(nodes, 0)
    for flow in flows:
        out[flow.source] += flow.amount_fen
        into[flow.target] += flow.amount_fen
    return {key: Fen(max(into[key], out[key])) for key in into}


def _refuse_circles(flows: Sequence[Flow]) -> None:
    """Take away sources until nothing is left; what remains runs in a circle."""
    left = [(flow.source, flow.target) for flow in flows]
    while left:
        targets = {target for _, target in left}
        fewer = [(source, target) for source, target in left if source in targets]
        if len(fewer) == len(left):
            raise ValueError("flows run in a circle")
        left = fewer


def _sankey_option(
    nodes: Mapping[str, Node], flows: Sequence[Flow], through: Mapping[str, Fen]
) -> dict[str, Any]:
    return {
        "series": [
            {
                "type": "sankey",
                "left": 4,
                "right": 190,
                "top": 8,
                "bottom": 8,
                "layoutIterations": 0,
                "nodeGap": 14,
                "nodeWidth": 12,
                "emphasis": {"disabled": True},
                "label": _text(Tone.INK),
                "data": [
                    {
                        "name": key,
                        "itemStyle": {"color": TONES[node.tone]},
                        "label": {"formatter": f"{node.label}  {wan_text(through[key])}"},
                    }
                    for key, node in nodes.items()
                ],
                "links": [
                    {
                        "source": flow.source,
                        "target": flow.target,
                        "value": flow.amount_fen,
                        "lineStyle": {
                            "color": TONES[nodes[flow.target].tone],
                            "opacity": 0.3,
                            "curveness": 0.5,
                        },
                    }
                    for flow in flows
                ],
            }
        ]
    }


def _value_label(series: Series, unit: Unit, lying: bool) -> dict[str, Any]:
    return {
        **_text(Tone.INK, 12),
        "show": True,
        "position": "right" if lying else "top",
        "formatter": f"@{unit}-of-bar",
    }


def _axes_option(
    labels: Sequence[str], series: Sequence[Series], unit: Unit, lying: bool
) -> dict[str, Any]:
    words = {
        "type": "category",
        "data": list(labels),
        "inverse": lying,
        "axisTick": {"show": False},
        "axisLine": {"lineStyle": {"color": TONES[Tone.QUIET]}},
        "axisLabel": {**_text(), "interval": 0 if len(labels) <= 16 or lying else "auto"},
    }
    numbers = {
        "type": "value",
        "axisLabel": {**_text(size=12), "formatter": f"@{unit}"},
        "splitLine": {"lineStyle": {"color": TONES[Tone.LINE]}},
    }
    several = len(series) > 1
    return {
        "grid": {"left": 8, "right": 64, "top": 44 if several else 24, "bottom": 8,
                 "outerBoundsMode": "same", "outerBoundsContain": "axisLabel"},
        "legend": {"show": several, "left": 0, "top": 4, "itemWidth": 12, "itemHeight": 12,
                   "icon": "rect", "textStyle": _text()},
        "xAxis": numbers if lying else words,
        "yAxis": words if lying else numbers,
    }  # fmt: skip
