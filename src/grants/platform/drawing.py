"""From an ECharts option to a clean SVG, inside a press child. Web workers never import this.

ECharts 6 runs in V8 without a page. Its SVG carries a style sheet, style attributes and marks of
its own, which a strict Content-Security-Policy forbids or nobody needs: what comes out here has
presentation attributes and classes only, and is the same for the same input.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from py_mini_racer import MiniRacer

from grants.platform.charts import TONES, Drawing, Mark

ECHARTS = Path(__file__).resolve().parents[3] / "node_modules/echarts/dist/echarts.min.js"
HEAP_BYTES = 256 * 1024 * 1024

#: Texts like "@wan" in an option stand for functions, which JSON cannot carry.
_SCRIPT = """
const decimals = number => number.toLocaleString("en-US", {maximumFractionDigits: 2});
const WORDS = {
  "@wan": fen => decimals(fen / 1e6),
  "@percent": permille => decimals(permille / 10) + "%",
  "@count": decimals,
};
for (const [word, read] of Object.entries(WORDS)) WORDS[word + "-of-bar"] = bar => read(bar.value);
function draw(option, width, height) {
  const chart = echarts.init(null, null, {renderer: "svg", ssr: true, width, height});
  try {
    chart.setOption(JSON.parse(option, (_, value) => WORDS[value] ?? value));
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
"""
_SVG = "http://www.w3.org/2000/svg"
_FACE = "'Grants Hei', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
_RGB = re.compile(r"rgb\((\d+), ?(\d+), ?(\d+)\)")
_PAINTS = {"fill": "f", "stroke": "s"}

ElementTree.register_namespace("", _SVG)


def draw(drawing: Drawing) -> str:
    """The `<svg>` element as text.

    Raises JSEvalException when ECharts refuses the option.
    """
    text = _echarts().call("draw", drawing.option, drawing.width, drawing.height)
    assert isinstance(text, str)
    svg = ElementTree.fromstring(text)
    own = f"c{hashlib.sha256(repr(drawing).encode()).hexdigest()[:8]}"
    _clean(svg, own)
    _name(svg, drawing, own)
    _link(svg, drawing.marks, drawing.flows)
    return ElementTree.tostring(svg, encoding="unicode").replace("\n", "")


@cache
def _echarts() -> MiniRacer:
    engine = MiniRacer()
    engine.set_hard_memory_limit(HEAP_BYTES)
    engine.eval(ECHARTS.read_text())
    engine.eval(_SCRIPT)
    return engine


def _clean(svg: Element, own: str) -> None:
    """Drop style sheets, styles and useless shapes; colours of ours get their class."""
    ids: dict[str, str] = {}
    for parent in list(svg.iter()):
        for child in list(parent):
            if child.tag == f"{{{_SVG}}}style" or _unseen(child):
                parent.remove(child)
    for element in svg.iter():
        element.text, element.tail = (element.text or "").strip("\n") or None, None
        element.attrib.pop("class", None)
        _spell_out_style(element)
        _paint(element)
        if "id" in element.attrib:
            element.set("id", ids.setdefault(element.attrib["id"], f"{own}-{len(ids)}"))
    for element in svg.iter():
        for name, value in element.attrib.items():
            if value.startswith("url(#"):
                element.set(name, f"url(#{ids[value[5:-1]]})")


def _unseen(element: Element) -> bool:
    """Rectangles that only catch the pointer or paint nothing."""
    if element.tag not in (f"{{{_SVG}}}path", f"{{{_SVG}}}rect"):
        return False
    no_fill = element.get("fill") == "none" or element.get("fill-opacity") == "0"
    return no_fill and (
        element.get("stroke") in (None, "none") or element.get("stroke-width") == "0"
    )


def _spell_out_style(element: Element) -> None:
    for part in filter(None, element.attrib.pop("style", "").split(";")):
        name, value = part.split(":", 1)
        if name in ("font-size", "font-weight", "font-style"):
            element.set(name, value.strip())
    element.attrib.pop("pointer-events", None)


def _paint(element: Element) -> None:
    """Colours as hexadecimal numbers, for paper; beside them the class that the page themes."""
    classes = []
    for attribute, prefix in _PAINTS.items():
        colour = element.get(attribute)
        if colour is None or colour == "none" or colour.startswith("url("):
            continue
        colour = _RGB.sub(lambda m: "#" + "".join(f"{int(x):02x}" for x in m.groups()), colour)
        colour = f"#{''.join(2 * c for c in colour[1:])}" if len(colour) == 4 else colour
        element.set(attribute, colour)
        if colour in _TONE_OF:
            classes.append(f"{prefix}-{_TONE_OF[colour]}")
    if classes:
        element.set("class", " ".join(classes))


_TONE_OF: Mapping[str, str] = {colour: tone.value for tone, colour in TONES.items()}


def _name(svg: Element, drawing: Drawing, own: str) -> None:
    """What it is called, for those who cannot see it; its size follows the page."""
    for name in ("width", "height", "version", "baseProfile"):
        svg.attrib.pop(name, None)
    linked = any(mark.href for marks in drawing.marks for mark in marks)
    svg.set("role", "group" if linked else "img")
    svg.set("aria-labelledby", f"{own}-title {own}-desc")
    svg.set("font-family", _FACE)
    for place, (tag, text) in enumerate((("title", drawing.title), ("desc", drawing.note))):
        element = Element(f"{{{_SVG}}}{tag}", {"id": f"{own}-{tag}"})
        element.text = text
        svg.insert(place, element)


def _link(svg: Element, marks: Sequence[Sequence[Mark]], flows: int) -> None:
    """Give each mark its words and, where it has one, its address."""
    seen: dict[int, int] = {}
    for parent, element in _marks_in(svg):
        series = int(element.attrib["ecmeta_series_index"])
        place = int(element.attrib["ecmeta_data_index"])
        if flows:  # A Sankey diagram draws its flows first, then its nodes, both counted from 0.
            place += flows if seen.get(series, 0) >= flows else 0
        seen[series] = seen.get(series, 0) + 1
        if marks:
            _wrap(parent, element, marks[series][place])
    for element in svg.iter():
        for name in [name for name in element.attrib if name.startswith("ecmeta_")]:
            del element.attrib[name]


def _marks_in(svg: Element) -> Iterator[tuple[Element, Element]]:
    for parent in list(svg.iter()):
        for element in list(parent):
            if element.get("ecmeta_ssr_type") == "chart" and "ecmeta_data_index" in element.attrib:
                yield parent, element


def _wrap(parent: Element, element: Element, mark: Mark) -> None:
    title = Element(f"{{{_SVG}}}title")
    title.text = mark.text
    element.insert(0, title)
    if mark.href is None:
        return
    link = Element(f"{{{_SVG}}}a", {"href": mark.href, "aria-label": mark.text})
    place = list(parent).index(element)
    parent.remove(element)
    link.append(element)
    parent.insert(place, link)
