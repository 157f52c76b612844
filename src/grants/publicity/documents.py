"""The notice on paper: an official document after GB/T 9704—2012 (form-layouts B5)."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date

from grants.platform.pages import render
from grants.platform.pdf import render_pdf
from grants.publicity import queries
from grants.publicity.queries import Entry, Notice
from grants.settings import settings


@dataclass(frozen=True)
class PrintedNotice:
    """What templates/pdf/notice.html prints."""

    notice: Notice
    entries: list[Entry]
    until: date | None
    demo: bool


#: The papers that were printed last, by what is printed: everybody may ask for them, as often as
#: they like, and a page of the press takes a fifth of a second.
_PRINTED: OrderedDict[str, bytes] = OrderedDict()
_KEPT = 8


async def notice_paper(notice: Notice) -> bytes:
    """The notice as a PDF; it is a Chinese document, whoever asks. The same is printed once."""
    form = PrintedNotice(
        notice=notice,
        entries=await queries.entries(notice.id),
        until=notice.last_day,
        demo=settings.demo,
    )
    html = render("pdf/notice.html", "zh", form=form)
    key = hashlib.sha256(html.encode()).hexdigest()
    if key not in _PRINTED:
        _PRINTED[key] = await render_pdf(html, style="official")
        while len(_PRINTED) > _KEPT:
            _PRINTED.popitem(last=False)
    return _PRINTED[key]
