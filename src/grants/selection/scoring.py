"""The verbs of scoring: fill a sheet, step back from one, sign, change with a reason afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grants.calls import queries as calls
from grants.calls.terms import CallTerms
from grants.calls.workflow import RoundState
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, NotAllowed, NotFound, Refusal, RuleBroken
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.kernel.money import Fen
from grants.people.signature import sign_as
from grants.platform import db
from grants.platform.audit import Case, record
from grants.selection import panels, queries, seats
from grants.selection.guards import left_open, points_fault
from grants.selection.queries import Member, Panel, Sheet
from grants.selection.workflow import MemberState, PanelState

KIND = "score_sheet"


@dataclass(frozen=True)
class Given:
    """What an expert gives an application; None leaves open."""

    points: Mapping[str, int]
    comments: Mapping[str, str] = field(default_factory=dict)
    suggested_fen: Fen | None = None
    comment: str = ""
    defence: int | None = None


def given_fault(given: Given, terms: CallTerms, asked_fen: int) -> tuple[str, Refusal] | None:
    """The place and the reason against what is given: points, defence, suggested amount."""
    rubric = {one.code: one for one in terms.rubric}
    for code, points in given.points.items():
        if code not in rubric:
            return code, RuleBroken("sheet.criterion", N_("The rubric has no such criterion."))
        fault = points_fault(points, rubric[code])
        if fault:
            return code, fault
    if given.defence is not None and not 0 <= given.defence <= 100:
        return "defence", RuleBroken("sheet.defence", N_("The defence takes 0 to 100 points."))
    if given.suggested_fen is not None and not 0 <= given.suggested_fen <= asked_fen:
        return "amount", RuleBroken(
            "sheet.amount", N_("Suggest at most what is asked for, or nothing.")
        )
    return None


async def save_sheet(actor: Actor, sheet_id: int, given: Given, *, seen_version: int) -> int:
    """Keep what an expert gives so far; answers the sheet's new version.

    Raises NotFound for somebody else's sheet, RuleBroken above the maximum, after one's
    signature or recusal, Conflict on a stale page (two windows of one person).
    """
    actor.need(P.REVIEW_SCORE)
    async with db.unit_of_work(actor):
        sheet = await queries.own_sheet(actor, sheet_id, lock=True)
        panel, seat, terms = await _around(actor, sheet)
        refuse_unless_open(panel, seat, sheet, terms)
        fault = given_fault(given, terms, sheet.asked_fen)
        if fault:
            raise fault[1]
        if sheet.version != seen_version:
            raise Conflict(
                "sheet.stale", N_("This sheet was changed in another window. Load it again.")
            )
        await _write(sheet, _kept_by_stage(panel, sheet, given))
    return sheet.version + 1


async def _around(actor: Actor, sheet: Sheet) -> tuple[Panel, Member, CallTerms]:
    panel = await queries.panel(sheet.panel_id)
    found = await calls.round_of(panel.round_id)
    assert found.terms is not None
    return panel, await queries.own_seat(actor, panel.id), found.terms


def refuse_unless_open(panel: Panel, seat: Member, sheet: Sheet, terms: CallTerms) -> None:
    """Raises RuleBroken unless this member may score this application now."""
    if seat.state != MemberState.CONFIRMED or sheet.state == "RECUSED":
        raise RuleBroken("sheet.recused", N_("You are recused here; your points do not count."))
    if panel.state == PanelState.DOCUMENTS and seat.documents_signed_at is None:
        return
    if panel.state == PanelState.DEFENCE and seat.signed_at is None:
        return
    if panel.state in (PanelState.DOCUMENTS, PanelState.DEFENCE):
        raise RuleBroken("sheet.signed", N_("You have signed; what you gave stands."))
    raise RuleBroken("sheet.closed", N_("Nothing is scored in this panel now."))


def _kept_by_stage(panel: Panel, sheet: Sheet, given: Given) -> Given:
    """In the defence only its own points move: what the documents were worth is signed."""
    if panel.state != PanelState.DEFENCE:
        return Given(
            given.points, given.comments, given.suggested_fen, given.comment, sheet.defence
        )
    return Given(
        sheet.points,
        sheet.comments,
        sheet.suggested_fen if sheet.suggests else None,
        given.comment,
        given.defence,
    )


async def _write(sheet: Sheet, given: Given) -> None:
    await db.execute(
        """
        UPDATE score_sheet SET points = $2, comments = $3, suggested_fen = $4, suggests = $5,
            comment = $6, defence = $7, version = version + 1, saved_at = $8
        WHERE id = $1
        """,
        sheet.id,
        dict(given.points),
        {code: text for code, text in given.comments.items() if text.strip()},
        given.suggested_fen or 0,
        given.suggested_fen is not None,
        given.comment,
        given.defence,
        calendar.now(),
    )


async def step_back(actor: Actor, sheet_id: int, *, reason: str) -> None:
    """Recuse oneself from one application: one's points for it do not count; minuted.

    Raises RuleBroken where too few members would be left to score it: then the office recuses
    the member from the panel, and a substitute is drawn.
    """
    actor.need(P.REVIEW_SCORE)
    if len(reason.strip()) < 5:
        raise RuleBroken("panel.reason", N_("Give the reason in a few words."))
    async with db.unit_of_work(actor):
        sheet = await queries.own_sheet(actor, sheet_id, lock=True)
        panel, seat, terms = await _around(actor, sheet)
        await queries.panel(panel.id, lock=True)
        refuse_unless_open(panel, seat, sheet, terms)
        others = await db.value(
            "SELECT count(*) FROM score_sheet WHERE application = $1 AND panel = $2 "
            "AND state = 'OPEN' AND id <> $3",
            sheet.application_id,
            panel.id,
            sheet.id,
        )
        if others < terms.trims_from:
            raise RuleBroken(
                "sheet.too_few_left",
                N_("Too few members would be left; ask the office to draw a substitute for you."),
            )
        await db.execute(
            "UPDATE score_sheet SET state = 'RECUSED', reason = $2, version = version + 1 "
            "WHERE id = $1",
            sheet.id,
            reason.strip(),
        )
        await record(
            actor,
            Case(seats.KIND, panel.id),
            "step_back",
            reason=reason.strip(),
            facts={"application": sheet.number, "member": seat.name},
        )


async def unfinished(seat: Member, panel: Panel, terms: CallTerms) -> list[Sheet]:
    """The sheets of a member that lack something in the present stage."""
    return unfinished_of(await queries.sheets_of_member(seat.id), panel, terms)


def unfinished_of(sheets: Sequence[Sheet], panel: Panel, terms: CallTerms) -> list[Sheet]:
    """Those of a member's sheets that lack something in the present stage."""
    lacking = []
    for sheet in sheets:
        if sheet.state == "RECUSED":
            continue
        if panel.state == PanelState.DEFENCE:
            if sheet.defence is None:
                lacking.append(sheet)
        elif left_open(sheet.points, sheet.comments, terms.rubric, suggests=sheet.suggests):
            lacking.append(sheet)
    return lacking


