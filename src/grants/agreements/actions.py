"""The verbs of agreements: draw up, issue, sign in order, put into force, declare void."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date
from typing import Any

from grants.agreements import queries
from grants.agreements.drawing_up import POLICY, agreed_parts, content_of
from grants.agreements.queries import Agreement
from grants.agreements.rules import AgreementCase, scan_is_of_this_paper
from grants.agreements.terms import AgreementContent, AgreementTemplate
from grants.agreements.workflow import AGREEMENT, AgreementState
from grants.applications import queries as applications
from grants.applications.drafting import KIND as APPLICATION_KIND
from grants.applications.drafting import case_of as application_case
from grants.applications.drafting import take_step as take_application_step
from grants.applications.workflow import ApplicationState
from grants.awards import actions as awards
from grants.awards import instalments
from grants.awards import queries as award_queries
from grants.awards.actions import AwardPlan
from grants.awards.rules import InstalmentPlan, SharePlan
from grants.budget import queries as budget
from grants.decisions import meeting, publicising
from grants.decisions import queries as decisions
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, Refusal, RuleBroken
from grants.kernel.identity import Actor, Role
from grants.kernel.identity import Permission as P
from grants.platform import db, files, inbox
from grants.platform.audit import Case, record, take_duty
from grants.platform.policy import policy_on
from grants.platform.press import house_press
from grants.publicity import queries as publicity

KIND = "agreement"
AGENCY_SCAN, OFFICE_SCAN = "agency_scan", "office_scan"

db.explain_constraint(
    "agreement_one_lives",
    Conflict,
    "agreement.there_is_one",
    N_("This project has an agreement already."),
)


def digest_of(number: str, edition: int, content: AgreementContent) -> str:
    """The SHA-256 of one edition: number and content, word for word."""
    said = {"number": number, "edition": edition, "content": content.model_dump(mode="json")}
    written = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


async def draw_up(actor: Actor, application_id: int, *, today: date) -> int:
    """A draft of a project's agreement; answers its id.

    Raises RuleBroken before the notice is over, Conflict where there is one already.
    """
    actor.need(P.AGREEMENT_EDIT)
    template = await policy_on(POLICY, AgreementTemplate, today)
    async with db.unit_of_work(actor):
        found = await applications.application(actor, application_id, lock=True)
        if not await is_cleared(found):
            raise RuleBroken(
                "agreement.not_cleared",
                N_("The public notice is not over, or an objection to it is open."),
            )
        content = await content_of(actor, found, template.body, on=today)
        agreement_id = await db.value(
            """
            INSERT INTO agreement (number, application, organisation, content, template_version,
                edition, digest, state, agency_scan_sha256, office_scan_sha256,
                drawn_up_by_person, drawn_up_at, reason, version)
            VALUES ($1, $2, $3, $4, $5, 1, '', 'DRAFT', '', '', $6, $7, '', 1) RETURNING id
            """,
            f"协〔{found.round_year}〕{await db.next_number(f'agreement-{found.round_year}'):04d}",
            application_id,
            found.organisation_id,
            content.model_dump(mode="json"),
            template.version_id,
            actor.person_id,
            calendar.now(),
        )
        case = Case(KIND, agreement_id)
        await take_duty(actor, case, "draw_up")
        await record(
            actor,
            case,
            "draw_up",
            after=AgreementState.DRAFT,
            facts={"amount_fen": content.amount_fen},
        )
    return int(agreement_id)


async def draw_up_all(actor: Actor, round_id: int, *, today: date) -> int:
    """Drafts for every project of a round that has none; answers how many."""
    waiting = await queries.without_agreement(round_id)
    for application_id in waiting:
        await draw_up(actor, application_id, today=today)
    return len(waiting)


async def is_cleared(found: applications.Application) -> bool:
    """Whether an application may be agreed on: to be funded, its notice over, nothing open."""
    named = await publicity.publicity_of(Case(APPLICATION_KIND, found.id))
    return found.state == ApplicationState.APPROVED and named is not None and named.cleared


async def change_days(
    actor: Actor,
    agreement_id: int,
    *,
    starts_on: date,
    ends_on: date,
    seen_version: int,
    today: date,
) -> None:
    """Move the project's days in a draft; the parts' due days follow."""
    if ends_on <= starts_on:
        raise RuleBroken("agreement.days", N_("Projects end after they begin."), field="ends_on")
    async with db.unit_of_work(actor):
        found = await queries.agreement(actor, agreement_id, lock=True)
        await _take(actor, "edit", found, await case_of(actor, found, seen_version))
        application = await applications.application(actor, found.application_id)
        template = (await policy_on(POLICY, AgreementTemplate, today)).body
        amount_fen = found.content.amount_fen
        parts = agreed_parts(application, template, amount_fen, starts_on, ends_on, on=today)
        content = found.content.model_copy(
            update={"starts_on": starts_on, "ends_on": ends_on, "parts": tuple(parts)}
        )
        await db.execute(
            "UPDATE agreement SET content = $2 WHERE id = $1",
            agreement_id,
            content.model_dump(mode="json"),
        )


async def issue(actor: Actor, agreement_id: int, *, seen_version: int) -> None:
    """Freeze the content under its digest and ask the agency to sign."""
    async with db.unit_of_work(actor):
        found = await queries.agreement(actor, agreement_id, lock=True)
        case = await case_of(actor, found, seen_version)
        digest = digest_of(found.number, found.edition, found.content)
        await _take(actor, "issue", found, case, facts={"sha256": digest}, digest=digest)
        await _tell_agency(
            found,
            N_("The agreement {number} waits for your signature: print, sign, seal and scan it."),
        )


async def issue_all(actor: Actor, round_id: int) -> int:
    """Issue every draft of a round; answers how many."""
    drafts = await queries.drafts_of(round_id)
    for agreement_id, version in drafts:
        await issue(actor, agreement_id, seen_version=version)
    return len(drafts)


async def recall(actor: Actor, agreement_id: int, *, reason: str) -> None:
    """Take an issued agreement back into the draft; the paper printed from it is void.

    The next issue is another edition: scans of the earlier one are refused.
    """
    async with db.unit_of_work(actor):
        found = await queries.agreement(actor, agreement_id, lock=True)
        case = replace(await case_of(actor, found, found.version), reason=reason)
        await _take(
            actor,
            "recall",
            found,
            case,
            edition=found.edition + 1,
            digest="",
            agency_scan_sha256="",
            agency_signed_at=None,
            office_scan_sha256="",
            office_signed_at=None,
        )
        await _tell_agency(found, N_("The agreement {number} is recalled; wait for the new one."))


async def codes_on(name: str, content: bytes) -> list[str]:
    """What the QR codes of a scan say; raises RuleBroken for what is no picture or PDF."""
    kind = files.check(name, content)
    if kind not in ("pdf", "jpg", "png"):
        raise RuleBroken("agreement.scan_kind", N_("A scan is a PDF, JPG or PNG."))
    return list(await house_press().run("codes", kind, content))


async def sign_for_agency(actor: Actor, agreement_id: int, name: str, content: bytes) -> None:
    """Hand in the paper that the agency has signed and sealed.

    Raises RuleBroken where the scan is of another agreement, of an earlier edition, or has no
    code that can be read.
    """
    await _hand_in(actor, agreement_id, "sign_agency", AGENCY_SCAN, name, content)


async def sign_for_office(actor: Actor, agreement_id: int, name: str, content: bytes) -> None:
    """Hand in the paper that both have sealed; the agency comes first."""
    await _hand_in(actor, agreement_id, "sign_office", OFFICE_SCAN, name, content)


async def _hand_in(
    actor: Actor, agreement_id: int, verb: str, purpose: str, name: str, content: bytes
) -> None:
    codes = await codes_on(name, content)
    seen = await queries.agreement(actor, agreement_id)
    await _take_test(actor, verb, seen, codes)
    await files.attach(actor, Case(KIND, agreement_id), name, content, purpose)
    async with db.unit_of_work(actor):
        found = await queries.agreement(actor, agreement_id, lock=True)
        case = await _scanned(actor, found, codes)
        sha256 = hashlib.sha256(content).hexdigest()
        signer = "agency" if purpose == AGENCY_SCAN else "office"
        signed = {f"{signer}_scan_sha256": sha256, f"{signer}_signed_at": calendar.now()}
        await _take(actor, verb, found, case, facts={"sha256": sha256}, **signed)
        role = Role.OFFICER if purpose == AGENCY_SCAN else Role.SECTION_HEAD
        message = (
            N_("The agency has signed {number}: seal it and hand the scan in.")
            if purpose == AGENCY_SCAN
            else N_("{number} is signed by both and waits to be put into force.")
        )
        await inbox.tell_role(
            role,
            calendar.today(),
            f"agreement:{agreement_id}:{verb}:{found.version}",
            message,
            f"/agreements/{agreement_id}",
            {"number": found.number},
        )


async def _take_test(actor: Actor, verb: str, found: Agreement, codes: list[str]) -> None:
    """Whether the step may be taken at all, before anything is kept."""
    AGREEMENT.take(verb, found.state, actor, await _scanned(actor, found, codes))


async def _scanned(actor: Actor, found: Agreement, codes: list[str]) -> AgreementCase:
    scan = scan_is_of_this_paper(codes, found.id, found.digest)
    return replace(await case_of(actor, found, found.version), scan=scan)


async def return_scan(actor: Actor, agreement_id: int, *, reason: str) -> None:
    """Send an agency's scan back: a seal is missing, a page is cut off."""
    async with db.unit_of_work(actor):
        found = await queries.agreement(actor, agreement_id, lock=True)
        case = replace(await case_of(actor, found, found.version), reason=reason)
        await _take(actor, "return_scan", found, case, agency_scan_sha256="", agency_signed_at=None)
        await _tell_agency(
            found, N_("Your scan of {number} was returned: {reason}"), reason=reason.strip()
        )


