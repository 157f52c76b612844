"""Agreements of this year's round: drawn up in December, signed by both, in force in January."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date

import segno

from grants.agreements import actions, queries
from grants.agreements.documents import agreement_paper
from grants.agreements.queries import Agreement
from grants.agreements.rules import code_of
from grants.demo import names
from grants.demo.applicants import Applicant
from grants.demo.clock import Diary, side_by_side
from grants.demo.finished_round import Round
from grants.demo.people import Bureau, verified_account
from grants.demo.ventures import Venture
from grants.kernel import calendar
from grants.kernel.identity import Role
from grants.parties import queries as parties
from grants.settings import settings

#: Whose scan is the whole paper: the demonstration agency's and a few more. A page takes the
#: press a quarter of a second, so of the others only the page with the code was scanned.
_WHOLE_PAPERS = 4


@dataclass(frozen=True)
class Project:
    """A project that runs: its award, what was applied for, and who acts for its agency."""

    award_id: int
    venture: Venture
    applicant: Applicant


async def sign_agreements(bureau: Bureau, diary: Diary, found: Round) -> list[Project]:
    """An agreement for everybody who is to be funded, put into force; answers the projects."""
    officer, head = bureau[Role.OFFICER], bureau[Role.SECTION_HEAD]
    with diary.autumn(12, 24, 9):
        await actions.draw_up_all(officer, found.id, today=calendar.today())
    with diary.autumn(12, 25, 15):
        await actions.issue_all(officer, found.id)
    listed = await queries.agreements(officer, round_id=found.id, limit=len(found.applied))
    issued = [await queries.agreement(officer, one.id) for one in reversed(listed)]
    await side_by_side(_sign(bureau, diary, found, n, one) for n, one in enumerate(issued))
    projects = []
    for n, one in enumerate(issued):
        with diary.at(date(diary.fiscal_year, 1, 4), 9 + n % 8, n % 60):
            version = (await queries.agreement(head, one.id)).version
            today = calendar.today()
            award = await actions.activate(head, one.id, seen_version=version, today=today)
        applied = found.applied[one.application_id]
        projects.append(Project(award, applied.venture, applied.applicant))
    return projects


async def _sign(bureau: Bureau, diary: Diary, found: Round, n: int, agreement: Agreement) -> None:
    """The agency signs first, then the office; whoever has no verified account gets one."""
    officer, applied = bureau[Role.OFFICER], found.applied[agreement.application_id]
    agency = applied.applicant.organisation_id
    name, scan = await _scan(agreement, whole=n < _WHOLE_PAPERS)
    with diary.autumn(12, 26 + n % 3, 9 + n % 8, n % 60):
        await actions.sign_for_agency(
            applied.applicant.boss, agreement.id, f"乙方签章-{name}", scan
        )
    with diary.autumn(12, 30, 9 + n % 8, n % 60):
        await actions.sign_for_office(officer, agreement.id, f"双方签章-{name}", scan)
        if not await parties.accounts_of(agency, None):
            number = names.demo_account(200 + applied.venture.n)
            holder = agreement.organisation
            await verified_account(bureau, holder, number, organisation_id=agency)


async def _scan(agreement: Agreement, *, whole: bool) -> tuple[str, bytes]:
    """What the scanner hands over: the whole paper, or the page with its code."""
    if whole:
        return f"{agreement.number}.pdf", await agreement_paper(agreement)
    code = code_of(settings.public_url, agreement.id, agreement.digest)
    page = io.BytesIO()
    segno.make(code, error="m", micro=False).save(page, kind="png", scale=6, border=6)
    return f"{agreement.number}.png", page.getvalue()
