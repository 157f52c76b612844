"""The verbs of the budget office. Each opens one unit of work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from grants.budget import ledger, queries
from grants.budget.rules import (
    PROPOSABLE,
    QUOTA_IN,
    BudgetCodes,
    FundMatrix,
    QuotaKind,
    cash_plan_within_quota,
    codes_are_known,
    fund_may_pay,
    line_has_left,
    line_is_open,
    transfer_keeps_year,
)
from grants.budget.tables import CashPlan, FundSource, Programme, QuotaMovement
from grants.budget.workflow import PROPOSAL, ProposalCase, ProposalState, refuse_no_decision
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.identity import Actor, Permission
from grants.kernel.money import Fen, yuan_text
from grants.platform import db
from grants.platform.audit import Case, record, take_duty
from grants.platform.policy import policy_on


async def add_fund_source(actor: Actor, code: str, name: str, name_en: str, kind: str) -> int:
    """A new source of money; answers its id."""
    actor.need(Permission.BUDGET_PROPOSE)
    async with db.unit_of_work(actor):
        source = FundSource(code=code, name=name, name_en=name_en, kind=kind)
        await FundSource.insert(source)
        await record(actor, Case("fund_source", source.id), "add", facts={"code": code})
    return int(source.id)


async def add_programme(
    actor: Actor, code: str, name: str, name_en: str, instrument: str, department: str
) -> int:
    """A new programme; answers its id."""
    actor.need(Permission.BUDGET_PROPOSE)
    async with db.unit_of_work(actor):
        programme = Programme(
            code=code, name=name, name_en=name_en, instrument=instrument, department=department
        )
        await Programme.insert(programme)
        await record(actor, Case("programme", programme.id), "add", facts={"code": code})
    return int(programme.id)


async def open_line(
    actor: Actor,
    *,
    code: str,
    programme_id: int,
    fund_source_id: int,
    fiscal_year: int,
    func_code: str,
    gov_eco_code: str,
    dept_eco_code: str,
) -> int:
    """Open a budget line with empty balances; answers its id.

    Raises RuleBroken where the fund source may not pay the programme (domain §1.6), or a code
    stands in no list.
    """
    actor.need(Permission.BUDGET_PROPOSE)
    async with db.unit_of_work(actor):
        known = (await policy_on("budget_codes", BudgetCodes, date(fiscal_year, 1, 1))).body
        unknown = codes_are_known(known, func_code, gov_eco_code, dept_eco_code)
        if unknown:
            raise unknown
        line_id = await insert_line(
            code,
            programme_id,
            fund_source_id,
            fiscal_year,
            (func_code, gov_eco_code, dept_eco_code),
        )
        await _refuse_denied_fund(await queries.line(line_id), date(fiscal_year, 1, 1))
        await record(actor, Case("budget_line", line_id), "open", facts={"code": code})
    return line_id


async def insert_line(
    code: str, programme_id: int, fund_source_id: int, year: int, codes: tuple[str, str, str]
) -> int:
    line_id = await db.value(
        """
        INSERT INTO budget_line (code, programme, fund_source, fiscal_year, func_code,
                                 gov_eco_code, dept_eco_code, state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'OPEN') RETURNING id
        """,
        code,
        programme_id,
        fund_source_id,
        year,
        *codes,
    )
    await db.execute(
        """
        INSERT INTO line_balance (id, quota_fen, available_fen, committed_fen, payable_fen,
                                  in_bank_fen, paid_fen, surrendered_fen)
        VALUES ($1, 0, 0, 0, 0, 0, 0, 0)
        """,
        line_id,
    )
    return int(line_id)


async def _refuse_denied_fund(line: queries.Line, on: date) -> None:
    matrix = await policy_on("fund_matrix", FundMatrix, on)
    refusal = fund_may_pay(matrix.body, line.instrument, line.fund_kind)
    if refusal:
        raise refusal


async def propose_quota(
    actor: Actor,
    *,
    kind: QuotaKind,
    line_id: int,
    amount_fen: Fen,
    document_no: str,
    issued_on: date,
    to_line_id: int | None = None,
    reason: str = "",
) -> int:
    """Propose a quota movement under its document; answers its id. Nothing moves yet."""
    actor.need(Permission.BUDGET_PROPOSE)
    if kind not in PROPOSABLE:
        raise RuleBroken("budget.not_proposable", N_("Closing the year posts this by itself."))
    async with db.unit_of_work(actor):
        line = await queries.line(line_id)
        target = await queries.line(to_line_id) if to_line_id else None
        refusal = _against_quota(kind, line, target, amount_fen)
        if refusal:
            raise refusal
        await _refuse_denied_fund(target or line, issued_on)
        number = f"指{line.fiscal_year}-{await db.next_number(f'quota-{line.fiscal_year}'):04d}"
        movement = QuotaMovement(
            number=number,
            kind=kind,
            line=line_id,
            to_line=to_line_id,
            amount_fen=amount_fen,
            document_no=document_no,
            issued_on=issued_on,
            reason=reason,
            state=ProposalState.PROPOSED,
            proposed_by_person=actor.person_id,
            version=1,
        )
        await QuotaMovement.insert(movement)
        case = Case("quota_movement", movement.id)
        await take_duty(actor, case, "propose")
        await record(
            actor,
            case,
            "propose",
            after=ProposalState.PROPOSED,
            reason=reason,
            facts={"amount_fen": amount_fen, "document_no": document_no},
        )
    return int(movement.id)


def _against_quota(
    kind: QuotaKind, line: queries.Line, target: queries.Line | None, amount_fen: int
) -> Refusal | None:
    """What the state of the lines says against a movement."""
    refusal = line_is_open(line.state)
    if target is not None:
        refusal = refusal or line_is_open(target.state)
        refusal = refusal or transfer_keeps_year(line.fiscal_year, target.fiscal_year)
    if kind not in QUOTA_IN:
        refusal = refusal or line_has_left(line.balance.available_fen, amount_fen)
        if line.months_fen is not None:
            left = line.balance.quota_fen - amount_fen
            refusal = refusal or cash_plan_within_quota(line.months_fen, left)
    return refusal


async def approve_quota(actor: Actor, movement_id: int, *, on: date) -> None:
    """Post a proposed movement to the ledger; raises the rule that speaks against it."""
    async with db.unit_of_work(actor):
        movement = await queries.quota_movement(movement_id, lock=True)
        touched = [movement.line_id] + ([movement.to_line_id] if movement.to_line_id else [])
        lines = await queries.lock_lines(touched)
        line = lines[movement.line_id]
        target = lines[movement.to_line_id] if movement.to_line_id else None
        kind = QuotaKind(movement.kind)
        objection = _against_quota(kind, line, target, movement.amount_fen)
        await _decide(actor, "approve", movement, objection, "")
        await _refuse_denied_fund(target or line, on)
        case, key = Case("quota_movement", movement_id), f"quota:{movement_id}"
        if kind in QUOTA_IN:
            await ledger.move(
                actor, ledger.RECEIVE, movement.amount_fen, of=line.id, case=case, key=key, on=on
            )
            return
        await ledger.move(
            actor, ledger.WITHDRAW, movement.amount_fen, of=line.id, case=case, key=key, on=on
        )
        if target is not None:
            await ledger.move(
                actor,
                ledger.RECEIVE,
                movement.amount_fen,
                of=target.id,
                case=case,
                key=f"{key}:to",
                on=on,
            )


async def reject_quota(actor: Actor, movement_id: int, *, reason: str) -> None:
    """Refuse a proposed movement, with the reason its proposer will read."""
    async with db.unit_of_work(actor):
        movement = await queries.quota_movement(movement_id, lock=True)
        await _decide(actor, "reject", movement, None, reason)


async def withdraw_quota(actor: Actor, movement_id: int) -> None:
    """Take back one's own proposal."""
    async with db.unit_of_work(actor):
        movement = await queries.quota_movement(movement_id, lock=True)
        await _decide(actor, "withdraw", movement, None, "")


