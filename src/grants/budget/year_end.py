"""Closing a fiscal year: computed, proposed by one person, posted by another (预算法 第42条)."""

from __future__ import annotations

from datetime import date

from grants.budget import ledger, queries
from grants.budget.actions import insert_line
from grants.budget.commitments import commitments_of
from grants.budget.rules import (
    LineEnd,
    year_end_of,
)
from grants.budget.workflow import PROPOSAL, ProposalCase, ProposalState, refuse_no_decision
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, Refusal, RuleBroken
from grants.kernel.identity import Actor, Permission
from grants.kernel.money import Fen
from grants.platform import db
from grants.platform.audit import Case, record, take_duty


async def preview_year_end(fiscal_year: int) -> list[LineEnd | Refusal]:
    """What closing the year would do to each line, by line."""
    return [year_end_of(line.id, line.balance) for line in await queries.lines_of_year(fiscal_year)]


async def propose_year_end(actor: Actor, fiscal_year: int, document_no: str) -> int:
    """Propose to close a year: carry-over and surplus of each line as they stand now."""
    actor.need(Permission.BUDGET_PROPOSE)
    async with db.unit_of_work(actor):
        ends = await _year_ends(fiscal_year)
        proposal_id = await db.value(
            """
            INSERT INTO year_end (fiscal_year, state, document_no, lines, proposed_by_person)
            VALUES ($1, 'PROPOSED', $2, $3, $4) RETURNING id
            """,
            fiscal_year,
            document_no,
            [
                {"line_id": e.line_id, "carried_fen": e.carried_fen, "surplus_fen": e.surplus_fen}
                for e in ends
            ],
            actor.person_id,
        )
        case = Case("year_end", proposal_id)
        await take_duty(actor, case, "propose")
        await record(actor, case, "propose", after=ProposalState.PROPOSED)
    return int(proposal_id)


async def _year_ends(fiscal_year: int) -> list[LineEnd]:
    """The year's lines, locked, with what closing does to each; raises the first refusal."""
    ids = [line.id for line in await queries.lines_of_year(fiscal_year) if line.state == "OPEN"]
    if not ids:
        raise RuleBroken("budget.year_empty", N_("This year has no open budget lines."))
    ends: list[LineEnd] = []
    for line in (await queries.lock_lines(ids)).values():
        end = year_end_of(line.id, line.balance)
        if isinstance(end, Refusal):
            raise end
        ends.append(end)
    return ends


async def decide_year_end(
    actor: Actor, fiscal_year: int, verb: str, *, on: date, reason: str = ""
) -> None:
    """Approve or reject closing a year.

    Approval carries what is committed into the next year's lines, takes back what is
    free, and closes the old lines (预算法 第42条). Raises Conflict when the figures have
    changed since the proposal.
    """
    refuse_no_decision(verb)
    async with db.unit_of_work(actor):
        proposal = await queries.year_end(fiscal_year, lock=True)
        if proposal is None:
            raise Conflict("budget.no_year_end", N_("Nobody has proposed to close this year."))
        after = PROPOSAL.take(
            verb,
            proposal.state,
            actor,
            ProposalCase(proposal.proposed_by_person, actor.person_id),
        )
        case = Case("year_end", proposal.id)
        await take_duty(actor, case, "decide")
        if after == ProposalState.APPROVED:
            ends = await _year_ends(fiscal_year)
            proposed = {e["line_id"]: (e["carried_fen"], e["surplus_fen"]) for e in proposal.lines}
            if proposed != {e.line_id: (e.carried_fen, e.surplus_fen) for e in ends}:
                raise Conflict(
                    "budget.figures_moved",
                    N_("The figures have changed since the proposal; propose it anew."),
                )
            for end in ends:
                await _close_line(actor, end, case, on)
        await db.execute(
            "UPDATE year_end SET state = $2, decided_by_person = $3, decided_at = $4 WHERE id = $1",
            proposal.id,
            after,
            actor.person_id,
            calendar.now(),
        )
        await record(actor, case, verb, before=proposal.state, after=after, reason=reason)


async def _close_line(actor: Actor, end: LineEnd, case: Case, on: date) -> None:
    """Carry one line's commitments into the next year, take back the rest, close it."""
    line = await queries.line(end.line_id)
    last_day = date(line.fiscal_year, 12, 31)
    first_day = date(line.fiscal_year + 1, 1, 1)
    held = [c for c in await commitments_of(line_id=line.id, lock=True) if c.committed_fen > 0]
    for commitment in held:
        await ledger.move(
            actor,
            ledger.RELEASE,
            commitment.committed_fen,
            of=commitment.id,
            case=case,
            key=f"year-end:{line.fiscal_year}:release:{commitment.id}",
            on=last_day,
        )
    going = Fen(end.carried_fen + end.surplus_fen)
    if going:
        await ledger.move(
            actor,
            ledger.WITHDRAW,
            going,
            of=line.id,
            case=case,
            key=f"year-end:{line.fiscal_year}:out:{line.id}",
            on=last_day,
        )
    if end.carried_fen:
        next_id = await _next_years_line(line)
        await queries.lock_lines([next_id])
        await ledger.move(
            actor,
            ledger.RECEIVE,
            end.carried_fen,
            of=next_id,
            case=case,
            key=f"year-end:{line.fiscal_year}:in:{line.id}",
            on=first_day,
        )
        for commitment in held:
            successor = await ledger.open_commitment(next_id, commitment.award_id)
            await ledger.move(
                actor,
                ledger.COMMIT,
                commitment.committed_fen,
                of=successor,
                case=case,
                key=f"year-end:{line.fiscal_year}:commit:{commitment.id}",
                on=first_day,
            )
    await db.execute("UPDATE budget_line SET state = 'CLOSED' WHERE id = $1", line.id)
    await record(
        actor,
        Case("budget_line", line.id),
        "close",
        facts={"carried_fen": end.carried_fen, "surplus_fen": end.surplus_fen},
    )


async def _next_years_line(line: queries.Line) -> int:
    year = line.fiscal_year + 1
    known = await queries.line_of(line.programme_id, line.fund_source_id, year)
    if known:
        return known.id
    code = line.code.replace(str(line.fiscal_year), str(year), 1)
    return await insert_line(
        code if code != line.code else f"{line.code}-{year}",
        line.programme_id,
        line.fund_source_id,
        year,
        (line.func_code, line.gov_eco_code, line.dept_eco_code),
    )
