"""The notice on paper: an official document after GB/T 9704—2012 (form-layouts B5)."""

from __future__ import annotations

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


async def notice_paper(notice: Notice) -> bytes:
    """The notice as a PDF; it is a Chinese document, whoever asks."""
    form = PrintedNotice(
        notice=notice,
        entries=await queries.entries(notice.id),
        until=notice.last_day,
        demo=settings.demo,
    )
    html = render("pdf/notice.html", "zh", form=form)
    return await render_pdf(html, style="official")