async def _decide(
    actor: Actor,
    verb: str,
    movement: queries.QuotaMovement,
    objection: Refusal | None,
    reason: str,
) -> None:
    after = PROPOSAL.take(
        verb,
        movement.state,
        actor,
        ProposalCase(movement.proposed_by_person, actor.person_id, objection),
    )
    case = Case("quota_movement", movement.id)
    if verb != "withdraw":
        await take_duty(actor, case, "decide")
    await db.execute(
        """
        UPDATE quota_movement SET state = $2, decided_by_person = $3, decided_at = $4,
               version = version + 1 WHERE id = $1
        """,
        movement.id,
        after,
        actor.person_id,
        calendar.now(),
    )
    await record(actor, case, verb, before=movement.state, after=after, reason=reason)


async def propose_cash_plan(actor: Actor, line_id: int, months_fen: Sequence[int]) -> int:
    """Propose a line's twelve monthly amounts; answers the revision's id."""
    actor.need(Permission.BUDGET_PROPOSE)
    if len(months_fen) != 12:
        raise ValueError("a cash plan has twelve months")
    async with db.unit_of_work(actor):
        line = (await queries.lock_lines([line_id]))[line_id]
        refusal = line_is_open(line.state) or cash_plan_within_quota(
            months_fen, line.balance.quota_fen
        )
        if refusal:
            raise refusal
        revision = await db.value(
            "SELECT coalesce(max(revision), 0) + 1 FROM cash_plan WHERE line = $1", line_id
        )
        plan = CashPlan(
            line=line_id,
            revision=revision,
            months_fen=list(months_fen),
            state=ProposalState.PROPOSED,
            proposed_by_person=actor.person_id,
        )
        await CashPlan.insert(plan)
        case = Case("cash_plan", plan.id)
        await take_duty(actor, case, "propose")
        await record(actor, case, "propose", after=ProposalState.PROPOSED)
    return int(plan.id)