async def activate(actor: Actor, agreement_id: int, *, seen_version: int, today: date) -> int:
    """Put a signed agreement into force: its award commits the budget; answers the award.

    What the decision held is lifted and committed in the same unit of work. Raises NotAllowed
    for whoever drew it up, RuleBroken where an objection is open or the line cannot bear it.
    """
    async with db.unit_of_work(actor):
        found = await queries.agreement(actor, agreement_id, lock=True)
        case = await case_of(actor, found, seen_version)
        AGREEMENT.take("activate", found.state, actor, case)
        await take_duty(actor, Case(KIND, agreement_id), "activate")
        award_id = await _award(actor, found, today)
        await _take(
            actor,
            "activate",
            found,
            case,
            facts={"award": award_id},
            award=award_id,
            activated_by_person=actor.person_id,
            activated_at=calendar.now(),
        )
        await _hand_step_down(actor, found.application_id, "award")
        await _release_reserve(actor, found.application_id)
        await _tell_agency(
            found, N_("The agreement {number} is in force; the first payment can be asked for.")
        )
    return award_id


async def _award(actor: Actor, found: Agreement, today: date) -> int:
    """The award that the agreement becomes, approved, its first part opened."""
    application = await applications.whoever_asks(found.application_id)
    decision = await decisions.decision_of_application(found.application_id)
    notice = await publicity.publicity_of(Case(APPLICATION_KIND, found.application_id))
    assert decision is not None and notice is not None
    line = await budget.line(application.terms.line_id)
    content = found.content
    award_id = await awards.insert_award(
        actor,
        AwardPlan(
            programme_id=line.programme_id,
            title=content.project,
            purpose=content.overall_goal,
            amount_fen=content.amount_fen,
            shares=[SharePlan(line.id, line.fiscal_year, content.amount_fen)],
            instalments=[
                InstalmentPlan(
                    line.id, one.amount_fen, max(one.due_on, today), one.condition, one.opened_by
                )
                for one in content.parts
            ],
            organisation_id=found.organisation_id,
            basis=found.number,
            minutes_no=content.minutes_no,
            decided_on=decision.met_on,
            starts_on=content.starts_on,
            ends_on=content.ends_on,
        ),
        today=today,
        made_by_person=found.drawn_up_by_person,
        origin="AGREEMENT",
    )
    await awards.write_notice(
        actor, award_id, first=notice.first_day, last=notice.last_day, objections=notice.objections
    )
    await meeting.let_go(actor, decision.id, found.application_id, today)
    await awards.commit_award(actor, award_id, seen_version=1, today=today, reason=found.number)
    for part in await award_queries.instalments(award_id):
        if part.opened_by == "AGREEMENT":
            await instalments.meet_condition(actor, part.id, on=today, evidence=found.number)
    return award_id


