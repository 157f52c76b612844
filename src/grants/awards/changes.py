"""Changes of an active award: what is still open of it gets another amount, day or line.

Proposed by one, decided by another. What is asked for or paid stays as it is; money that
the award needs more is committed, money it needs less is released, line by line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from grants.awards import clawbacks, queries
from grants.awards.actions import award_case, take_step
from grants.awards.rules import (
    OpenPart,
    PartPlan,
    amount_after_change,
    change_names_open_parts,
    changed_parts_fall_in_their_year,
    line_differences,
    minutes_for_amount,
    set_off_takes_away,
)
from grants.awards.shares import bear_more
from grants.awards.tiers import ApprovalTiers
from grants.awards.workflow import CHANGE, AwardState, InstalmentState
from grants.budget import queries as budget
from grants.budget.rules import FundMatrix, fund_may_pay, line_has_left, line_is_open
from grants.budget.workflow import ProposalCase, ProposalState
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, NotFound, Refusal, RuleBroken
from grants.kernel.identity import Actor, Permission
from grants.kernel.money import Fen
from grants.platform import db
from grants.platform.audit import Case, record, take_duty
from grants.platform.policy import policy_on

_KIND = "award_change"

db.explain_constraint(
    "award_change_one_proposed",
    Conflict,
    "award.change_waits",
    N_("A change of this award waits for its decision already."),
)


@dataclass(frozen=True)
class AwardChange:
    """A change as pages and actions read it; `before_fen` is the award when it was proposed."""

    id: int
    number: str
    award_id: int
    parts: Sequence[PartPlan]
    before_fen: Fen
    after_fen: Fen
    reason: str
    minutes_no: str
    clawback_id: int | None
    clawback_number: str | None
    state: str
    proposed_by_person: int
    proposer: str


_CHANGE = """
SELECT c.id, c.number, c.award AS award_id, c.parts, c.before_fen, c.after_fen, c.reason,
       c.minutes_no, c.clawback AS clawback_id, k.number AS clawback_number, c.state,
       c.proposed_by_person, p.name AS proposer