async def sign_sheets(actor: Actor, panel_id: int, secret: str) -> bool:
    """Sign all of one's sheets of the present stage; answers whether the scores opened with it.

    The code of the app, or the password, is entered again. Raises RuleBroken while a sheet
    lacks something, NotAllowed for a wrong secret.
    """
    actor.need(P.REVIEW_SCORE)
    seat = await queries.own_seat(actor, panel_id)
    how = await sign_as(actor, secret, now=calendar.now())
    async with db.unit_of_work(actor):
        panel = await queries.panel(panel_id, lock=True)
        found = await calls.round_of(panel.round_id)
        assert found.terms is not None
        seat = await queries.own_seat(actor, panel_id)
        if seat.state != MemberState.CONFIRMED:
            raise RuleBroken("sheet.recused", N_("You are recused here; your points do not count."))
        lacking = await unfinished(seat, panel, found.terms)
        if lacking:
            raise RuleBroken(
                "sheet.unfinished",
                N_("{count} sheets are not finished yet; the first is {number}."),
                count=len(lacking),
                number=lacking[0].number,
            )
        column = _signed_now(panel, seat)
        await db.execute(
            f"UPDATE panel_member SET {column} = $2 WHERE id = $1", seat.id, calendar.now()
        )
        await record(
            actor,
            Case(seats.KIND, panel_id),
            "sign",
            facts={"member": seat.name, "stage": panel.state, "by": how},
        )
        return await panels.open_when_signed(panel_id)


