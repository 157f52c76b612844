"""The verbs of awards: create, change, approve, withdraw; how they end stands in `endings`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from grants.awards import queries
from grants.awards.rules import (
    AwardCase,
    InstalmentPlan,
    SharePlan,
    instalments_add_up,
    instalments_fall_in_their_year,
    shares_add_up,
)
from grants.awards.shares import against_lines, commit_share, follow_carry_over
from grants.awards.tables import Award
from grants.awards.tiers import ApprovalTiers
from grants.awards.workflow import AWARD, AwardState
from grants.budget import queries as budget
from grants.budget.commitments import commitments_of
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.identity import Actor, Permission
from grants.kernel.money import Fen
from grants.platform import db
from grants.platform.audit import Case, hold_duty, record, take_duty
from grants.platform.policy import policy_on


@dataclass(frozen=True)
class AwardPlan:
    """Everything an award says before it is approved. Exactly one payee is given."""

    programme_id: int
    title: str
    purpose: str
    amount_fen: Fen
    shares: Sequence[SharePlan]
    instalments: Sequence[InstalmentPlan]
    organisation_id: int | None = None
    person_id: int | None = None
    basis: str = ""
    minutes_no: str = ""
    decided_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None

    def refusal(self) -> Refusal | None:
        """The first reason why the plan does not add up."""
        return (
            shares_add_up(self.amount_fen, self.shares)
            or instalments_add_up(self.shares, self.instalments)
            or instalments_fall_in_their_year(self.shares, self.instalments)
        )


async def create_award(actor: Actor, plan: AwardPlan, *, today: date) -> int:
    """A new draft award; answers its id. Nothing is committed until another approves it.

    Raises RuleBroken where shares or instalments do not add up, or a line belongs to
    another programme.
    """
    actor.need(Permission.AWARD_CREATE)
    async with db.unit_of_work(actor):
        return await insert_award(actor, plan, today=today, made_by_person=actor.person_id)


async def insert_award(
    actor: Actor, plan: AwardPlan, *, today: date, made_by_person: int, origin: str = "MANUAL"
) -> int:
    """The same within the open unit of work, for whoever drew it up; answers its id."""
    _refuse(plan.refusal())
    await _refuse_foreign_lines(plan)
    year = calendar.fiscal_year(today)
    award = Award(
        number=f"助〔{year}〕{await db.next_number(f'award-{year}'):04d}",
        programme=plan.programme_id,
        organisation=plan.organisation_id,
        person=plan.person_id,
        title=plan.title,
        purpose=plan.purpose,
        amount_fen=plan.amount_fen,
        state=AwardState.DRAFT,
        basis=plan.basis,
        minutes_no=plan.minutes_no,
        decided_on=plan.decided_on,
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
        origin=origin,
        funder_id="",
        external_id=None,
        created_by_person=made_by_person,
        version=1,
    )
    await Award.insert(award)
    await _write_plan(award.id, plan)
    case = Case("award", award.id)
    await hold_duty(made_by_person, case, "create")
    await record(
        actor, case, "create", after=AwardState.DRAFT, facts={"amount_fen": plan.amount_fen}
    )
    return int(award.id)


def _refuse(refusal: Refusal | None) -> None:
    if refusal:
        raise refusal


async def _refuse_foreign_lines(plan: AwardPlan) -> None:
    for share in plan.shares:
        line = await budget.line(share.line_id)
        if line.programme_id != plan.programme_id or line.fiscal_year != share.fiscal_year:
            raise RuleBroken(
                "award.foreign_line",
                N_("Budget line {line} belongs to another programme or year."),
                line=line.code,
            )


async def _write_plan(award_id: int, plan: AwardPlan) -> None:
    """Write shares and instalments anew; only drafts are written so."""
    await db.execute("DELETE FROM instalment WHERE award = $1", award_id)
    await db.execute("DELETE FROM award_share WHERE award = $1", award_id)
    share_ids = {
        share.line_id: await db.value(
            "INSERT INTO award_share (award, line, fiscal_year, amount_fen) "
            "VALUES ($1, $2, $3, $4) RETURNING id",
            award_id,
            share.line_id,
            share.fiscal_year,
            share.amount_fen,
        )
        for share in plan.shares
    }
    await db.write_many(
        "INSERT INTO instalment (award, share, sequence, amount_fen, condition, due_on, "
        "opened_by, condition_evidence, state) VALUES ($1, $2, $3, $4, $5, $6, $7, '', 'OPEN')",
        [
            (
                award_id,
                share_ids[i.line_id],
                sequence,
                i.amount_fen,
                i.condition,
                i.due_on,
                i.opened_by,
            )
            for sequence, i in enumerate(plan.instalments, start=1)
        ],
    )


async def change_award(actor: Actor, award_id: int, plan: AwardPlan, *, seen_version: int) -> None:
    """Change a draft; raises Conflict on a stale page."""
    _refuse(plan.refusal())
    async with db.unit_of_work(actor):
        found = await queries.award(actor, award_id, lock=True)
        await _refuse_foreign_lines(plan)
        await take_step(actor, "edit", found, award_case(actor, found, seen_version), "")
        await db.execute(
            """
            UPDATE award SET title = $2, purpose = $3, amount_fen = $4, basis = $5,
                   minutes_no = $6, decided_on = $7, starts_on = $8, ends_on = $9,
                   organisation = $10, person = $11, programme = $12
            WHERE id = $1
            """,
            award_id,
            plan.title,
            plan.purpose,
            plan.amount_fen,
            plan.basis,
            plan.minutes_no,
            plan.decided_on,
            plan.starts_on,
            plan.ends_on,
            plan.organisation_id,
            plan.person_id,
            plan.programme_id,
        )
        await _write_plan(award_id, plan)


async def approve_award(
    actor: Actor, award_id: int, *, seen_version: int, today: date, reason: str = ""
) -> None:
    """Approve a draft: commit this year's shares; later years commit when they come.

    Raises RuleBroken where a line is short, closed or may not pay this kind of award.
    """
    async with db.unit_of_work(actor):
        await commit_award(actor, award_id, seen_version=seen_version, today=today, reason=reason)


async def commit_award(
    actor: Actor, award_id: int, *, seen_version: int, today: date, reason: str = ""
) -> None:
    """The same within the open unit of work."""
    found = await queries.award(actor, award_id, lock=True)
    shares = await queries.shares(award_id)
    lines = await budget.lock_lines([share.line_id for share in shares])
    this_year = calendar.fiscal_year(today)
    objection = await against_lines(shares, lines, this_year, today)
    tiers = (await policy_on("approval_tiers", ApprovalTiers, today)).body
    case = award_case(
        actor, found, seen_version, objection, tiers.tier(found.amount_fen).minutes_needed
    )
    await take_duty(actor, Case("award", award_id), "approve")
    await take_step(actor, "approve", found, case, reason)
    for share in shares:
        if share.fiscal_year <= this_year and share.amount_fen:
            await commit_share(actor, award_id, share, today)
    await db.execute(
        "UPDATE award SET decided_on = coalesce(decided_on, $2) WHERE id = $1", award_id, today
    )


async def commit_years_shares(actor: Actor, award_id: int, *, today: date) -> int:
    """Commit the shares of a multi-year award whose year has come; answers how many.

    Commitments of a year draw that year's quota only, one row per year (domain §1.5).
    What was carried over from the year before lies on the new line already.
    """
    async with db.unit_of_work(actor):
        found = await queries.award(actor, award_id, lock=True)
        await follow_carry_over(actor, award_id)
        carried = {c.line_id: c.amount_fen for c in await commitments_of(award_id=award_id)}
        waiting = [
            replace(share, amount_fen=Fen(share.amount_fen - carried.get(share.line_id, 0)))
            for share in await queries.shares(award_id)
            if share.commitment_id is None
            and share.amount_fen
            and share.fiscal_year == calendar.fiscal_year(today)
        ]
        if found.state != AwardState.ACTIVE or not waiting:
            return 0
        lines = await budget.lock_lines([share.line_id for share in waiting])
        _refuse(await against_lines(waiting, lines, calendar.fiscal_year(today), today))
        for share in waiting:
            await commit_share(actor, award_id, share, today)
        await record(
            actor,
            Case("award", award_id),
            "commit_year",
            before=found.state,
            after=found.state,
            facts={"fiscal_year": calendar.fiscal_year(today)},
        )
    return len(waiting)


async def withdraw_award(actor: Actor, award_id: int, *, reason: str) -> None:
    """Take back a draft."""
    async with db.unit_of_work(actor):
        found = await queries.award(actor, award_id, lock=True)
        await take_step(actor, "withdraw", found, award_case(actor, found, found.version), reason)


async def record_grade(actor: Actor, award_id: int, grade: str, *, basis: str) -> None:
    """Remember the grade that an evaluation gave, within its open unit of work."""
    found = await queries.award(actor, award_id, lock=True)
    await db.execute("UPDATE award SET grade = $2 WHERE id = $1", award_id, grade)
    await record(
        actor,
        Case("award", award_id),
        "grade",
        before=found.state,
        after=found.state,
        reason=basis,
        facts={"grade": grade},
    )


async def move_days(actor: Actor, award_id: int, *, starts_on: date, ends_on: date) -> None:
    """Move the days of an award's project, within the open unit of work of what decided it."""
    found = await queries.award(actor, award_id, lock=True)
    if (found.starts_on, found.ends_on) == (starts_on, ends_on):
        return
    await db.execute(
        "UPDATE award SET starts_on = $2, ends_on = $3 WHERE id = $1", award_id, starts_on, ends_on
    )
    await record(
        actor,
        Case("award", award_id),
        "move_days",
        before=found.state,
        after=found.state,
        facts={"starts_on": starts_on, "ends_on": ends_on},
    )


