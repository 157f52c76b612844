"""Reads of evaluations: an evaluator sees his own, an agency those of its projects, confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from grants.evaluation.rules import Ties
from grants.evaluation.terms import EvaluationRules
from grants.evaluation.workflow import EvaluationState
from grants.kernel.errors import NotFound
from grants.kernel.identity import Actor, Role
from grants.kernel.identity import Permission as P
from grants.kernel.money import Fen
from grants.platform import db


@dataclass(frozen=True)
class Evaluation:
    """An evaluation with the rules that it follows."""

    id: int
    number: str
    award_id: int
    award_number: str
    project: str
    organisation_id: int
    organisation: str
    kind: str
    evaluator_person: int
    evaluator: str
    points: Mapping[str, int]
    words: Mapping[str, str]
    finding: str
    total: int | None
    grade: str | None
    rules: EvaluationRules
    state: str
    assigned_by_person: int
    assigner: str
    assigned_at: datetime
    due_on: date
    signed_at: datetime | None
    confirmer: str | None
    confirmed_at: datetime | None
    reason: str
    version: int


_EVALUATION = """
SELECT e.id, e.number, e.award AS award_id, w.number AS award_number, w.title AS project,
       w.organisation AS organisation_id, o.name AS organisation, e.kind, e.evaluator_person,
       p.name AS evaluator, e.points, e.words, e.finding, e.total, e.grade, v.body AS rules,
       e.state, e.assigned_by_person, q.name AS assigner, e.assigned_at, e.due_on, e.signed_at,
       r.name AS confirmer, e.confirmed_at, e.reason, e.version
FROM evaluation e
JOIN award w ON w.id = e.award
JOIN organisation o ON o.id = w.organisation
JOIN person p ON p.id = e.evaluator_person
JOIN person q ON q.id = e.assigned_by_person
LEFT JOIN person r ON r.id = e.confirmed_by_person
JOIN policy_version v ON v.id = e.policy_version
"""
#: $1 the agency, $2 the person who sees nothing but what is assigned to him.
_IN_SCOPE = """
($1::bigint IS NULL OR (w.organisation = $1 AND e.state = 'CONFIRMED'))
AND ($2::bigint IS NULL OR e.evaluator_person = $2)
"""


def _scope(actor: Actor) -> tuple[int | None, int | None]:
    only_own = not actor.may(P.PROJECT_SEE)
    return actor.organisation_id, actor.person_id if only_own else None


def _evaluation(found: db.Row) -> Evaluation:
    return Evaluation(**{**found, "rules": EvaluationRules.model_validate(found["rules"])})


async def evaluation(actor: Actor, evaluation_id: int, *, lock: bool = False) -> Evaluation:
    """One evaluation within the actor's scope; raises NotFound."""
    if lock:
        await db.value("SELECT id FROM evaluation WHERE id = $1 FOR NO KEY UPDATE", evaluation_id)
    found = await db.row(
        f"{_EVALUATION} WHERE {_IN_SCOPE} AND e.id = $3", *_scope(actor), evaluation_id
    )
    if found is None:
        raise NotFound()
    return _evaluation(found)


#: $3 a project, $4 a state, $5 what is searched for.
_WANTED = """
($3::bigint IS NULL OR e.award = $3) AND e.state <> 'CANCELLED' AND ($4 = '' OR e.state = $4)
AND ($5 = '' OR e.number ILIKE '%' || $5 || '%' OR w.title ILIKE '%' || $5 || '%'
     OR o.name ILIKE '%' || $5 || '%' OR p.name ILIKE '%' || $5 || '%')
"""


async def evaluations(
    actor: Actor,
    *,
    award_id: int | None = None,
    state: str = "",
    search: str = "",
    limit: int = 50,
    offset: int = 0,
) -> list[Evaluation]:
    """Evaluations within the actor's scope that were not called off, what is due first."""
    found = await db.rows(
        f"{_EVALUATION} WHERE {_IN_SCOPE} AND {_WANTED} "
        "ORDER BY e.state = 'CONFIRMED', e.due_on, e.id LIMIT $6 OFFSET $7",
        *_scope(actor),
        award_id,
        state,
        search.strip(),
        limit,
        offset,
    )
    return [_evaluation(r) for r in found]


