"""The seats of a panel: who is invited, declares, is recused, and who follows from the draw."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from grants.calls import queries as calls
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, NotFound, Refusal, RuleBroken
from grants.kernel.identity import Actor, Role
from grants.kernel.identity import Permission as P
from grants.platform import db, inbox
from grants.platform.audit import Case, record
from grants.selection import queries
from grants.selection.experts import write_tie
from grants.selection.queries import Member, Panel
from grants.selection.rules import (
    Candidate,
    TieKind,
    compose_panel,
    drawn_order,
    is_conflicted,
)
from grants.selection.workflow import MemberState, PanelState

KIND = "panel"

#: Why a member is recused who has declared a tie to an applicant himself.
DECLARED_A_TIE = N_("declared a tie to an applicant")


def without_conflict(
    order: Sequence[Candidate], applicants: Collection[int], today: date
) -> list[Candidate]:
    """The order without those whom a tie to an applicant keeps away."""
    return [one for one in order if not is_conflicted(one, applicants, today)]


async def applicants_of(round_id: int, categories: Sequence[str]) -> set[int]:
    """The organisations whose applications of these categories passed the checks."""
    found = await queries.eligible_applications(round_id, categories)
    return {r["organisation"] for r in found}


async def take_seats(
    panel_id: int, drawn: Sequence[Candidate], *, first_place: int, chair: bool
) -> None:
    """Seats for those who were drawn; the first of a new panel takes the chair."""
    await db.write_many(
        "INSERT INTO panel_member (panel, expert, place, is_chair, state, reason) "
        "VALUES ($1, $2, $3, $4, 'DRAWN', '')",
        [
            (panel_id, one.expert_id, place, chair and place == first_place)
            for place, one in enumerate(drawn, start=first_place)
        ],
    )


async def invite(panel_id: int, drawn: Sequence[Candidate], title: str) -> None:
    """Tell those who were drawn that they have to declare; through every account of theirs."""
    for one in drawn:
        accounts = await db.rows(
            "SELECT id FROM app_user WHERE person = $1 AND is_active ORDER BY id", one.person_id
        )
        for account in accounts:
            await inbox.tell(
                account["id"],
                f"drawn:{panel_id}",
                N_("You were drawn into a panel of {title}; declare your conflicts first."),
                f"/reviews/{panel_id}",
                {"title": title},
            )


@dataclass(frozen=True)
class Declared:
    """A tie that an expert declares: which organisation, what kind, until when."""

    organisation_id: int
    kind: TieKind
    until: date | None = None


async def declare(
    actor: Actor, panel_id: int, ties: Sequence[Declared], *, today: date
) -> MemberState:
    """Declare one's ties before seeing any name; answers whether one sits or is recused.

    Ties go into the pool's record. One to an applicant recuses at once, and a substitute is
    drawn from what is left of the same order. Raises NotFound for whoever was not drawn.
    """
    async with db.unit_of_work(actor):
        panel = await queries.panel(panel_id, lock=True)
        seat = await queries.own_seat(actor, panel_id)
        under_way = (PanelState.DECLARING, PanelState.DOCUMENTS, PanelState.DEFENCE)
        if panel.state not in under_way or seat.state != MemberState.DRAWN:
            raise Conflict("panel.declared", N_("You have declared already."))
        for tie in ties:
            await write_tie(
                actor, seat.expert_id, tie.organisation_id, tie.kind, tie.until, by_himself=True
            )
        applicants = await applicants_of(panel.round_id, panel.categories)
        me = next(one for one in await queries.pool() if one.expert_id == seat.expert_id)
        if is_conflicted(me, applicants, today):
            await _recuse(actor, panel, seat, DECLARED_A_TIE, today)
            return MemberState.RECUSED
        await db.execute(
            "UPDATE panel_member SET state = 'CONFIRMED', declared_at = $2 WHERE id = $1",
            seat.id,
            calendar.now(),
        )
        await record(actor, Case(KIND, panel_id), "declare", facts={"ties": len(ties)})
        if panel.state != PanelState.DECLARING:
            await hand_out_sheets(panel)  # a substitute who came when the others score already
    return MemberState.CONFIRMED


async def recuse_member(
    actor: Actor, panel_id: int, member_id: int, *, reason: str, today: date
) -> None:
    """Recuse a member of a panel, by the office or by himself; a substitute is drawn at once.

    What he gave does not count. Raises RuleBroken without a reason, after he has signed, or
    where nobody is left to take his seat.
    """
    async with db.unit_of_work(actor):
        panel = await queries.panel(panel_id, lock=True)
        seat = next((one for one in await queries.members(panel_id) if one.id == member_id), None)
        if seat is None or seat.person_id != actor.person_id:
            actor.need(P.PANEL_EDIT)
        if seat is None:
            raise NotFound()
        if len(reason.strip()) < 5:
            raise RuleBroken("panel.reason", N_("Give the reason in a few words."))
        if seat.state == MemberState.RECUSED:
            raise Conflict("panel.recused", N_("This member is recused already."))
        if seat.signed_at is not None or panel.state == PanelState.OPENED:
            raise RuleBroken("panel.signed", N_("Who has signed is recused no more."))
        await _recuse(actor, panel, seat, reason.strip(), today)


async def _recuse(actor: Actor, panel: Panel, seat: Member, reason: str, today: date) -> None:
    """Empty a seat, minute it, and draw whoever follows in the recorded order."""
    await db.execute(
        "UPDATE panel_member SET state = 'RECUSED', reason = $2, is_chair = false WHERE id = $1",
        seat.id,
        reason,
    )
    await db.execute(
        "UPDATE score_sheet SET state = 'RECUSED', reason = $2 WHERE member = $1", seat.id, reason
    )
    await record(actor, Case(KIND, panel.id), "recuse", reason=reason, facts={"member": seat.name})
    if seat.is_chair:
        await _chair_follows(panel.id)
    await inbox.tell_role(
        Role.OFFICER,
        today,
        f"recused:{seat.id}",
        N_("{name} was recused from a panel."),
        f"/panels/{panel.id}",
        {"name": seat.name},
    )
    await _fill(actor, panel, today)


async def _fill(actor: Actor, panel: Panel, today: date) -> Refusal | None:
    """Draw whoever follows in the recorded order until the panel is full.

    Answers the refusal where nobody is left: the seat stays empty, and the panel does not open
    its scores before somebody sits in it.
    """
    found = await calls.round_of(panel.round_id)
    assert found.terms is not None
    seats = await queries.members(panel.id)
    candidates = {one.expert_id: one for one in await queries.pool()}
    stay = [
        candidates[one.expert_id]
        for one in seats
        if one.state != MemberState.RECUSED and one.expert_id in candidates
    ]
    seated = {one.expert_id for one in seats}
    applicants = await applicants_of(panel.round_id, panel.categories)
    order = drawn_order(list(candidates.values()), panel.seed)
    left = [one for one in order if one.expert_id not in seated]
    drawn = compose_panel(without_conflict(left, applicants, today), found.terms, stay)
    case = Case(KIND, panel.id)
    if isinstance(drawn, Refusal):
        await record(actor, case, "redraw_failed", facts={"code": drawn.code, **drawn.params})
        return drawn
    await take_seats(panel.id, drawn, first_place=len(seats) + 1, chair=False)
    await record(actor, case, "redraw", facts={"members": [one.name for one in drawn]})
    await invite(panel.id, drawn, found.title)
    return None


async def fill_seats(actor: Actor, panel_id: int, *, today: date) -> None:
    """Draw for empty seats again, once the pool has grown; raises why nobody can be drawn."""
    actor.need(P.PANEL_EDIT)
    async with db.unit_of_work(actor):
        panel = await queries.panel(panel_id, lock=True)
        refusal = await _fill(actor, panel, today)
        if refusal:
            raise refusal


async def _chair_follows(panel_id: int) -> None:
    """The next in the order of the draw takes the chair."""
    await db.execute(
        """
        UPDATE panel_member SET is_chair = true WHERE id = (
            SELECT id FROM panel_member WHERE panel = $1 AND state <> 'RECUSED'
            ORDER BY place, id LIMIT 1)
        """,
        panel_id,
    )


async def hand_out_sheets(panel: Panel) -> None:
    """A sheet for each confirmed member and application; those that are there stay."""
    await db.execute(
        """
        INSERT INTO score_sheet (panel, member, application, points, comments, suggested_fen,
                                 suggests, comment, state, reason, version)
        SELECT $1, m.id, a.id, '{}', '{}', 0, false, '', 'OPEN', '', 1
        FROM panel_member m CROSS JOIN application a
        WHERE m.panel = $1 AND m.state = 'CONFIRMED'
          AND a.round = $2 AND a.category = ANY($3) AND a.state = 'ELIGIBLE'
        ORDER BY m.id, a.id ON CONFLICT (member, application) DO NOTHING
        """,
        panel.id,
        panel.round_id,
        list(panel.categories),
    )
