"""Papers of an application: the receipt of a submission, and the application itself (B1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from grants.applications import queries
from grants.applications.budgets import Sums, sums_of
from grants.applications.drafting import words_of
from grants.applications.sections import SECTIONS, Whole
from grants.applications.submitting import digest_of
from grants.figures.reading import Readable, readable
from grants.figures.shapes import shape_of
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, RuleBroken
from grants.kernel.identity import Actor
from grants.platform.pages import render
from grants.platform.pdf import qr_data_uri, render_pdf
from grants.platform.texts import Texts, texts
from grants.settings import settings


@dataclass(frozen=True)
class Printed:
    """What templates/pdf/application.html and receipt.html print."""

    application: queries.Application
    submission: queries.Submission
    organisation: dict[str, Any]
    whole: Whole
    sums: Sums
    parts: list[tuple[str, Readable]]
    papers: list[dict[str, Any]]
    category: str
    theme: str
    office: str
    case_url: str
    qr_data_uri: str
    printed_at: datetime
    printed_by: str
    demo: bool

    @property
    def number(self) -> str:
        """The application's number."""
        return self.application.number


async def printed(
    actor: Actor, application_id: int, submission_id: int | None, lang: str
) -> Printed:
    """One submission as it is printed: the last one, or the one asked for.

    Raises NotFound where there is none, RuleBroken where it is not what was submitted.
    """
    found = await queries.application(actor, application_id)
    submissions = await queries.submissions(application_id)
    submission = next((one for one in submissions if submission_id in (None, one.id)), None)
    if submission is None:
        raise NotFound()
    if digest_of(submission.content) != submission.digest:
        raise RuleBroken(
            "application.damaged", N_("What is kept is not what was submitted; tell the auditors.")
        )
    whole = Whole.of(submission.content["sections"])
    category = found.terms.category(whole.project.category)
    theme = found.terms.theme(whole.project.theme)
    case_url = f"{settings.public_url}/applications/{application_id}"
    return Printed(
        application=found,
        submission=submission,
        organisation=dict(submission.content["organisation"]),
        whole=whole,
        sums=sums_of(whole.budget, found.terms, whole.project.category),
        parts=await read_sections(found, submission.content["sections"], texts(lang)),
        papers=list(submission.content["papers"]),
        category=f"{category.code} {category.name}" if category else whole.project.category,
        theme=theme.name if theme else whole.project.theme,
        office=found.terms.office,
        case_url=case_url,
        qr_data_uri=qr_data_uri(case_url),
        printed_at=calendar.now(),
        printed_by=actor.name,
        demo=settings.demo,
    )


async def read_sections(
    found: queries.Application,
    bodies: Mapping[str, Any],
    said_in: Texts,
    order: Sequence[str] = tuple(SECTIONS),
) -> list[tuple[str, Readable]]:
    """The sections in words, in the order of the form or another; missing ones are left out."""
    words = await words_of(found.terms)
    return [
        (
            said_in.text(SECTIONS[code].title),
            readable(shape_of(SECTIONS[code].model, bodies[code], words), said_in),
        )
        for code in order
        if code in bodies
    ]


async def receipt(
    actor: Actor, application_id: int, submission_id: int | None, *, lang: str
) -> bytes:
    """The receipt of a submission as a PDF of one page."""
    form = await printed(actor, application_id, submission_id, lang)
    return await render_pdf(render("pdf/receipt.html", lang, form=form), one_page=True)


async def application_form(
    actor: Actor, application_id: int, submission_id: int | None, *, lang: str
) -> bytes:
    """公益创投项目申报书: the whole application as a PDF."""
    form = await printed(actor, application_id, submission_id, lang)
    return await render_pdf(render("pdf/application.html", lang, form=form))