FROM award_change c
JOIN person p ON p.id = c.proposed_by_person
LEFT JOIN clawback k ON k.id = c.clawback
"""


def _change(found: Mapping[str, Any]) -> AwardChange:
    parts = [
        PartPlan(**{**part, "due_on": date.fromisoformat(part["due_on"])})
        for part in found["parts"]
    ]
    return AwardChange(**{**found, "parts": parts})


async def changes_of(award_id: int) -> list[AwardChange]:
    """The changes of an award, newest first."""
    found = await db.rows(_CHANGE + "WHERE c.award = $1 ORDER BY c.id DESC", award_id)
    return [_change(r) for r in found]


@dataclass(frozen=True)
class WaitingChange:
    """A change that waits for its decision, as a list shows it."""

    number: str
    award_id: int
    award_number: str
    award_title: str
    before_fen: Fen
    after_fen: Fen
    reason: str
    proposer: str


async def waiting_changes() -> list[WaitingChange]:
    """Changes that wait for their decision, oldest first."""
    found = await db.rows(
        """
        SELECT c.number, a.id AS award_id, a.number AS award_number, a.title AS award_title,
               c.before_fen, c.after_fen, c.reason, p.name AS proposer
        FROM award_change c JOIN award a ON a.id = c.award
        JOIN person p ON p.id = c.proposed_by_person
        WHERE c.state = 'PROPOSED' ORDER BY c.id
        """
    )
    return [WaitingChange(**r) for r in found]


async def change(change_id: int, *, lock: bool = False) -> AwardChange:
    """One change; raises NotFound."""
    found = await db.row(
        _CHANGE + "WHERE c.id = $1" + (" FOR NO KEY UPDATE OF c" if lock else ""), change_id
    )
    if found is None:
        raise NotFound()
    return _change(found)


async def open_parts(award_id: int) -> list[queries.Instalment]:
    """The instalments that nobody has asked for, in order."""
    return [i for i in await queries.instalments(award_id) if i.state == InstalmentState.OPEN]


def _standing(parts: Sequence[queries.Instalment]) -> list[OpenPart]:
    return [OpenPart(part.id, part.line_id, part.amount_fen) for part in parts]


def _refuse(refusal: Refusal | None) -> None:
    if refusal:
        raise refusal


async def propose_change(
    actor: Actor,
    award_id: int,
    parts: Sequence[PartPlan],
    *,
    reason: str,
    minutes_no: str = "",
    clawback_id: int | None = None,
    seen_version: int,
    today: date,
) -> int:
    """Propose what becomes of every open instalment; answers the change's id.

    Nothing moves until another person approves. With `clawback_id`, what is taken away sets
    that claim off. Raises RuleBroken where days, lines or amounts do not fit, Conflict on a
    stale page or while another change waits.
    """
    actor.need(Permission.AWARD_CREATE)
    async with db.unit_of_work(actor):
        return await lay_change(
            actor,
            award_id,
            parts,
            reason=reason,
            minutes_no=minutes_no,
            clawback_id=clawback_id,
            seen_version=seen_version,
            today=today,
        )


async def lay_change(
    actor: Actor,
    award_id: int,
    parts: Sequence[PartPlan],
    *,
    reason: str,
    minutes_no: str = "",
    clawback_id: int | None = None,
    seen_version: int,
    today: date,
) -> int:
    """The same within the open unit of work of what wants the change."""
    award = await queries.award(actor, award_id, lock=True)
    if award.state != AwardState.ACTIVE:
        raise RuleBroken("award.not_active", N_("The award is not active."))
    if seen_version != award.version:
        raise Conflict(
            "award.stale", N_("Somebody changed this award since you opened it. Look again.")
        )
    standing = _standing(await open_parts(award_id))
    _refuse(change_names_open_parts(standing, parts))
    _refuse(changed_parts_fall_in_their_year(parts))
    after = amount_after_change(award.amount_fen, standing, parts)
    if isinstance(after, Refusal):
        raise after
    await _refuse_foreign_lines(award, parts)
    if clawback_id is not None:
        _refuse(await _against_set_off(award, clawback_id, after))
    now = calendar.now()
    change_id = int(
        await db.value(
            """
            INSERT INTO award_change (number, award, parts, before_fen, after_fen, reason,
                minutes_no, clawback, state, proposed_by_person, proposed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'PROPOSED', $9, $10) RETURNING id
            """,
            f"变〔{today.year}〕{await db.next_number(f'award-change-{today.year}'):04d}",
            award_id,
            [{**asdict(part), "due_on": part.due_on.isoformat()} for part in parts],
            award.amount_fen,
            after,
            reason,
            minutes_no,
            clawback_id,
            actor.person_id,
            now,
        )
    )
    await take_duty(actor, Case(_KIND, change_id), "propose")
    await record(
        actor,
        Case(_KIND, change_id),
        "propose",
        after=ProposalState.PROPOSED,
        reason=reason,
        facts={"before_fen": award.amount_fen, "after_fen": after},
    )
    return change_id


async def _refuse_foreign_lines(award: queries.Award, parts: Sequence[PartPlan]) -> None:
    for line_id, year in sorted({(p.line_id, p.fiscal_year) for p in parts if p.amount_fen}):
        line = await budget.line(line_id)
        if line.programme_id != award.programme_id or line.fiscal_year != year:
            raise RuleBroken(
                "award.foreign_line",
                N_("Budget line {line} belongs to another programme or year."),
                line=line.code,
            )


async def _against_set_off(
    award: queries.Award, clawback_id: int, after_fen: Fen
) -> Refusal | None:
    claim = await clawbacks.clawback(clawback_id)
    payee = (award.organisation_id, award.person_id)
    if (claim.organisation_id, claim.person_id) != payee:
        return RuleBroken("clawback.other_payee", N_("This claim is on another payee."))
    return set_off_takes_away(award.amount_fen, after_fen, claim.owed_fen)


async def decide_change(
    actor: Actor, change_id: int, verb: str, *, today: date, reason: str = ""
) -> None:
    """Approve, reject or withdraw a proposed change.

    Approval locks the award, then its lines, commits and releases the differences, and writes
    the instalments. Raises Conflict when an instalment was asked for since, RuleBroken where
    a line is short, closed or may not pay, NotAllowed for who proposed it.
    """
    async with db.unit_of_work(actor):
        await decide_laid_change(actor, change_id, verb, today=today, reason=reason)


async def decide_laid_change(
    actor: Actor, change_id: int, verb: str, *, today: date, reason: str = ""
) -> None:
    """The same within the open unit of work of what wanted the change."""
    proposed = await change(change_id, lock=True)
    award = await queries.award(actor, proposed.award_id, lock=True)
    standing = _standing(await open_parts(award.id))
    differences = line_differences(standing, proposed.parts)
    objection = None
    if verb == "approve":
        lines = await budget.lock_lines(
            sorted({p.line_id for p in proposed.parts} | {s.line_id for s in standing})
        )
        objection = await _against(award, proposed, standing, lines, differences, today)
    case = ProposalCase(proposed.proposed_by_person, actor.person_id, objection)
    after = CHANGE.take(verb, proposed.state, actor, case)
    if verb != "withdraw":
        await take_duty(actor, Case(_KIND, change_id), "decide")
    await db.execute(
        "UPDATE award_change SET state = $2, decided_by_person = $3, decided_at = $4 WHERE id = $1",
        change_id,
        after,
        actor.person_id,
        calendar.now(),
    )
    await record(
        actor, Case(_KIND, change_id), verb, before=proposed.state, after=after, reason=reason
    )
    if after == ProposalState.APPROVED:
        await _carry_out(actor, award, proposed, differences, today)


async def _against(
    award: queries.Award,
    change: AwardChange,
    standing: Sequence[OpenPart],
    lines: Mapping[int, budget.Line],
    differences: Mapping[int, int],
    today: date,
) -> Refusal | None:
    """What speaks against carrying the change out now."""
    this_year = calendar.fiscal_year(today)
    moved_on = change_names_open_parts(standing, change.parts)
    if moved_on or award.amount_fen != change.before_fen:
        return moved_on or Conflict(
            "award.stale", N_("Somebody changed this award since you opened it. Look again.")
        )
    if change.after_fen > change.before_fen:
        tiers = (await policy_on("approval_tiers", ApprovalTiers, today)).body
        minutes = change.minutes_no or award.minutes_no
        needed = tiers.tier(change.after_fen).minutes_needed
        if refusal := minutes_for_amount(needed, minutes):
            return refusal
    for share in await queries.shares(award.id):
        if share.commitment_id is None and share.amount_fen and share.fiscal_year <= this_year:
            return RuleBroken(
                "payment.year_not_committed",
                N_("The share of {year} is not committed yet."),
                year=share.fiscal_year,
            )
    matrix = (await policy_on("fund_matrix", FundMatrix, today)).body
    for line_id, more_fen in differences.items():
        line = lines[line_id]
        refusal = line_is_open(line.state)
        if more_fen > 0:
            refusal = refusal or fund_may_pay(matrix, line.instrument, line.fund_kind)
            if line.fiscal_year < this_year:
                refusal = refusal or RuleBroken(
                    "award.past_year", N_("A line of a past year takes no new commitment.")
                )
            if line.fiscal_year == this_year:
                refusal = refusal or line_has_left(line.balance.available_fen, more_fen)
        if refusal:
            return refusal
    if change.clawback_id is not None:
        return await _against_set_off(award, change.clawback_id, change.after_fen)
    return None


async def _carry_out(
    actor: Actor,
    award: queries.Award,
    change: AwardChange,
    differences: Mapping[int, int],
    today: date,
) -> None:
    for line_id, more_fen in differences.items():
        key = f"award_change:{change.id}:{line_id}"
        await bear_more(actor, change.award_id, line_id, more_fen, key=key, today=today)
    await _write_parts(change)
    case = award_case(actor, award, award.version)
    await take_step(actor, "amend", award, case, f"{change.number} {change.reason}")
    await db.execute("UPDATE award SET amount_fen = $2 WHERE id = $1", award.id, change.after_fen)
    if change.clawback_id is not None:
        await clawbacks.recover(
            actor,
            change.clawback_id,
            Fen(change.before_fen - change.after_fen),
            source=Case(_KIND, change.id),
            on=today,
        )


async def _write_parts(change: AwardChange) -> None:
    """Write the instalments; a condition that became another has to be met anew."""
    shares = {s.line_id: s.id for s in await queries.shares(change.award_id)}
    last = max(i.sequence for i in await queries.instalments(change.award_id))
    for part in change.parts:
        if part.instalment_id is None:
            last += 1
            await db.execute(
                "INSERT INTO instalment (award, share, sequence, amount_fen, condition, due_on, "
                "condition_evidence, state) VALUES ($1, $2, $3, $4, $5, $6, '', 'OPEN')",
                change.award_id,
                shares[part.line_id],
                last,
                part.amount_fen,
                part.condition,
                part.due_on,
            )
        elif part.amount_fen == 0:
            await db.execute(
                "UPDATE instalment SET state = 'CANCELLED' WHERE id = $1", part.instalment_id
            )
        else:
            await db.execute(
                """
                UPDATE instalment SET share = $2, amount_fen = $3, due_on = $4, condition = $5,
                    condition_met_on = CASE WHEN condition = $5 THEN condition_met_on END,
                    condition_evidence =
                        CASE WHEN condition = $5 THEN condition_evidence ELSE '' END
                WHERE id = $1
                """,
                part.instalment_id,
                shares[part.line_id],
                part.amount_fen,
                part.due_on,
                part.condition,
            )
