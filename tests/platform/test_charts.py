"""Charts: clean SVG, the same for the same figures, with a table that says as much."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from grants.kernel.money import Fen
from grants.platform import charts
from grants.platform.charts import (
    TONES,
    Chart,
    Flow,
    Node,
    Series,
    Tone,
    bar_chart,
    line_chart,
    sankey,
)
from grants.platform.pages import environment
from grants.platform.press import Press, PressError

STYLES = Path(charts.__file__).resolve().parents[1] / "static" / "css" / "charts.css"
#: Clip paths paint nothing; ECharts fills them black.
CLIP = "#000000"
SVG = "{http://www.w3.org/2000/svg}"

NODES = [
    Node("general", "一般公共预算", Tone.SOURCE, "/budget?source=general"),
    Node("lottery", "福彩公益金", Tone.SOURCE),
    Node("home", "邻里家园", Tone.PROGRAMME),
    Node("venture", "公益创投", Tone.PROGRAMME),
    Node("paid", "已支付", Tone.PAID),
    Node("committed", "已承诺", Tone.COMMITTED),
    Node("available", "可用", Tone.AVAILABLE),
]
FLOWS = [
    Flow("general", "home", Fen(1_200_000_000)),
    Flow("lottery", "venture", Fen(500_000_000)),
    Flow("home", "paid", Fen(624_000_000), "/payments?programme=home&state=PAID"),
    Flow("home", "committed", Fen(576_000_000)),
    Flow("venture", "paid", Fen(500_000_000)),
    Flow("venture", "available", Fen(0)),
]


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    """One child that draws."""
    press = Press(1)
    yield press
    press.close()


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test draws for itself."""
    charts._drawn.clear()


async def where_it_went(press: Press, *, nodes: list[Node] = NODES) -> Chart:
    """The Sankey diagram of the sample."""
    return await sankey(
        "1,700 万元去了哪里？", nodes, FLOWS, head=("从", "到", "万元"), press=press
    )


async def all_kinds(press: Press) -> list[Chart]:
    """One chart of each kind."""
    towns = ["城厢镇", "沙溪镇", "浏河镇"]
    paid = Series("已支付", [300_000_000, 0, 12_345_600], Tone.PAID, ["/a", "/b", None])
    committed = Series("已承诺", [100, 200, 300], Tone.COMMITTED)
    two = [paid, committed]
    return [
        await where_it_went(press),
        await bar_chart("各镇得到多少？", towns, two, head="镇", press=press),
        await bar_chart("各镇多少？", towns, two, head="镇", stacked=True, press=press),
        await bar_chart("执行率？", towns, [Series("执行率", [520, 1000, 3])], head="镇",
                        unit="percent", lying=True, press=press),
        await line_chart("进度？", towns, two, head="月", press=press),
    ]  # fmt: skip


async def test_charts_carry_no_script_and_no_style(press: Press) -> None:
    for chart in await all_kinds(press):
        tags = {
            element.tag.removeprefix(SVG) for element in ElementTree.fromstring(chart.svg).iter()
        }
        assert tags <= {"svg", "title", "desc", "g", "a", "path", "text", "defs", "clipPath",
                        "rect", "tspan"}  # fmt: skip
        names = {n for e in ElementTree.fromstring(chart.svg).iter() for n in e.attrib}
        assert "style" not in names
        assert not [name for name in names if name.startswith(("on", "ecmeta"))]


async def test_every_colour_is_a_tone_with_its_class(press: Press) -> None:
    for chart in await all_kinds(press):
        for element in ElementTree.fromstring(chart.svg).iter():
            for attribute, prefix in (("fill", "f"), ("stroke", "s")):
                colour = element.get(attribute, "none")
                if colour in ("none", CLIP):
                    continue
                tone = next(tone for tone, shade in TONES.items() if shade == colour)
                assert f"{prefix}-{tone}" in element.attrib["class"].split()


def test_style_sheet_themes_every_tone() -> None:
    text = STYLES.read_text()
    assert all(f".f-{tone} {{" in text and f".s-{tone} {{" in text for tone in Tone)
    assert len(set(TONES.values())) == len(Tone)


