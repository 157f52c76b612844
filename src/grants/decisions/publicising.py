"""From the adopted list to the public notice, and what follows from it.

An objection that is upheld drops its project and moves the first of the reserve up; who moved up
is published by a notice of its own. When the days are over, whatever nobody objects to is to be
funded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from grants.applications import queries as applications
from grants.applications.drafting import KIND as APPLICATION_KIND
from grants.applications.drafting import case_of, take_step
from grants.applications.workflow import ApplicationState
from grants.budget import queries as budget
from grants.budget.rules import line_has_left
from grants.calls import queries as calls
from grants.calls import rounds
from grants.calls.queries import Round
from grants.calls.rules import RoundCase
from grants.calls.workflow import RoundState
from grants.decisions import meeting, queries
from grants.decisions.queries import DecidedLine, Decision
from grants.decisions.rules import Place
from grants.decisions.workflow import DecisionState
from grants.kernel import calendar
from grants.kernel.errors import N_, RuleBroken
from grants.kernel.identity import Actor, Role
from grants.kernel.identity import Permission as P
from grants.kernel.money import yuan_text
from grants.platform import db, inbox
from grants.platform.audit import Case
from grants.platform.texts import texts
from grants.publicity import notices
from grants.publicity import queries as publicity
from grants.publicity.notices import Line, NoticeText
from grants.publicity.queries import Entry, Notice, Objection
from grants.publicity.workflow import NoticeState, ObjectionState

#: The heads of the list (domain §3.6); a notice is a Chinese document in every language.
_HEADS = (
    N_("Project"),
    N_("Agency"),
    N_("Category"),
    N_("Amount in yuan"),
    N_("Project period"),
    N_("Community"),
)
_BODY = N_(
    "Under the terms of “{title}”, after application, checks, expert review and the meeting of the "
    "office, the {count} projects below are proposed for funding. They are made public for "
    "everybody to examine."
)
_ALL_TAKEN = N_("All projects of this call have their agreements; no place is left.")
_SAID = {
    "propose": N_("{title} is proposed for funding; the public notice runs."),
    "reserve": N_("{title} is on the reserve list."),
    "reject": N_("{title} is not funded; its page says why."),
    "promote": N_("{title} has moved up from the reserve list."),
    "confirm": N_("The notice is over: {title} is to be funded. The agreement comes next."),
    "drop": N_("{title} is dropped; its page says why."),
}


async def draw_up_notice(actor: Actor, decision_id: int) -> int:
    """A draft notice of what is decided and not published yet; answers its id.

    Raises RuleBroken where there is nothing to publish, or another draft waits.
    """
    actor.need(P.NOTICE_EDIT)
    async with db.unit_of_work(actor):
        decision = await queries.decision(decision_id, lock=True)
        found = await calls.round_of(decision.round_id)
        lines = await unpublished(decision, found)
        waiting = await publicity.notices_for(Case(meeting.KIND, decision_id))
        if any(one.state == NoticeState.DRAFT for one in waiting):
            raise RuleBroken("decision.notice_waits", N_("A draft of the notice waits already."))
        if not lines or found.terms is None:
            raise RuleBroken("decision.nothing_to_publish", N_("Everything is published already."))
        terms, zh = found.terms, texts("zh")
        return await notices.draw_up(
            actor,
            Case(meeting.KIND, decision_id),
            NoticeText(
                title=zh.text(
                    N_("Public notice of projects proposed in {title}"), title=found.title
                ),
                body=zh.text(_BODY, title=found.title, count=len(lines)),
                office=terms.office,
                phone=terms.phone,
                address=terms.address,
            ),
            heads=[zh.text(head) for head in _HEADS],
            lines=[
                Line(
                    Case(APPLICATION_KIND, one.application_id),
                    (
                        one.title,
                        one.organisation,
                        one.category,
                        yuan_text(one.amount_fen),
                        f"{_dotted(one.starts_on)}—{_dotted(one.ends_on)}",
                        one.community,
                    ),
                )
                for one in lines
            ],
            workdays=terms.publicity_workdays,
            verify_workdays=terms.verification_workdays,
        )


def _dotted(day: date | None) -> str:
    return day.strftime("%Y.%m.%d") if day else ""


async def unpublished(decision: Decision, found: Round) -> list[DecidedLine]:
    """The lines that a notice has to name: all at first, later those who moved up."""
    lines = await queries.lines_of(decision.id)
    if decision.state != DecisionState.ADOPTED:
        return []
    if found.state == RoundState.PROPOSED:
        return [one for one in lines if one.place is Place.FUNDED]
    left = []
    for one in lines:
        if one.state == ApplicationState.PROPOSED:
            named = await publicity.publicity_of(Case(APPLICATION_KIND, one.application_id))
            if named is None:
                left.append(one)
    return left


async def _step(actor: Actor, application_id: int, verb: str, reason: str = "") -> None:
    """Hand a step down to an application and tell its agency."""
    found = await applications.whoever_asks(application_id, lock=True)
    await take_step(actor, verb, found, case_of(actor, found, found.version, reason=reason))
    await inbox.tell_organisation(
        found.organisation_id,
        f"decided:{application_id}:{found.version}",
        _SAID[verb],
        f"/applications/{application_id}",
        {"title": found.shown_title},
    )


class _OfDecisions:
    """What follows for a round and its applications when their notice moves on."""

    async def published(self, actor: Actor, notice: Notice, entries: Sequence[Entry]) -> None:
        """The first notice tells everybody what was decided on them."""
        decision, found = await _of_notice(notice)
        if found.state != RoundState.PROPOSED:
            return
        verbs = {Place.FUNDED: "propose", Place.RESERVE: "reserve"}
        for one in await queries.lines_of(decision.id):
            await _step(actor, one.application_id, verbs.get(one.place, "reject"), one.reason)
        await rounds.take_round_step(actor, "publicise", found, RoundCase(calendar.now()))

    async def withdrawn(self, actor: Actor, notice: Notice, entries: Sequence[Entry]) -> None:
        """The list stands as decided; a corrected notice is drawn up and runs anew."""

    async def acted_on(self, notice: Notice, entries: Sequence[Entry]) -> bool:
        """Once a project is confirmed or dropped, its notice stays."""
        states = [
            (await applications.whoever_asks(entry.case.id)).state
            for entry in entries
            if entry.case.kind == APPLICATION_KIND
        ]
        return any(state != ApplicationState.PROPOSED for state in states)

    async def ended(self, actor: Actor, notice: Notice, entries: Sequence[Entry]) -> None:
        """Whatever nobody objects to is to be funded."""
        _, found = await _of_notice(notice)
        for entry in entries:
            await _confirm(actor, entry)
        if found.state == RoundState.PUBLICITY:
            await rounds.take_round_step(actor, "conclude", found, RoundCase(calendar.now()))

    async def judged(
        self, actor: Actor, notice: Notice, entries: Sequence[Entry], objection: Objection
    ) -> None:
        """Upheld: the project drops out and the reserve moves up; else it goes on its way."""
        decision, _ = await _of_notice(notice)
        for entry in entries:
            if objection.state == ObjectionState.UPHELD:
                await drop(actor, decision, entry.case.id, objection.finding)
            elif notice.state == NoticeState.ENDED:
                await _confirm(actor, entry)


FOLLOWER = notices.FOLLOWERS[meeting.KIND] = _OfDecisions()


async def _of_notice(notice: Notice) -> tuple[Decision, Round]:
    decision = await queries.decision(notice.case.id)
    return decision, await calls.round_of(decision.round_id, lock=True)


async def _confirm(actor: Actor, entry: Entry) -> None:
    found = await applications.whoever_asks(entry.case.id)
    if found.state == ApplicationState.PROPOSED and not entry.open_objections and not entry.upheld:
        await _step(actor, entry.case.id, "confirm")


async def drop(actor: Actor, decision: Decision, application_id: int, reason: str) -> None:
    """Drop a project, give back what is held for it and move the reserve up.

    Within the open unit of work. A project that is dropped already stays so.
    """
    found = await applications.whoever_asks(application_id)
    if found.state == ApplicationState.DROPPED:
        return
    today = calendar.today()
    await _step(actor, application_id, "drop", reason)
    await meeting.let_go(actor, decision.id, application_id, today)
    await _move_up(actor, decision, found.category, today)


async def _move_up(actor: Actor, decision: Decision, category: str, today: date) -> None:
    """The first of the category's reserve gets its place, if the money suffices."""
    waiting = [
        one
        for one in await queries.lines_of(decision.id)
        if one.category == category and one.state == ApplicationState.RESERVE
    ]
    if not waiting:
        return
    first = min(waiting, key=lambda one: one.reserve_order)
    terms = (await calls.round_of(decision.round_id)).terms
    assert terms is not None
    line = (await budget.lock_lines([terms.line_id]))[terms.line_id]
    short = line_has_left(line.balance.available_fen, first.amount_fen) or line_has_left(
        terms.total_fen - await queries.given_fen(decision.id), first.amount_fen
    )
    message = N_("{title} moves up from the reserve list: draw up a notice of its own.")
    if short:
        message = N_("The money does not suffice for {title}, first on the reserve list.")
    else:
        await meeting.hold(
            actor, decision, first.application_id, terms.line_id, first.amount_fen, today
        )
        await _step(actor, first.application_id, "promote")
    await inbox.tell_role(
        Role.OFFICER,
        today,
        f"reserve:{decision.id}:{first.application_id}:{today}",
        message,
        f"/decisions/{decision.id}",
        {"title": first.title},
    )


async def release_reserve(actor: Actor, decision: Decision) -> int:
    """Once nobody's place is open any more, the reserve is told; answers how many.

    Within the open unit of work of whoever took the last place.
    """
    lines = await queries.lines_of(decision.id)
    open_places = (ApplicationState.PROPOSED, ApplicationState.APPROVED)
    if any(one.state in open_places for one in lines):
        return 0
    waiting = [one for one in lines if one.state == ApplicationState.RESERVE]
    for one in waiting:
        await _step(actor, one.application_id, "reject", texts("zh").text(_ALL_TAKEN))
    return len(waiting)
