"""Questions about a round: an agency asks, the office answers, everybody reads both."""

from __future__ import annotations

from grants.calls import queries
from grants.calls.rounds import ROUND_KIND
from grants.calls.workflow import RoundState
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, RuleBroken
from grants.kernel.identity import Actor, Role
from grants.kernel.identity import Permission as P
from grants.platform import db, inbox
from grants.platform.audit import Case, record

#: An agency has at most so many questions open on one round [D].
_MOST_OPEN = 10


async def ask(actor: Actor, round_id: int, text: str) -> int:
    """Ask about a round that is announced or open; answers the question's id."""
    organisation_id = actor.need_agency(P.APPLICATION_EDIT)
    async with db.unit_of_work(actor):
        found = await queries.round_of(round_id, lock=True)
        if found.state not in (RoundState.PUBLISHED, RoundState.OPEN):
            raise RuleBroken(
                "call.no_questions", N_("Questions are taken until the call has closed.")
            )
        waiting = [q for q in await queries.questions(round_id, asked_by=actor) if not q.answer]
        if len(waiting) >= _MOST_OPEN:
            raise RuleBroken(
                "call.many_questions",
                N_("{count} of your questions wait for an answer; ask more when they have one."),
                count=len(waiting),
            )
        question_id = await db.value(
            "INSERT INTO call_question (round, question, organisation, asked_by_person, asked_at, "
            "answer) VALUES ($1, $2, $3, $4, $5, '') RETURNING id",
            round_id,
            text,
            organisation_id,
            actor.person_id,
            calendar.now(),
        )
        await record(actor, Case(ROUND_KIND, round_id), "ask", facts={"question": question_id})
        await inbox.tell_role(
            Role.OFFICER,
            calendar.today(),
            f"call-question:{question_id}",
            N_("A question about {title} waits for an answer."),
            f"/rounds/{round_id}#questions",
            {"title": found.title},
        )
    return int(question_id)


async def answer(actor: Actor, question_id: int, text: str) -> None:
    """Answer in public; whoever asked is told. Raises Conflict where somebody has answered."""
    actor.need(P.CALL_EDIT)
    async with db.unit_of_work(actor):
        found = await queries.question(question_id, lock=True)
        if found.answer:
            raise Conflict("call.answered", N_("Somebody has answered this question already."))
        await db.execute(
            "UPDATE call_question SET answer = $2, answered_by_person = $3, answered_at = $4 "
            "WHERE id = $1",
            question_id,
            text,
            actor.person_id,
            calendar.now(),
        )
        case = Case(ROUND_KIND, found.round_id)
        await record(actor, case, "answer", facts={"question": question_id})
        await inbox.tell_organisation(
            found.organisation_id,
            f"call-answer:{question_id}",
            N_("Your question was answered: {question}"),
            f"/calls/{found.round_id}#questions",
            {"question": found.question[:60]},
        )
