"""The decision meeting: one variant becomes the list; the money is held until it is agreed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from grants.applications.drafting import KIND as APPLICATION_KIND
from grants.budget import ledger
from grants.budget import queries as budget
from grants.budget.commitments import precommitment_of
from grants.budget.rules import line_has_left, line_is_open
from grants.budget.workflow import ProposalCase
from grants.calls import queries as calls
from grants.calls import rounds
from grants.calls.queries import Round
from grants.calls.rules import RoundCase
from grants.calls.workflow import RoundState
from grants.decisions import queries
from grants.decisions.queries import Decision
from grants.decisions.rules import (
    Outcome,
    Place,
    Readiness,
    decision_has_its_reasons,
    draw_line,
    reasons_wanted,
    round_is_ready,
)
from grants.decisions.workflow import DECISION, DecisionState
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, Refusal, RuleBroken
from grants.kernel.identity import Actor, Role
from grants.kernel.identity import Permission as P
from grants.kernel.money import Fen
from grants.platform import db, inbox
from grants.platform.audit import Case, record, take_duty
from grants.selection.ranking import Ranking, ranking_of

KIND = "funding_decision"

db.explain_constraint(
    "funding_decision_one_stands",
    Conflict,
    "decision.waits",
    N_("A decision of this round lies before the meeting already."),
)


@dataclass(frozen=True)
class Meeting:
    """What the minutes say: their number, the day, and a reason for each departure."""

    minutes_no: str
    met_on: date
    reasons: Mapping[int, str]


async def readiness(found: Round, ranking: Ranking) -> Readiness:
    """What stands between a round and its decision."""
    ranked = {line.ranked.application_id for line in ranking.lines}
    passed = await queries.passed_applications(found.id)
    return Readiness(
        in_review=found.state == RoundState.REVIEW,
        sealed=ranking.sealed,
        uncommented=sum(line.needs_comment for line in ranking.lines),
        unscored=len(passed - ranked),
        decided=any(one.stands for one in await queries.decisions_of(found.id)),
    )


async def propose_decision(
    actor: Actor, variant_id: int, meeting: Meeting, *, seen_version: int
) -> int:
    """Lay a variant before the meeting, as it stands; answers the decision's id.

    Nothing is held yet. Raises RuleBroken while the ranking is not whole, where a reason is
    missing (`field` among its params) or the line has not enough; Conflict on a stale page.
    """
    actor.need(P.PANEL_EDIT)
    async with db.unit_of_work(actor):
        variant = await queries.variant(variant_id, lock=True)
        if variant.version != seen_version:
            raise Conflict(
                "line.stale", N_("Somebody changed this variant since you opened it. Look again.")
            )
        found = await calls.round_of(variant.round_id, lock=True)
        if found.terms is None:
            raise RuleBroken("line.not_in_review", N_("The line is drawn out of a review."))
        ranking = await ranking_of(found.id, found.terms)
        outcome = draw_line(queries.standings_of(ranking, found.terms), variant.choice)
        refusal = (
            round_is_ready(await readiness(found, ranking))
            or _something_is_funded(outcome)
            or decision_has_its_reasons(reasons_wanted(outcome, variant.choice), meeting.reasons)
        )
        if refusal:
            raise refusal
        year = found.fiscal_year
        decision_id = await db.value(
            """
            INSERT INTO funding_decision (number, round, variant, choice, minutes_no, met_on,
                spent_fen, state, proposed_by_person, proposed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, 'PROPOSED', $8, $9) RETURNING id
            """,
            f"定〔{year}〕{await db.next_number(f'decision-{year}'):02d}",
            found.id,
            variant.name,
            variant.choice.model_dump(mode="json"),
            meeting.minutes_no,
            meeting.met_on,
            outcome.spent_fen,
            actor.person_id,
            calendar.now(),
        )
        await _write_lines(decision_id, outcome, meeting.reasons)
        case = Case(KIND, decision_id)
        await take_duty(actor, case, "propose")
        await record(
            actor,
            case,
            "propose",
            after=DecisionState.PROPOSED,
            facts={"minutes_no": meeting.minutes_no, "spent_fen": outcome.spent_fen},
        )
        await inbox.tell_role(
            Role.SECTION_HEAD,
            calendar.today(),
            f"decision:{decision_id}",
            N_("A funding decision waits to be adopted: {title}"),
            f"/decisions/{decision_id}",
            {"title": found.title},
        )
    return int(decision_id)


def _something_is_funded(outcome: Outcome) -> Refusal | None:
    if not outcome.spent_fen:
        return RuleBroken("decision.empty", N_("This variant funds nobody."))
    return None


async def _write_lines(decision_id: int, outcome: Outcome, reasons: Mapping[int, str]) -> None:
    await db.write_many(
        """
        INSERT INTO decision_line (decision, application, category, rank, score_hundredths,
            recommended_fen, amount_fen, place, reserve_order, reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        [
            (
                decision_id,
                one.standing.application_id,
                one.standing.category,
                one.standing.rank,
                int(one.standing.score * 100),
                one.standing.recommended_fen,
                one.amount_fen,
                one.place,
                one.order,
                reasons.get(one.standing.application_id, "").strip(),
            )
            for one in outcome.lines
        ],
    )