async def declare_void(actor: Actor, agreement_id: int, *, reason: str) -> None:
    """End an agreement that will not be signed: its project drops out, the reserve moves up."""
    async with db.unit_of_work(actor):
        found = await queries.agreement(actor, agreement_id, lock=True)
        case = replace(await case_of(actor, found, found.version), reason=reason)
        await _take(actor, "void", found, case, reason=reason.strip())
        decision = await decisions.decision_of_application(found.application_id)
        assert decision is not None
        await publicising.drop(actor, decision, found.application_id, reason.strip())
        await _release_reserve(actor, found.application_id)


async def _release_reserve(actor: Actor, application_id: int) -> None:
    decision = await decisions.decision_of_application(application_id)
    assert decision is not None
    await publicising.release_reserve(actor, decision)


async def _hand_step_down(actor: Actor, application_id: int, verb: str) -> None:
    found = await applications.whoever_asks(application_id, lock=True)
    await take_application_step(actor, verb, found, application_case(actor, found, found.version))


async def case_of(actor: Actor, found: Agreement, seen_version: int) -> AgreementCase:
    """What a step on this agreement looks at."""
    application = await applications.whoever_asks(found.application_id)
    return AgreementCase(
        drawn_up_by_person=found.drawn_up_by_person,
        actor_person=actor.person_id,
        representative=found.representative,
        of_own_organisation=actor.organisation_id == found.organisation_id,
        seen_version=seen_version,
        version=found.version,
        may_be_agreed=await is_cleared(application),
    )


