"""Reads of a round's variants, and of what may be decided on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from grants.applications.workflow import PASSED
from grants.budget import queries as budget
from grants.calls.terms import CallTerms
from grants.decisions.rules import Choice, Place, Standing
from grants.decisions.workflow import DecisionState
from grants.kernel.errors import NotFound
from grants.kernel.money import Fen
from grants.platform import db
from grants.selection.ranking import Ranking


@dataclass(frozen=True)
class Variant:
    """A variant as it was saved last."""

    id: int
    round_id: int
    name: str
    choice: Choice
    made_by: str
    saved_at: datetime
    version: int


_VARIANT = """
SELECT v.id, v.round AS round_id, v.name, v.choice, p.name AS made_by, v.saved_at, v.version
FROM funding_variant v JOIN person p ON p.id = v.made_by_person
"""


def _variant(found: db.Row) -> Variant:
    return Variant(**{**found, "choice": Choice.model_validate(found["choice"])})


async def variants_of(round_id: int) -> list[Variant]:
    """The variants of a round, oldest first."""
    found = await db.rows(_VARIANT + "WHERE v.round = $1 ORDER BY v.id", round_id)
    return [_variant(one) for one in found]


async def variant(variant_id: int, *, lock: bool = False) -> Variant:
    """One variant; raises NotFound."""
    found = await db.row(
        _VARIANT + "WHERE v.id = $1" + (" FOR NO KEY UPDATE OF v" if lock else ""), variant_id
    )
    if found is None:
        raise NotFound()
    return _variant(found)


def standings_of(ranking: Ranking, terms: CallTerms) -> list[Standing]:
    """The ranked applications as the line looks at them."""
    standings = []
    for line in ranking.lines:
        category = terms.category(line.ranked.category)
        cap_fen = category.cap_fen if category else line.ranked.asked_fen
        standings.append(
            Standing(
                line.ranked.application_id,
                line.ranked.category,
                line.ranked.rank,
                line.ranked.score,
                Fen(min(line.ranked.asked_fen, cap_fen)),
                line.recommended_fen,
                line.passes,
            )
        )
    return standings


async def ceiling_fen(terms: CallTerms) -> Fen:
    """What may be decided on: the total of the call, and no more than its line has free."""
    line = await budget.line(terms.line_id)
    return Fen(min(terms.total_fen, line.balance.available_fen))


async def passed_applications(round_id: int) -> set[int]:
    """Ids of the applications of a round that passed the checks."""
    found = await db.rows(
        "SELECT id FROM application WHERE round = $1 AND state = ANY($2) ORDER BY id",
        round_id,
        list(PASSED),
    )
    return {r["id"] for r in found}


@dataclass(frozen=True)
class Decision:
    """A funding decision as pages and actions read it."""

    id: int
    number: str
    round_id: int
    variant: str
    choice: Choice
    minutes_no: str
    met_on: date
    spent_fen: Fen
    state: str
    proposed_by_person: int
    proposer: str
    proposed_at: datetime
    decider: str | None
    decided_at: datetime | None

    @property
    def stands(self) -> bool:
        """Whether it waits for the meeting or was adopted."""
        return self.state in (DecisionState.PROPOSED, DecisionState.ADOPTED)


_DECISION = """
SELECT d.id, d.number, d.round AS round_id, d.variant, d.choice, d.minutes_no, d.met_on,
       d.spent_fen, d.state, d.proposed_by_person, p.name AS proposer, d.proposed_at,
       q.name AS decider, d.decided_at
FROM funding_decision d JOIN person p ON p.id = d.proposed_by_person
LEFT JOIN person q ON q.id = d.decided_by_person
"""


def _decision(found: db.Row) -> Decision:
    return Decision(**{**found, "choice": Choice.model_validate(found["choice"])})


async def decisions_of(round_id: int) -> list[Decision]:
    """The decisions of a round, newest first: at most one of them stands."""
    found = await db.rows(_DECISION + "WHERE d.round = $1 ORDER BY d.id DESC", round_id)
    return [_decision(one) for one in found]


async def adopted(round_id: int) -> Decision | None:
    """The decision that a round stands by, if there is one."""
    found = await decisions_of(round_id)
    return next((one for one in found if one.state == DecisionState.ADOPTED), None)


async def decision(decision_id: int, *, lock: bool = False) -> Decision:
    """One decision; raises NotFound."""
    found = await db.row(
        _DECISION + "WHERE d.id = $1" + (" FOR NO KEY UPDATE OF d" if lock else ""), decision_id
    )
    if found is None:
        raise NotFound()
    return _decision(found)


@dataclass(frozen=True)
class DecidedLine:
    """What a decision says of one application, and where that stands since."""

    application_id: int
    number: str
    title: str
    organisation_id: int
    organisation: str
    community: str
    starts_on: date | None
    ends_on: date | None
    category: str
    rank: int
    score: Decimal
    asked_fen: Fen
    recommended_fen: Fen
    amount_fen: Fen
    place: Place
    reserve_order: int
    reason: str
    state: str


_LINE = """
SELECT l.application AS application_id, a.number, a.title, a.organisation AS organisation_id,
       o.name AS organisation, a.community, a.starts_on, a.ends_on, l.category, l.rank,
       l.score_hundredths, a.asked_fen, l.recommended_fen, l.amount_fen, l.place,
       l.reserve_order, l.reason, a.state
FROM decision_line l JOIN application a ON a.id = l.application
JOIN organisation o ON o.id = a.organisation
"""


def _line(found: db.Row) -> DecidedLine:
    given = dict(found)
    score = Decimal(given.pop("score_hundredths")) / 100
    return DecidedLine(
        **{**given, "place": Place(given["place"])}, score=score.quantize(Decimal("0.01"))
    )


async def lines_of(decision_id: int) -> list[DecidedLine]:
    """The lines of a decision by category and rank."""
    found = await db.rows(
        _LINE + "WHERE l.decision = $1 ORDER BY l.category, l.rank, l.application", decision_id
    )
    return [_line(one) for one in found]


async def decided_line(application_id: int) -> DecidedLine | None:
    """What the adopted decision says of an application, if there is one."""
    found = await db.row(
        _LINE + "JOIN funding_decision d ON d.id = l.decision AND d.state = 'ADOPTED' "
        "WHERE l.application = $1",
        application_id,
    )
    return _line(found) if found else None


async def decision_of_application(application_id: int) -> Decision | None:
    """The adopted decision that names an application, if there is one."""
    found = await db.row(
        _DECISION + "JOIN decision_line l ON l.decision = d.id "
        "WHERE l.application = $1 AND d.state = 'ADOPTED'",
        application_id,
    )
    return _decision(found) if found else None


async def given_fen(decision_id: int) -> Fen:
    """What a decision gives as things stand: to those proposed, confirmed and funded."""
    return Fen(
        await db.value(
            """
            SELECT coalesce(sum(l.amount_fen), 0)::bigint FROM decision_line l
            JOIN application a ON a.id = l.application
            WHERE l.decision = $1 AND a.state IN ('PROPOSED', 'APPROVED', 'AWARDED')
            """,
            decision_id,
        )
    )