async def adopt_decision(actor: Actor, decision_id: int, *, today: date) -> None:
    """Adopt the list: its money is held on the line at once, and the round is decided.

    The line is locked first, so two rounds that decide at the same moment cannot hold the same
    yuan. Raises RuleBroken where it has not enough, or the ranking is not the proposed one any
    more; NotAllowed for whoever proposed it.
    """
    async with db.unit_of_work(actor):
        decision, found = await _locked(decision_id)
        assert found.terms is not None
        line_id = found.terms.line_id
        line = (await budget.lock_lines([line_id]))[line_id]
        refusal = (
            line_is_open(line.state)
            or line_has_left(line.balance.available_fen, decision.spent_fen)
            or line_has_left(found.terms.total_fen, decision.spent_fen)
            or await _ranking_has_changed(decision, found)
        )
        await take_duty(actor, Case(KIND, decision_id), "decide")
        await _take(actor, "adopt", decision, refusal)
        for one in await queries.lines_of(decision_id):
            if one.place == Place.FUNDED:
                await hold(actor, decision, one.application_id, line_id, one.amount_fen, today)
        await rounds.take_round_step(actor, "decide", found, RoundCase(calendar.now()))


async def _locked(decision_id: int) -> tuple[Decision, Round]:
    """The decision and its round, the round locked first, as whoever publishes does."""
    found = await calls.round_of((await queries.decision(decision_id)).round_id, lock=True)
    return await queries.decision(decision_id, lock=True), found


async def _ranking_has_changed(decision: Decision, found: Round) -> Refusal | None:
    """What was proposed is what the scores say now."""
    assert found.terms is not None
    ranking = await ranking_of(found.id, found.terms)
    outcome = draw_line(queries.standings_of(ranking, found.terms), decision.choice)
    proposed = {one.application_id: one for one in await queries.lines_of(decision.id)}
    now = {one.standing.application_id: one for one in outcome.lines}
    same = proposed.keys() == now.keys() and all(
        (one.place, one.amount_fen, one.standing.rank, one.standing.score)
        == (
            proposed[one.standing.application_id].place,
            proposed[one.standing.application_id].amount_fen,
            proposed[one.standing.application_id].rank,
            proposed[one.standing.application_id].score,
        )
        for one in now.values()
    )
    if not same:
        return RuleBroken(
            "decision.ranking_changed",
            N_("The scores have changed since this was proposed; propose it anew."),
        )
    return None


async def hold(
    actor: Actor, decision: Decision, application_id: int, line_id: int, amount_fen: int, on: date
) -> None:
    """Hold an application's money on the line, within the open unit of work."""
    case = Case(APPLICATION_KIND, application_id)
    held = await ledger.open_precommitment(line_id, case)
    key = f"decision:{decision.id}:hold:{application_id}"
    await ledger.move(actor, ledger.PRECOMMIT, Fen(amount_fen), of=held, case=case, key=key, on=on)


async def let_go(actor: Actor, decision_id: int, application_id: int, on: date) -> None:
    """Give back what is held for an application, within the open unit of work."""
    case = Case(APPLICATION_KIND, application_id)
    held = await precommitment_of(case)
    if held is None or not held.precommitted_fen:
        return
    key = f"decision:{decision_id}:let_go:{application_id}"
    await ledger.move(
        actor, ledger.LIFT, held.precommitted_fen, of=held.id, case=case, key=key, on=on
    )


async def reject_decision(actor: Actor, decision_id: int, *, reason: str) -> None:
    """Send a proposed list back, with the reason; the round stays in review."""
    async with db.unit_of_work(actor):
        decision, _ = await _locked(decision_id)
        await take_duty(actor, Case(KIND, decision_id), "decide")
        await _take(actor, "reject", decision, None, reason)


async def withdraw_decision(actor: Actor, decision_id: int) -> None:
    """Take one's own proposal back."""
    async with db.unit_of_work(actor):
        decision, _ = await _locked(decision_id)
        await _take(actor, "withdraw", decision, None)


async def annul_decision(actor: Actor, decision_id: int, *, reason: str, today: date) -> None:
    """Take an adopted list back before it is published; what it held is free again."""
    async with db.unit_of_work(actor):
        decision, found = await _locked(decision_id)
        published = found.state != RoundState.PROPOSED
        objection = (
            RuleBroken("decision.published", N_("The list is published; it stands."))
            if published
            else None
        )
        await _take(actor, "annul", decision, objection, reason)
        for one in await queries.lines_of(decision_id):
            await let_go(actor, decision_id, one.application_id, today)
        await rounds.take_round_step(actor, "undecide", found, RoundCase(calendar.now()), reason)


def open_steps(
    actor: Actor, decision: Decision, objection: Refusal | None
) -> dict[str, Refusal | None]:
    """Each step that the state allows, with what speaks against it for this person."""
    case = ProposalCase(decision.proposed_by_person, actor.person_id, objection)
    return {
        step.verb: next((r for guard in step.guards if (r := guard(case))), None)
        for step in DECISION.open_to(decision.state, actor)
    }


async def _take(
    actor: Actor, verb: str, decision: Decision, objection: Refusal | None, reason: str = ""
) -> None:
    case = ProposalCase(decision.proposed_by_person, actor.person_id, objection)
    after = DECISION.take(verb, decision.state, actor, case)
    await db.execute(
        "UPDATE funding_decision SET state = $2, decided_by_person = $3, decided_at = $4 "
        "WHERE id = $1",
        decision.id,
        after,
        actor.person_id,
        calendar.now(),
    )
    await record(
        actor, Case(KIND, decision.id), verb, before=decision.state, after=after, reason=reason
    )