async def count_by_state(actor: Actor) -> dict[str, int]:
    """How many evaluations within the actor's scope stand in each state."""
    found = await db.rows(
        "SELECT e.state, count(*) AS count FROM evaluation e JOIN award w ON w.id = e.award "
        f"WHERE {_IN_SCOPE} AND e.state <> 'CANCELLED' GROUP BY e.state ORDER BY e.state",
        *_scope(actor),
    )
    return {r["state"]: r["count"] for r in found}


async def confirmed(award_id: int, kind: str) -> Evaluation | None:
    """The last confirmed evaluation of a kind, if there is one."""
    found = await db.row(
        _EVALUATION + "WHERE e.award = $1 AND e.kind = $2 AND e.state = $3 "
        "ORDER BY e.confirmed_at DESC, e.id DESC LIMIT 1",
        award_id,
        kind,
        EvaluationState.CONFIRMED,
    )
    return _evaluation(found) if found else None


async def begun(award_id: int) -> list[tuple[str, str]]:
    """Kind and state of each evaluation of a project that was not called off, oldest first."""
    found = await db.rows(
        "SELECT kind, state FROM evaluation WHERE award = $1 AND state <> 'CANCELLED' ORDER BY id",
        award_id,
    )
    return [(r["kind"], r["state"]) for r in found]


async def evaluators(on: date) -> list[tuple[int, str]]:
    """Persons who may be asked to evaluate on a day: id and name."""
    found = await db.rows(
        """
        SELECT DISTINCT p.id, p.name FROM app_user u
        JOIN person p ON p.id = u.person JOIN role_grant g ON g."user" = u.id
        WHERE u.is_active AND g.role = $1 AND g.starts_on <= $2
          AND (g.ends_on IS NULL OR g.ends_on > $2)
        ORDER BY p.name, p.id
        """,
        Role.EVALUATOR,
        on,
    )
    return [(r["id"], r["name"]) for r in found]


async def ties_of(person_id: int, award_id: int, *, assigner: int, on: date, years: int) -> Ties:
    """What ties a person to a project, as the records know it.

    A tie counts until `years` after its end, kinship for ever.
    """
    found = await db.row(
        """
        SELECT EXISTS (SELECT 1 FROM app_user u WHERE u.person = $1
                       AND u.organisation_id = w.organisation) AS of_agency,
               EXISTS (SELECT 1 FROM expert_tie t JOIN expert e ON e.id = t.expert
                       WHERE e.person = $1 AND t.organisation = w.organisation
                         AND (t.until IS NULL OR t.kind = 'KIN'
                              OR t.until + make_interval(years => $4) >= $3::date))
                   OR o.representative = $1 AS tied_to_agency,
               EXISTS (SELECT 1 FROM spending s WHERE s.award = w.id
                       AND $1 IN (s.judged_by_person, s.entered_by_person)) AS judged_receipts,
               EXISTS (SELECT 1 FROM agreement g WHERE g.award = w.id
                       AND $1 IN (g.drawn_up_by_person, g.activated_by_person)) AS agreed,
               $1 = $5::bigint AS assigns
        FROM award w JOIN organisation o ON o.id = w.organisation WHERE w.id = $2
        """,
        person_id,
        award_id,
        on,
        years,
        assigner,
    )
    if found is None:
        raise NotFound()
    return Ties(**{name: bool(value) for name, value in found.items()})


@dataclass(frozen=True)
class ReceiptPaper:
    """A scan of one of a project's receipts."""

    id: int
    spending_id: int
    name: str


async def receipt_papers(award_id: int) -> list[ReceiptPaper]:
    """The scans of the receipts of a project that stand."""
    found = await db.rows(
        """
        SELECT t.id, s.id AS spending_id, t.name FROM attachment t
        JOIN spending s ON t.case_kind = 'spending' AND t.case_id = s.id
        WHERE s.award = $1 AND s.state <> 'TAKEN_BACK' ORDER BY t.id
        """,
        award_id,
    )
    return [ReceiptPaper(**r) for r in found]


async def first_part_fen(award_id: int) -> Fen:
    """The parts of an award that signing opened."""
    return Fen(
        await db.value(
            "SELECT coalesce(sum(amount_fen), 0)::bigint FROM instalment "
            "WHERE award = $1 AND opened_by = 'AGREEMENT' AND state <> 'CANCELLED'",
            award_id,
        )
    )
