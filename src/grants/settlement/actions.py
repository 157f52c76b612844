"""The verbs of settlements: propose, approve, reject, withdraw."""

from __future__ import annotations

from datetime import date

from grants.awards import changes, clawbacks, instalments
from grants.awards import queries as awards
from grants.awards.rules import PartPlan
from grants.awards.workflow import InstalmentState
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, Refusal
from grants.kernel.identity import Actor, Role
from grants.kernel.identity import Permission as P
from grants.kernel.money import Fen
from grants.platform import db, inbox
from grants.platform.audit import Case, record, take_duty
from grants.settlement import queries
from grants.settlement.queries import Outlook, Settlement
from grants.settlement.rules import SettlementCase, project_may_be_settled
from grants.settlement.workflow import SETTLEMENT, SettlementState

KIND = "settlement"

db.explain_constraint(
    "settlement_one_stands",
    Conflict,
    "settlement.stands",
    N_("A settlement of this project stands already."),
)


async def propose_settlement(actor: Actor, award_id: int, *, note: str, today: date) -> int:
    """Propose what a project actually gets; answers the settlement's id.

    With it the change that lowers the last part and the claim on a surplus are proposed; nothing
    moves before another person approves. Raises RuleBroken while the project is not ready.
    """
    actor.need(P.AWARD_CREATE)
    async with db.unit_of_work(actor):
        await awards.award(actor, award_id, lock=True)
        view = await queries.outlook(actor, award_id)
        refusal = project_may_be_settled(view.readiness)
        if refusal:
            raise refusal
        assert view.evaluation is not None
        number = f"结〔{today.year}〕{await db.next_number(f'settlement-{today.year}'):04d}"
        change_id = await _lower_last(actor, view, number, today)
        clawback_id = await _claim_surplus(actor, view, number, today)
        sums = view.sums
        settlement_id = await db.value(
            """
            INSERT INTO settlement (number, award, evaluation, approved_fen, eligible_fen, paid_fen,
                agreed_last_fen, k_permille, last_fen, surplus_fen, change, clawback, note, state,
                reason, proposed_by_person, proposed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'PROPOSED', '',
                    $14, $15) RETURNING id
            """,
            number,
            award_id,
            view.evaluation.id,
            sums.approved_fen,
            sums.eligible_fen,
            sums.paid_fen,
            sums.agreed_last_fen,
            sums.k_permille,
            sums.last_fen,
            sums.surplus_fen,
            change_id,
            clawback_id,
            note.strip(),
            actor.person_id,
            calendar.now(),
        )
        case = Case(KIND, settlement_id)
        await take_duty(actor, case, "propose")
        await record(
            actor,
            case,
            "propose",
            after=SettlementState.PROPOSED,
            facts={"last_fen": sums.last_fen, "surplus_fen": sums.surplus_fen},
        )
        await inbox.tell_role(
            Role.SECTION_HEAD,
            today,
            f"settlement:{settlement_id}",
            N_("The settlement of {project} waits for approval."),
            f"/settlements/{settlement_id}",
            {"project": view.project.award.title},
        )
    return int(settlement_id)


async def _lower_last(actor: Actor, view: Outlook, number: str, today: date) -> int | None:
    """Propose the change by which the last part becomes what is left of it."""
    sums, award = view.sums, view.project.award
    if sums.last_fen == sums.agreed_last_fen:
        return None
    left, plans = sums.last_fen, []
    for part in await changes.open_parts(award.id):
        amount = min(left, part.amount_fen)
        left = Fen(left - amount)
        plans.append(
            PartPlan(
                part.id,
                part.line_id,
                part.fiscal_year,
                Fen(amount),
                part.due_on,
                part.condition,
            )
        )
    return await changes.lay_change(
        actor, award.id, plans, reason=number, seen_version=award.version, today=today
    )


async def _claim_surplus(actor: Actor, view: Outlook, number: str, today: date) -> int | None:
    """Propose the claim on what was paid above the actual grant."""
    if not view.sums.surplus_fen:
        return None
    assert view.evaluation is not None
    return await clawbacks.lay_claim(
        actor,
        view.project.award.id,
        amount_fen=view.sums.surplus_fen,
        due_on=calendar.add_workdays(today, view.evaluation.rules.refund_workdays),
        reason=number,
    )


async def decide_settlement(
    actor: Actor, settlement_id: int, verb: str, *, today: date, reason: str = ""
) -> None:
    """Approve, reject or withdraw a settlement, and with it its change and its claim.

    Approved, the last part may be asked for, and the surplus is owed. Raises Conflict where the
    figures have moved since, NotAllowed for whoever proposed it.
    """
    async with db.unit_of_work(actor):
        award_id = (await queries.settlement(actor, settlement_id)).award_id
        await awards.award(actor, award_id, lock=True)
        found = await queries.settlement(actor, settlement_id, lock=True)
        objection = await _figures_have_moved(actor, found) if verb == "approve" else None
        case = SettlementCase(
            proposed_by_person=found.proposed_by_person,
            actor_person=actor.person_id,
            objection=objection,
            reason=reason,
        )
        after = SETTLEMENT.take(verb, found.state, actor, case)
        if verb != "withdraw":
            await take_duty(actor, Case(KIND, settlement_id), "decide")
        if found.change_id is not None:
            await changes.decide_laid_change(
                actor, found.change_id, verb, today=today, reason=found.number
            )
        if found.clawback_id is not None:
            await clawbacks.decide_laid_claim(actor, found.clawback_id, verb, reason=found.number)
        if after == SettlementState.APPROVED:
            for part in await awards.instalments(award_id):
                if part.opened_by == "FINAL" and part.state == InstalmentState.OPEN:
                    await instalments.meet_condition(
                        actor, part.id, on=today, evidence=found.number
                    )
        await db.execute(
            "UPDATE settlement SET state = $2, reason = $3, decided_by_person = $4, "
            "decided_at = $5 WHERE id = $1",
            settlement_id,
            after,
            reason.strip(),
            actor.person_id,
            calendar.now(),
        )
        await record(
            actor,
            Case(KIND, settlement_id),
            verb,
            before=found.state,
            after=after,
            reason=reason.strip(),
        )
        if after == SettlementState.APPROVED:
            await _tell_agency(actor, found)


async def _figures_have_moved(actor: Actor, found: Settlement) -> Refusal | None:
    """What was proposed is what the records say now."""
    if (await queries.outlook(actor, found.award_id)).sums != found.sums:
        return Conflict(
            "settlement.stale", N_("The figures have moved since this was proposed; propose anew.")
        )
    return None


async def _tell_agency(actor: Actor, found: Settlement) -> None:
    view = await queries.outlook(actor, found.award_id)
    await inbox.tell_organisation(
        view.project.agreement.organisation_id,
        f"settled:{found.id}",
        N_("{project} is settled."),
        f"/settlements/{found.id}",
        {"project": view.project.award.title},
    )