async def test_same_figures_give_the_same_drawing_in_another_process(press: Press) -> None:
    first = [chart.svg for chart in await all_kinds(press)]
    charts._drawn.clear()
    other = Press(1)
    try:
        await bar_chart("他", ["甲"], [Series("乙", [1])], head="镇", press=other)
        again = [chart.svg for chart in await all_kinds(other)]
    finally:
        other.close()
    assert first == again


async def test_drawing_is_remembered(press: Press) -> None:
    first = await where_it_went(press)
    closed = Press(1)
    closed.close()
    assert (await where_it_went(closed)).svg is first.svg


async def test_two_charts_of_one_page_share_no_id(press: Press) -> None:
    ids = [id_ for c in await all_kinds(press) for id_ in re.findall(r' id="([^"]+)"', c.svg)]
    assert len(ids) == len(set(ids)) and ids


async def test_marks_say_their_figures_and_lead_to_their_list(press: Press) -> None:
    chart = await where_it_went(press)
    links = {
        link.attrib["href"]: link.attrib["aria-label"]
        for link in ElementTree.fromstring(chart.svg).iter(f"{SVG}a")
    }
    assert links == {
        "/payments?programme=home&state=PAID": "邻里家园 → 已支付  624.00",
        "/budget?source=general": "一般公共预算  1,200.00",
    }
    titles = [title.text for title in ElementTree.fromstring(chart.svg).iter(f"{SVG}title")]
    assert "已支付  1,124.00" in titles


async def test_chart_without_links_is_one_image_to_screen_readers(press: Press) -> None:
    linked = await where_it_went(press)
    plain = await line_chart("进度？", ["一月"], [Series("计划", [1])], head="月", press=press)
    assert 'role="group"' in linked.svg and 'role="img"' in plain.svg
    assert ElementTree.fromstring(plain.svg).findtext(f"{SVG}title") == "进度？"


async def test_table_says_what_the_drawing_shows(press: Press) -> None:
    chart = await where_it_went(press)
    cells = [[cell.text for cell in row] for row in chart.rows]
    assert cells[2] == ["邻里家园", "已支付", "624.00"]
    assert len(cells) == 5  # the flow of nothing is left out
    shown = environment("zh").from_string("{{ ui.chart(chart) }}").render(chart=chart)
    assert 'href="/payments?programme=home&amp;state=PAID"' in shown
    assert "<figcaption>1,700 万元去了哪里？</figcaption>" in shown


async def test_names_cannot_break_out_of_the_drawing(press: Press) -> None:
    hostile = '"><script>alert(1)</script>{b}\x00</svg>'
    nodes = [Node(n.key, hostile if n.key == "home" else n.label, n.tone) for n in NODES]
    chart = await where_it_went(press, nodes=nodes)
    assert "<script" not in chart.svg
    texts = ["".join(t.itertext()) for t in ElementTree.fromstring(chart.svg).iter(f"{SVG}text")]
    assert any("<script>alert(1)</script>" in text for text in texts)


async def test_any_option_can_be_drawn_without_marks(press: Press) -> None:
    option = {"xAxis": {"data": ["甲"]}, "yAxis": {}, "series": [{"type": "bar", "data": [1]}]}
    svg = await charts.chart_svg(option, 300, 200, "甲有多少？", press=press)
    assert "ecmeta" not in svg and "甲有多少？" in svg


async def test_flows_to_nowhere_are_refused(press: Press) -> None:
    with pytest.raises(ValueError, match="do not exist: moon"):
        await sankey("？", NODES, [Flow("home", "moon", Fen(1))], head=("", "", ""), press=press)


async def test_flows_in_a_circle_are_refused(press: Press) -> None:
    circle = [Flow("home", "paid", Fen(1)), Flow("paid", "home", Fen(1))]
    with pytest.raises(ValueError, match="circle"):
        await sankey("？", NODES, circle, head=("", "", ""), press=press)


async def test_option_that_echarts_refuses_is_an_error_and_the_press_goes_on(press: Press) -> None:
    broken = {"xAxis": {"type": "nonsense"}, "yAxis": {}, "series": [{"type": "bar", "data": [1]}]}
    with pytest.raises(PressError, match="JSEvalException"):
        await charts.chart_svg(broken, 100, 100, "x", press=press)
    assert (await where_it_went(press)).svg.startswith("<svg")
