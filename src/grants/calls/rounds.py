"""The verbs of rounds: draft, propose, publish, revise, copy; open and close by the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError

from grants.budget import queries as budget
from grants.budget.rules import FundMatrix, fund_may_pay, line_has_left, line_is_open
from grants.calls import queries
from grants.calls.rules import RevisionCase, RoundCase, change_keeps_promises
from grants.calls.terms import CallRules, CallTerms
from grants.calls.workflow import REVISION, ROUND, RevisionState, RoundState
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, Refusal, RuleBroken
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.kernel.identity import Permission as P
from grants.platform import db, inbox
from grants.platform.audit import Case, record, take_duty
from grants.platform.policy import policy_on

ROUND_KIND, REVISION_KIND, POLICY = "call_round", "call_revision", "venture_call"

db.explain_constraint(
    "call_revision_one_waiting",
    Conflict,
    "call.revision_waits",
    N_("A revision of this round is being drafted or decided already."),
)


async def begin_round(actor: Actor, fiscal_year: int, title: str, *, today: date) -> int:
    """A new round with a first draft, filled with the rules that hold today; answers its id."""
    policy = await policy_on(POLICY, CallRules, today)
    body = {**policy.body.model_dump(mode="json"), "title": title}
    return await _begin(actor, fiscal_year, body, policy.version_id)


async def copy_round(actor: Actor, round_id: int, *, today: date) -> int:
    """Next year's round, drafted from the published terms of this one; answers its id.

    Days move by a year and the budget line stays open: it is another one.
    """
    found = await queries.round_of(round_id)
    if found.terms is None:
        raise RuleBroken("call.not_published", N_("Only a published round can be copied."))
    body = found.terms.model_dump(mode="json")
    for name in ("opens_at", "closes_at", "starts_on", "ends_on"):
        body[name] = _a_year_later(body[name])
    body["line_id"] = None
    body["title"] = found.title.replace(str(found.fiscal_year), str(found.fiscal_year + 1))
    policy = await policy_on(POLICY, CallRules, today)
    return await _begin(actor, found.fiscal_year + 1, body, policy.version_id)


def _a_year_later(day: str) -> str:
    year, rest = int(day[:4]) + 1, day[4:]
    return f"{year}{'-02-28' + rest[6:] if rest.startswith('-02-29') else rest}"


async def _begin(
    actor: Actor, fiscal_year: int, body: Mapping[str, Any], policy_version: int
) -> int:
    actor.need(P.CALL_EDIT)
    async with db.unit_of_work(actor):
        number = await db.next_number(f"call-{fiscal_year}")
        round_id = await db.value(
            "INSERT INTO call_round (number, fiscal_year, state, created_by_person, created_at, "
            "version) VALUES ($1, $2, 'DRAFT', $3, $4, 1) RETURNING id",
            f"创投〔{fiscal_year}〕{number}",
            fiscal_year,
            actor.person_id,
            calendar.now(),
        )
        case = Case(ROUND_KIND, round_id)
        await record(actor, case, "begin", after=RoundState.DRAFT)
        await _insert_revision(actor, round_id, 1, body, policy_version, "")
    return int(round_id)


async def _insert_revision(
    actor: Actor,
    round_id: int,
    sequence: int,
    body: Mapping[str, Any],
    policy_version: int,
    note: str,
) -> int:
    revision_id = await db.value(
        """
        INSERT INTO call_revision (round, sequence, terms, policy_version, note, state,
                                   drafted_by_person, drafted_at, version)
        VALUES ($1, $2, $3, $4, $5, 'DRAFT', $6, $7, 1) RETURNING id
        """,
        round_id,
        sequence,
        dict(body),
        policy_version,
        note,
        actor.person_id,
        calendar.now(),
    )
    await record(actor, Case(REVISION_KIND, revision_id), "draft", after=RevisionState.DRAFT)
    return int(revision_id)


async def revise_round(actor: Actor, round_id: int, *, note: str) -> int:
    """A draft of the next revision, filled with the published terms; answers its id.

    Raises Conflict where one is being drafted or decided already.
    """
    actor.need(P.CALL_EDIT)
    async with db.unit_of_work(actor):
        found = await queries.round_of(round_id, lock=True)
        if found.terms is None or found.state not in (RoundState.PUBLISHED, RoundState.OPEN):
            raise RuleBroken(
                "call.not_revisable",
                N_("Only the terms of a round that is announced or open are revised."),
            )
        last = (await queries.revisions(round_id))[0]
        return await _insert_revision(
            actor,
            round_id,
            last.sequence + 1,
            found.terms.model_dump(mode="json"),
            last.policy_version,
            note,
        )


async def save_draft(
    actor: Actor, revision_id: int, body: Mapping[str, Any], *, seen_version: int
) -> None:
    """Keep a draft's terms, whole or not; raises Conflict on a stale page."""
    async with db.unit_of_work(actor):
        found = await queries.revision(revision_id, lock=True)
        await take_duty(actor, Case(REVISION_KIND, revision_id), "draft")
        await _take(actor, "edit", found, revision_case(actor, found, seen_version))
        await db.execute(
            "UPDATE call_revision SET terms = $2, drafted_by_person = $3, drafted_at = $4 "
            "WHERE id = $1",
            revision_id,
            dict(body),
            actor.person_id,
            calendar.now(),
        )


