"""Screening: what the checks find now, and the office's verdict with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from grants.agencies import queries as agencies
from grants.applications import eligibility, queries
from grants.applications.drafting import KIND, case_of, take_step
from grants.applications.eligibility import Applicant
from grants.applications.likeness import FundedText, most_alike
from grants.applications.sections import Whole
from grants.applications.workflow import ApplicationState
from grants.awards import payee_facts
from grants.budget import queries as budget
from grants.calls import queries as calls
from grants.calls import rounds
from grants.calls.rounds import Standing
from grants.kernel import calendar
from grants.kernel.errors import N_, RuleBroken
from grants.kernel.findings import Finding, Mark
from grants.kernel.identity import SYSTEM, Actor
from grants.kernel.identity import Permission as P
from grants.parties import queries as parties
from grants.platform import db, files, inbox
from grants.platform.audit import Case

#: Projects are compared with those decided in the last years [D].
_COMPARED_YEARS = 5

_VERDICTS = {
    "pass": "PASS",
    "fail": "FAIL",
    "ask_supplement": "SUPPLEMENT",
    "reconsider": "RECONSIDER",
}


async def findings_on(actor: Actor, found: queries.Application) -> list[Finding]:
    """What every check finds on the last submission, as the records stand now.

    Raises RuleBroken for an application that was never submitted.
    """
    submitted = await queries.submissions(found.id)
    if not submitted:
        raise RuleBroken("application.not_submitted", N_("Nothing was submitted yet."))
    content = submitted[0].content
    papers = frozenset(paper["code"] for paper in content["papers"])
    return await _check(actor, found, Whole.of(content["sections"]), papers)


async def preview(actor: Actor, found: queries.Application, whole: Whole) -> list[Finding]:
    """What the checks would find on a draft; of other agencies' projects it says nothing."""
    papers = {one.purpose for one in await files.list_attachments(Case(KIND, found.id))}
    findings = await _check(actor, found, whole, frozenset(papers))
    return [one for one in findings if one.rule != "is_not_funded_already"]


async def _check(
    actor: Actor, found: queries.Application, whole: Whole, papers: frozenset[str]
) -> list[Finding]:
    line = await budget.line(found.terms.line_id)
    return eligibility.check_application(
        eligibility.Case(
            terms=found.terms,
            whole=whole,
            applicant=await _applicant(actor, found, line.programme_id),
            papers=papers,
            alike=most_alike(whole.text, await _funded(found, line.programme_id)),
        )
    )


async def _applicant(actor: Actor, found: queries.Application, programme_id: int) -> Applicant:
    organisation = await parties.organisation(actor, found.organisation_id)
    owed_fen, owed_number = await payee_facts.overdue_refund(organisation.id, calendar.today())
    return Applicant(
        uscc=organisation.uscc,
        confirmed=await agencies.is_confirmed(organisation.id),
        registered_on=organisation.registered_on,
        grade=organisation.grade,
        grade_expires_on=organisation.grade_expires_on,
        inspection_year=organisation.inspection_year,
        inspection_result=organisation.inspection_result,
        standing=organisation.standing,
        standing_note=organisation.standing_note,
        ended_for_cause=await payee_facts.ended_for_cause(organisation.id, programme_id),
        owed_fen=owed_fen,
        owed_number=owed_number,
        awards_this_year=await payee_facts.awards_of_year(
            organisation.id, programme_id, found.round_year
        ),
        rivals=await queries.rivals(found),
    )


async def _funded(found: queries.Application, programme_id: int) -> list[FundedText]:
    since = date(found.round_year - _COMPARED_YEARS, 1, 1)
    return [
        FundedText(one.id, one.number, one.title, one.payee_name, f"{one.title}\n{one.purpose}")
        for one in await payee_facts.funded_projects(programme_id, since)
    ]