async def record_notice(
    actor: Actor, award_id: int, *, first: date, last: date, objections: str
) -> None:
    """Record the public notice of an award: its days, and whether objections are open.

    The payment gate counts its working days. Raises RuleBroken where it ends before it begins.
    """
    actor.need(Permission.AWARD_CREATE)
    if last < first:
        raise RuleBroken("award.notice_backwards", N_("The notice ends before it begins."))
    async with db.unit_of_work(actor):
        await write_notice(actor, award_id, first=first, last=last, objections=objections)


async def write_notice(
    actor: Actor, award_id: int, *, first: date, last: date, objections: str
) -> None:
    """The same within the open unit of work."""
    found = await queries.award(actor, award_id, lock=True)
    await db.execute(
        "UPDATE award SET publicised_from = $2, publicised_to = $3, objections = $4 WHERE id = $1",
        award_id,
        first,
        last,
        objections,
    )
    await record(
        actor,
        Case("award", award_id),
        "notice",
        before=found.state,
        after=found.state,
        facts={"from": first, "to": last, "objections": objections},
    )


def award_case(
    actor: Actor,
    found: queries.Award,
    seen_version: int,
    objection: Refusal | None = None,
    minutes_needed: bool = False,
) -> AwardCase:
    """What a step on this award looks at."""
    return AwardCase(
        created_by_person=found.created_by_person,
        actor_person=actor.person_id,
        amount_fen=found.amount_fen,
        objection=objection,
        minutes_needed=minutes_needed,
        on_its_way_fen=found.on_its_way_fen,
        open_fen=found.committed_fen,
        minutes_no=found.minutes_no,
        seen_version=seen_version,
        version=found.version,
    )


async def take_step(
    actor: Actor,
    verb: str,
    found: queries.Award,
    case: AwardCase,
    reason: str,
    *,
    ended_for: str = "",
) -> None:
    """Take the step, write the state, record why."""
    after = AWARD.take(verb, found.state, actor, case)
    await db.execute(
        "UPDATE award SET state = $2, ended_for = $3, version = version + 1 WHERE id = $1",
        found.id,
        after,
        ended_for,
    )
    await record(
        actor,
        Case("award", found.id),
        verb,
        before=found.state,
        after=after,
        reason=reason,
        facts={"cause": ended_for} if ended_for else None,
    )