def _signed_now(panel: Panel, seat: Member) -> str:
    if panel.state == PanelState.DOCUMENTS and seat.documents_signed_at is None:
        return "documents_signed_at"
    if panel.state == PanelState.DEFENCE and seat.signed_at is None:
        return "signed_at"
    raise Conflict("sheet.signed", N_("You have signed; what you gave stands."))


async def change_after_opening(
    actor: Actor, sheet_id: int, given: Given, *, secret: str, reason: str
) -> None:
    """Change what one gave after the scores were opened: with a reason, signed again.

    The row's history keeps what stood before; the event says why. Raises RuleBroken before the
    opening or without a reason.
    """
    actor.need(P.REVIEW_SCORE)
    if len(reason.strip()) < 5:
        raise RuleBroken("panel.reason", N_("Give the reason in a few words."))
    how = await sign_as(actor, secret, now=calendar.now())
    async with db.unit_of_work(actor):
        sheet = await queries.own_sheet(actor, sheet_id, lock=True)
        panel, seat, terms = await _around(actor, sheet)
        if panel.state != PanelState.OPENED or sheet.state == "RECUSED":
            raise RuleBroken("sheet.not_opened", N_("The scores are not opened yet."))
        if (await calls.round_of(panel.round_id)).state != RoundState.REVIEW:
            raise RuleBroken(
                "sheet.decided", N_("The round is decided; its scores stand as they were.")
            )
        fault = given_fault(given, terms, sheet.asked_fen)
        if fault:
            raise fault[1]
        if left_open(
            given.points, given.comments, terms.rubric, suggests=given.suggested_fen is not None
        ):
            raise RuleBroken("sheet.incomplete", N_("Fill in the whole sheet."))
        await _write(sheet, given)
        await record(
            actor,
            Case(seats.KIND, panel.id),
            "change_score",
            reason=reason.strip(),
            facts={
                "application": sheet.number,
                "member": seat.name,
                "before": sheet.total,
                "after": sum(given.points.values()),
                "by": how,
            },
        )


async def comment_as_chair(actor: Actor, panel_id: int, application_id: int, comment: str) -> None:
    """What the chair says about scores that lie far apart (domain §3.5: spread above 20).

    Raises NotAllowed for anybody but the chair, RuleBroken before the opening.
    """
    if len(comment.strip()) < 5:
        raise RuleBroken("panel.comment", N_("Say it in a few words."))
    async with db.unit_of_work(actor):
        panel = await queries.panel(panel_id, lock=True)
        seat = await queries.own_seat(actor, panel_id)
        if not seat.is_chair:
            raise NotAllowed("panel.not_chair", N_("Only the chair comments on the spread."))
        if panel.state != PanelState.OPENED:
            raise RuleBroken("sheet.not_opened", N_("The scores are not opened yet."))
        known = {s.application_id for s in await queries.sheets_of_panel(panel_id)}
        if application_id not in known:
            raise NotFound()
        await db.execute(
            """
            INSERT INTO chair_comment (panel, application, comment, member, written_at)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (panel, application) DO UPDATE
                SET comment = $3, member = $4, written_at = $5
            """,
            panel_id,
            application_id,
            comment.strip(),
            seat.id,
            calendar.now(),
        )
        await record(
            actor,
            Case(seats.KIND, panel_id),
            "chair_comment",
            reason=comment.strip(),
            facts={"application": application_id},
        )