async def propose_revision(actor: Actor, revision_id: int, *, seen_version: int) -> None:
    """Lay the draft before whoever approves it; raises the first reason why it does not hold."""
    async with db.unit_of_work(actor):
        found = await queries.revision(revision_id, lock=True)
        objection = await objection_to(found)
        await take_duty(actor, Case(REVISION_KIND, revision_id), "draft")
        await _take(actor, "propose", found, revision_case(actor, found, seen_version, objection))
        await inbox.tell_role(
            Role.SECTION_HEAD,
            calendar.today(),
            f"call-revision:{revision_id}:{found.version}",
            N_("The terms of a call wait for approval: {title}"),
            f"/rounds/{found.round_id}",
            {"title": str(found.body.get("title", ""))},
        )


async def objection_to(found: queries.Revision) -> Refusal | None:
    """What speaks against publishing these terms: they are not whole, promise less, or the line."""
    against = await objection_beside(found)
    return against[1] if against else None


async def objection_beside(found: queries.Revision) -> tuple[str, Refusal] | None:
    """The same, with the field that it belongs to."""
    try:
        terms = found.terms
    except ValidationError as error:
        place = str(error.errors()[0]["loc"][0]) if error.errors()[0]["loc"] else "title"
        return place, RuleBroken(
            "call.not_whole", N_("The terms are not whole yet; open the draft and complete it.")
        )
    standing = await queries.round_of(found.round_id)
    promised = change_keeps_promises(standing.terms, terms, calendar.now())
    if promised:
        return promised
    return await _against_line(standing, terms)


def is_whole(found: queries.Revision) -> bool:
    """Whether a draft says everything that terms say."""
    try:
        return bool(found.terms)
    except ValidationError:
        return False


async def _against_line(standing: queries.Round, terms: CallTerms) -> tuple[str, Refusal] | None:
    """The line is of the year, open, may pay ventures, and has what the rounds mean to give."""
    line = await budget.line(terms.line_id)
    matrix = (await policy_on("fund_matrix", FundMatrix, calendar.today())).body
    if line.fiscal_year != standing.fiscal_year:
        return "line_id", RuleBroken(
            "call.other_year", N_("The budget line belongs to another year than the round.")
        )
    refusal = line_is_open(line.state) or fund_may_pay(matrix, line.instrument, line.fund_kind)
    if refusal:
        return "line_id", refusal
    others = await queries.published_total_on_line(line.id, but_round=standing.id)
    refusal = line_has_left(line.balance.available_fen - others, terms.total_fen)
    return ("total_fen", refusal) if refusal else None


async def publish_revision(actor: Actor, revision_id: int, *, seen_version: int) -> None:
    """Approve and publish: these terms count from now on; the earlier ones are superseded.

    Applications that came in under an earlier revision keep it. Raises NotAllowed for whoever
    drafted them, RuleBroken where they do not hold.
    """
    async with db.unit_of_work(actor):
        found = await queries.revision(revision_id)
        standing = await queries.round_of(found.round_id, lock=True)
        found = await queries.revision(revision_id, lock=True)
        case = revision_case(actor, found, seen_version, await objection_to(found))
        await take_duty(actor, Case(REVISION_KIND, revision_id), "approve")
        if standing.revision_id is not None:
            before = await queries.revision(standing.revision_id, lock=True)
            await _take(actor, "supersede", before, revision_case(actor, before, before.version))
        await db.execute(
            "UPDATE call_revision SET decided_by_person = $2, decided_at = $3 WHERE id = $1",
            revision_id,
            actor.person_id,
            calendar.now(),
        )
        await _take(actor, "publish", found, case)
        if standing.state == RoundState.DRAFT:
            await take_round_step(actor, "announce", standing, RoundCase(calendar.now()))


async def return_revision(
    actor: Actor, revision_id: int, *, seen_version: int, reason: str
) -> None:
    """Send proposed terms back to whoever drafts them, with the reason."""
    async with db.unit_of_work(actor):
        found = await queries.revision(revision_id, lock=True)
        await _take(actor, "return", found, revision_case(actor, found, seen_version), reason)