async def open_steps(actor: Actor, found: Agreement) -> dict[str, Refusal | None]:
    """Each step that the state allows, with what speaks against it for this person."""
    case = replace(await case_of(actor, found, found.version), reason="…" * 5)
    return {
        step.verb: next((r for guard in step.guards if (r := guard(case))), None)
        for step in AGREEMENT.open_to(found.state, actor)
    }


async def _tell_agency(found: Agreement, message: str, **params: object) -> None:
    await inbox.tell_organisation(
        found.organisation_id,
        f"agreement:{found.id}:{found.version}",
        message,
        f"/agreements/{found.id}",
        {"number": found.number, **params},
    )


async def _take(
    actor: Actor,
    verb: str,
    found: Agreement,
    case: AgreementCase,
    facts: dict[str, Any] | None = None,
    **columns: object,
) -> None:
    """Take the step; `columns` change in the same statement, as the CHECKs want it."""
    after = AGREEMENT.take(verb, found.state, actor, case)
    changed = "".join(f", {name} = ${n}" for n, name in enumerate(columns, start=3))
    await db.execute(
        f"UPDATE agreement SET state = $2, version = version + 1{changed} WHERE id = $1",
        found.id,
        after,
        *columns.values(),
    )
    await record(
        actor,
        Case(KIND, found.id),
        verb,
        before=found.state,
        after=after,
        reason=case.reason.strip(),
        facts=facts,
    )