async def decide_cash_plan(
    actor: Actor, plan_id: int, verb: str, *, on: date, reason: str = ""
) -> None:
    """Approve or reject a proposed plan; an approved one replaces the plan before it."""
    refuse_no_decision(verb)
    async with db.unit_of_work(actor):
        plan = await queries.cash_plan(plan_id, lock=True)
        line = (await queries.lock_lines([plan.line_id]))[plan.line_id]
        objection = cash_plan_within_quota(plan.months_fen, line.balance.quota_fen)
        if objection is None and sum(plan.months_fen[: on.month]) < line.balance.drawn_fen:
            objection = RuleBroken(
                "budget.plan_below_drawn",
                N_("{amount} yuan is approved or paid already; the plan has to cover it."),
                amount=yuan_text(line.balance.drawn_fen),
            )
        after = PROPOSAL.take(
            verb,
            plan.state,
            actor,
            ProposalCase(plan.proposed_by_person, actor.person_id, objection),
        )
        case = Case("cash_plan", plan_id)
        await take_duty(actor, case, "decide")
        if after == ProposalState.APPROVED:
            await supersede_plan(actor, plan.line_id)
        await db.execute(
            "UPDATE cash_plan SET state = $2, decided_by_person = $3, decided_at = $4 "
            "WHERE id = $1",
            plan_id,
            after,
            actor.person_id,
            calendar.now(),
        )
        await record(actor, case, verb, before=plan.state, after=after, reason=reason)


async def supersede_plan(actor: Actor, line_id: int) -> None:
    standing = await db.value(
        "SELECT id FROM cash_plan WHERE line = $1 AND state = 'APPROVED' FOR NO KEY UPDATE", line_id
    )
    if standing is None:
        return
    after = PROPOSAL.take(
        "supersede", ProposalState.APPROVED, actor, ProposalCase(0, actor.person_id)
    )
    await db.execute("UPDATE cash_plan SET state = $2 WHERE id = $1", standing, after)
    await record(
        actor,
        Case("cash_plan", standing),
        "supersede",
        before=ProposalState.APPROVED,
        after=after,
    )