async def take_back_revision(actor: Actor, revision_id: int, *, seen_version: int) -> None:
    """Take proposed terms back into the draft."""
    async with db.unit_of_work(actor):
        found = await queries.revision(revision_id, lock=True)
        await _take(actor, "take_back", found, revision_case(actor, found, seen_version))


async def discard_revision(actor: Actor, revision_id: int, *, seen_version: int) -> None:
    """Give a draft of a later revision up; the first one goes with its round."""
    async with db.unit_of_work(actor):
        found = await queries.revision(revision_id, lock=True)
        if found.sequence == 1:
            raise RuleBroken(
                "call.first_draft", N_("The first draft goes with its round; call that off.")
            )
        await _take(actor, "discard", found, revision_case(actor, found, seen_version))


async def cite_needs(actor: Actor, round_id: int, need_ids: Sequence[int]) -> None:
    """The needs that a round cites, all of them anew."""
    actor.need(P.CALL_EDIT)
    async with db.unit_of_work(actor):
        await queries.round_of(round_id, lock=True)
        await db.execute(
            "DELETE FROM call_need WHERE round = $1 AND need <> ALL($2)", round_id, list(need_ids)
        )
        await db.execute(
            """
            INSERT INTO call_need (round, need)
            SELECT $1, n.id FROM need n WHERE n.id = ANY($2) AND n.state = 'PUBLISHED'
            ORDER BY n.id ON CONFLICT DO NOTHING
            """,
            round_id,
            list(need_ids),
        )
        await record(
            actor, Case(ROUND_KIND, round_id), "cite_needs", facts={"needs": list(need_ids)}
        )


@dataclass(frozen=True)
class Standing:
    """What applications say of a round, handed down by the floor that knows them."""

    applications: int = 0
    unscreened: int = 0


async def call_off_round(actor: Actor, round_id: int, *, standing: Standing, reason: str) -> None:
    """Call a round off; raises RuleBroken where applications stand."""
    async with db.unit_of_work(actor):
        found = await queries.round_of(round_id, lock=True)
        case = RoundCase(
            calendar.now(), found.terms, applications=standing.applications, reason=reason
        )
        await take_round_step(actor, "call_off", found, case, reason)


async def begin_review(actor: Actor, round_id: int, *, standing: Standing) -> None:
    """End the screening of a round, within the caller's unit of work."""
    found = await queries.round_of(round_id, lock=True)
    case = RoundCase(calendar.now(), found.terms, unscreened=standing.unscreened)
    await take_round_step(actor, "begin_review", found, case)


async def open_due_rounds(now: datetime) -> list[int]:
    """Open the rounds whose second has come; answers which."""
    return await _by_clock("open", RoundState.PUBLISHED, now)


async def close_due_rounds(now: datetime) -> list[int]:
    """Close the rounds whose last second is over; answers which."""
    return await _by_clock("close", RoundState.OPEN, now)


async def _by_clock(verb: str, state: RoundState, now: datetime) -> list[int]:
    done = []
    for waiting in await queries.rounds_in(state):
        async with db.unit_of_work(SYSTEM):
            found = await queries.round_of(waiting.id, lock=True)
            moment = found.terms and (
                found.terms.opens_at if verb == "open" else found.terms.closes_at
            )
            if found.state == state and moment and moment <= now:
                await take_round_step(SYSTEM, verb, found, RoundCase(now, found.terms))
                done.append(found.id)
    return done


async def take_round_step(
    actor: Actor, verb: str, found: queries.Round, case: RoundCase, reason: str = ""
) -> None:
    """Take the step, write the state, record why."""
    after = ROUND.take(verb, found.state, actor, case)
    await db.execute(
        "UPDATE call_round SET state = $2, version = version + 1 WHERE id = $1", found.id, after
    )
    await record(
        actor, Case(ROUND_KIND, found.id), verb, before=found.state, after=after, reason=reason
    )


def revision_case(
    actor: Actor, found: queries.Revision, seen_version: int, objection: Refusal | None = None
) -> RevisionCase:
    """What a step on this revision looks at."""
    return RevisionCase(
        drafted_by_person=found.drafted_by_person,
        actor_person=actor.person_id,
        seen_version=seen_version,
        version=found.version,
        objection=objection,
    )


async def _take(
    actor: Actor, verb: str, found: queries.Revision, case: RevisionCase, reason: str = ""
) -> None:
    after = REVISION.take(verb, found.state, actor, case)
    await db.execute(
        "UPDATE call_revision SET state = $2, version = version + 1 WHERE id = $1",
        found.id,
        after,
    )
    if verb == "edit":
        return  # the row's history keeps every change of a draft
    await record(
        actor,
        Case(REVISION_KIND, found.id),
        verb,
        before=found.state,
        after=after,
        reason=reason,
        facts={"sequence": found.sequence},
    )
