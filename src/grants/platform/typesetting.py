"""From HTML to PDF, inside a press child. Web workers never import this module.

Stylesheets are ours (`templates/pdf/*.css`) and parsed once for each child; typefaces come from
the fontconfig file that the press names. The HTML may load nothing but `data:` addresses: a
page cannot pull in a file of the server or an address of its network.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from weasyprint import CSS, HTML  # type: ignore[import-untyped]
from weasyprint.document import Document  # type: ignore[import-untyped]
from weasyprint.text.fonts import FontConfiguration  # type: ignore[import-untyped]
from weasyprint.urls import URLFetcher  # type: ignore[import-untyped]

from grants.platform.pdf import Printed

STYLES = Path(__file__).resolve().parents[3] / "templates" / "pdf"

#: Body sizes in points that a form which must keep to one page tries in turn.
SIZES_PT = (None, 9.0, 8.5, 8.0, 7.5, 7.0, 6.5)


def typeset(
    html: str, style: str, title: str | None, one_page: bool, base_url: str | None
) -> Printed:
    """`html` as a tagged PDF/UA-1 document; the arguments are those of `pdf.render_pdf`.

    Raises ValueError when a document that must fit one page does not even in the smallest type.
    """
    fonts = _fonts(_cut_faces())
    with _lacking() as lacking:
        source = HTML(
            string=html, base_url=base_url, url_fetcher=_NOTHING_FROM_OUTSIDE, media_type="print"
        )
        document = _fitted(source, style, fonts) if one_page else _laid_out(source, style, fonts)
        if title is not None:
            document.metadata.title = title
        pdf = document.write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True)
    assert pdf is not None
    return Printed(pdf, len(document.pages), "".join(sorted(set(lacking))))


def _fitted(source: HTML, style: str, fonts: FontConfiguration) -> Document:
    for size in SIZES_PT:
        document = _laid_out(source, style, fonts, size)
        if len(document.pages) == 1:
            return document
    raise ValueError(f"does not fit one page even in {SIZES_PT[-1]} pt")


def _laid_out(
    source: HTML, style: str, fonts: FontConfiguration, size_pt: float | None = None
) -> Document:
    sheets = [_css(style, fonts)]
    if size_pt is not None:
        sheets.append(_size(size_pt))
    return source.render(font_config=fonts, stylesheets=sheets, pdf_variant="pdf/ua-1")


_NOTHING_FROM_OUTSIDE = URLFetcher(allowed_protocols=("data",), allow_redirects=False)


def _cut_faces() -> tuple[str, ...]:
    """The cut faces there are by now; while they are being cut, their number grows."""
    config = os.environ.get("FONTCONFIG_FILE")
    if config is None:
        return ()
    return tuple(sorted(face.name for face in Path(config).with_suffix("").glob("*.otf")))


@cache
def _fonts(_faces: tuple[str, ...]) -> FontConfiguration:
    return FontConfiguration()


@cache
def _css(style: str, fonts: FontConfiguration) -> CSS:
    text = (STYLES / f"{style}.css").read_text()
    return CSS(string=text, font_config=fonts, url_fetcher=_NOTHING_FROM_OUTSIDE)


@cache
def _size(size_pt: float) -> CSS:
    return CSS(string=f"html {{ font-size: {size_pt}pt }}")


_NOTDEF = re.compile(r"\(U\+([0-9A-F]+)\)")


class _Catch(logging.Handler):
    """Hears WeasyPrint's warnings of missing glyphs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if ".notdef" in text:
            self.found += [chr(int(code, 16)) for code in _NOTDEF.findall(text)]


@contextmanager
def _lacking() -> Iterator[list[str]]:
    catch, weasyprint = _Catch(), logging.getLogger("weasyprint")
    weasyprint.addHandler(catch)
    try:
        yield catch.found
    finally:
        weasyprint.removeHandler(catch)