async def screen_application(
    actor: Actor, application_id: int, verb: str, *, seen_version: int, reason: str = ""
) -> None:
    """Give the verdict: pass, fail, ask for a supplement, or take a verdict back.

    The checks are made again at this moment and kept with the verdict. Raises RuleBroken where
    a check fails what is to pass, or the reason is missing; Conflict on a stale page.
    """
    actor.need(P.APPLICATION_SCREEN)
    async with db.unit_of_work(actor):
        found = await queries.application(actor, application_id, lock=True)
        findings = await findings_on(actor, found)
        before = await queries.screenings(application_id)
        case = case_of(
            actor,
            found,
            seen_version,
            stops=sum(one.mark is Mark.STOP for one in findings),
            reason=reason,
            supplemented_before=any(one.verdict == "SUPPLEMENT" for one in before),
        )
        if verb == "ask_supplement":
            await _ask(found, reason, case.now.date())
        await take_step(
            actor,
            verb,
            found,
            case,
            facts={one.rule: one.mark for one in findings if one.mark is not Mark.PASS},
        )
        await _keep(actor, found, verb, findings, reason)
        await _tell(found, verb, reason)


async def _keep(
    actor: Actor,
    found: queries.Application,
    verb: str,
    findings: Sequence[Finding],
    reason: str,
) -> None:
    submission = (await queries.submissions(found.id))[0]
    kept: list[dict[str, Any]] = [
        {"rule": f.rule, "mark": f.mark, "message": f.message, "params": dict(f.params)}
        for f in findings
    ]
    await db.execute(
        """
        INSERT INTO screening (application, submission, verdict, findings, reason,
                               decided_by_person, decided_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        found.id,
        submission.id,
        _VERDICTS[verb],
        kept,
        reason.strip(),
        actor.person_id,
        calendar.now(),
    )


async def _ask(found: queries.Application, reason: str, today: date) -> None:
    until = calendar.add_workdays(today, found.terms.supplement_workdays)
    await db.execute(
        "UPDATE application SET supplement_until = $2, supplement_note = $3 WHERE id = $1",
        found.id,
        until,
        reason.strip(),
    )


_SAID = {
    "pass": N_("{number} passed the checks and goes on to the review."),
    "fail": N_("{number} did not pass the checks: {reason}"),
    "ask_supplement": N_("{number} has to be supplemented: {reason}"),
    "reconsider": N_("{number} is looked at again: {reason}"),
}


async def _tell(found: queries.Application, verb: str, reason: str) -> None:
    await inbox.tell_organisation(
        found.organisation_id,
        f"screened:{found.id}:{found.version}",
        _SAID[verb],
        f"/applications/{found.id}",
        {"number": found.number, "reason": reason.strip()},
    )


async def standing_of(round_id: int) -> Standing:
    """What the applications say of a round: how many stand, how many wait for a verdict."""
    counts = await queries.count_by_state(round_id)
    waiting = counts.get(ApplicationState.SUBMITTED, 0) + counts.get(ApplicationState.SUPPLEMENT, 0)
    gone = (ApplicationState.DRAFT, ApplicationState.DISCARDED, ApplicationState.LAPSED)
    stand = sum(many for state, many in counts.items() if state not in gone)
    return Standing(applications=stand, unscreened=waiting)


async def begin_review(actor: Actor, round_id: int) -> None:
    """End the screening of a round: every application has its verdict."""
    async with db.unit_of_work(actor):
        await calls.round_of(round_id, lock=True)
        await rounds.begin_review(actor, round_id, standing=await standing_of(round_id))


async def lapse_drafts(round_id: int) -> int:
    """Drafts of a closed round lapse; answers how many."""
    lapsed = 0
    for application_id in await queries.drafts_of_round(round_id):
        async with db.unit_of_work(SYSTEM):
            found = await queries.whoever_asks(application_id, lock=True)
            if found.state == ApplicationState.DRAFT:
                await take_step(SYSTEM, "lapse", found, case_of(SYSTEM, found, found.version))
                lapsed += 1
    return lapsed


async def end_supplements(round_id: int) -> int:
    """Applications whose days to supplement are over go back to the office; answers how many."""
    ended = 0
    for application_id in await queries.drafts_of_round(round_id, ApplicationState.SUPPLEMENT):
        async with db.unit_of_work(SYSTEM):
            found = await queries.whoever_asks(application_id, lock=True)
            over = found.supplement_until and found.supplement_until < calendar.today()
            if found.state == ApplicationState.SUPPLEMENT and over:
                case = case_of(SYSTEM, found, found.version)
                await take_step(SYSTEM, "supplement_lapses", found, case)
                ended += 1
    return ended
