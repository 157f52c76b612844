"""Documents on paper: HTML of our own templates becomes an accessible PDF (PDF/UA-1).

Two stylesheets: "official" for notices and letters (GB/T 9704—2012), "form" for forms and lists.
The work is done by the press, in processes that hold the typefaces and can be killed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal

import segno
from litestar import Response

from grants.platform.press import TIMEOUT_SECONDS, Press, PressError, PressTimeout, house_press

__all__ = ["PressError", "PressTimeout", "Printed", "print_document", "qr_data_uri", "render_pdf"]

log = logging.getLogger(__name__)

Style = Literal["form", "official"]


@dataclass(frozen=True)
class Printed:
    """A document as the press hands it back."""

    pdf: bytes
    pages: int
    #: Characters that no installed font has; they print as empty boxes.
    lacking: str


async def render_pdf(
    html: str,
    *,
    style: Style = "form",
    title: str | None = None,
    one_page: bool = False,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> bytes:
    """`html` as PDF. It states its language in `<html lang>` and its title in `<title>`.

    `title` replaces the latter. With `one_page` the type shrinks until all fits one page.
    Links to our pages become links to `settings.public_url`.
    Only `data:` addresses are loaded. Text that people typed must be escaped, as Jinja does.
    Raises PressTimeout after `timeout_seconds`, PressError when it cannot be printed.
    Example: `await render_pdf(html, one_page=True)` starts with b"%PDF-1.7".
    """
    from grants.settings import settings  # here, since the press children read this module too

    printed = await print_document(
        house_press(), html, style, title, one_page,
        base_url=settings.public_url, timeout_seconds=timeout_seconds,
    )  # fmt: skip
    if printed.lacking:
        log.warning("No font has the characters %r; they print as empty boxes", printed.lacking)
    return printed.pdf


async def print_document(
    press: Press,
    html: str,
    style: Style,
    title: str | None = None,
    one_page: bool = False,
    *,
    base_url: str | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Printed:
    """As `render_pdf`, on the given press, with the count of pages and the missing characters."""
    printed: Printed = await press.run(
        "pdf", html, style, title, one_page, base_url, timeout_seconds=timeout_seconds
    )
    return printed


def qr_data_uri(url: str) -> str:
    """A QR code of `url` as a `data:` address of an SVG, error correction M.

    Example: `<img src="{{ form.qr_data_uri }}" alt="…">`.
    """
    code = segno.make(url, error="m", micro=False)
    return code.svg_data_uri(border=0, dark="#000", omitsize=True, svgclass=None, lineclass=None)


def pdf_answer(content: bytes, name: str) -> Response[bytes]:
    """A document as a page's answer: shown in the browser, saved as `name`.pdf."""
    return Response(
        content,
        media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}.pdf"'},
    )
