"""Lists of payments: narrowed, ordered, counted. Agencies see their own and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from grants.kernel.identity import Actor, Role
from grants.kernel.money import Fen
from grants.platform import db


@dataclass(frozen=True)
class Listed:
    """A payment as a list shows it."""

    id: int
    number: str
    title: str
    payee_name: str
    programme_name: str
    programme_name_en: str
    sequence: int
    amount_fen: Fen
    state: str
    step_role: Role | None
    due_on: date
    paid_on: date | None
    maker: str
    version: int


@dataclass(frozen=True)
class PaymentFilter:
    """What a list of payments may be narrowed by; None means all."""

    state: str | None = None
    waiting_for: frozenset[Role] | None = None
    not_by_person: int | None = None
    programme_id: int | None = None
    organisation_id: int | None = None
    award_id: int | None = None
    due_before: date | None = None
    search: str = ""
    order: str = "due"


_LISTED = """
SELECT p.id, p.number, a.title, p.payee_name, g.name AS programme_name,
       g.name_en AS programme_name_en, i.sequence, p.amount_fen, p.state,
       p.chain ->> (p.step - 1) AS step_role, p.due_on, p.paid_on, m.name AS maker, p.version
FROM payment p
JOIN award a ON a.id = p.award
JOIN programme g ON g.id = a.programme
JOIN instalment i ON i.id = p.instalment
JOIN person m ON m.id = p.made_by_person
"""

#: Each thing a list may be narrowed by, in the order of `_wanted`.
_NARROWED = (
    "a.organisation = ${n}",
    "p.state = ${n}",
    "p.state = 'SUBMITTED' AND p.chain ->> (p.step - 1) = ANY(${n}::text[])",
    """p.made_by_person <> ${n} AND NOT EXISTS (
        SELECT 1 FROM payment_act x WHERE x.payment = p.id AND x.round = p.round
        AND x.person_id = ${n} AND x.decision <> 'WITHDRAW')""",
    "a.programme = ${n}",
    "a.organisation = ${n}",
    "p.award = ${n}",
    "p.due_on < ${n}",
    """(p.number ILIKE '%' || ${n} || '%' OR p.payee_name ILIKE '%' || ${n} || '%'
        OR a.title ILIKE '%' || ${n} || '%')""",
)

_ORDERS = {
    "due": "p.due_on, p.id",
    "-due": "p.due_on DESC, p.id DESC",
    "number": "p.id",
    "-number": "p.id DESC",
    "amount": "p.amount_fen, p.id",
    "-amount": "p.amount_fen DESC, p.id",
    "payee": "p.payee_name, p.id",
    "-payee": "p.payee_name DESC, p.id",
}


def _wanted(actor: Actor, wanted: PaymentFilter) -> tuple[str, list[object]]:
    """FROM and WHERE of a list, and their arguments.

    Only what is asked for is said: "$1 IS NULL OR …" would keep PostgreSQL from the indexes.
    """
    asked: tuple[object, ...] = (
        actor.organisation_id,
        wanted.state,
        sorted(wanted.waiting_for) if wanted.waiting_for is not None else None,
        wanted.not_by_person,
        wanted.programme_id,
        wanted.organisation_id,
        wanted.award_id,
        wanted.due_before,
        wanted.search.strip() or None,
    )
    arguments = [value for value in asked if value is not None]
    narrowed = (text for text, value in zip(_NARROWED, asked, strict=True) if value is not None)
    where = " AND ".join(text.format(n=n) for n, text in enumerate(narrowed, 1))
    award = " JOIN award a ON a.id = p.award" if "a." in where else ""
    return f"FROM payment p{award}" + (f" WHERE {where}" if where else ""), arguments


async def payments(
    actor: Actor, wanted: PaymentFilter, *, limit: int = 50, offset: int = 0
) -> list[Listed]:
    """Payments within the actor's scope in the wanted order."""
    order = _ORDERS.get(wanted.order, _ORDERS["due"])
    narrowed, arguments = _wanted(actor, wanted)
    found = await db.rows(
        # The page is found first, so that only its rows are looked up elsewhere.
        f"""
        {_LISTED}
        WHERE p.id IN (SELECT p.id {narrowed} ORDER BY {order}
                       LIMIT ${len(arguments) + 1} OFFSET ${len(arguments) + 2})
        ORDER BY {order}
        """,
        *arguments,
        limit,
        offset,
    )
    return [_listed(r) for r in found]


def _listed(found: db.Row) -> Listed:
    return Listed(
        **{**found, "step_role": Role(found["step_role"]) if found["step_role"] else None}
    )


@dataclass(frozen=True)
class PaymentList:
    """One page of a list: its rows, and how many a filter finds altogether, with their total.

    With `more` there are more than `count`, and nobody has added them up.
    """

    rows: Sequence[Listed] = ()
    count: int = 0
    total_fen: Fen = field(default=Fen(0))
    more: bool = False


#: So many beyond the page are counted and added up; nobody turns further pages than that.
COUNTED_AHEAD = 1_000


async def list_payments(
    actor: Actor, wanted: PaymentFilter, *, limit: int = 50, offset: int = 0
) -> PaymentList:
    """A page of payments within the actor's scope, in two reads however many there are."""
    order = _ORDERS.get(wanted.order, _ORDERS["due"])
    narrowed, arguments = _wanted(actor, wanted)
    places = [f"${len(arguments) + n}" for n in (1, 2, 3)]
    counted = offset + limit + COUNTED_AHEAD
    found = await db.row(
        f"""
        WITH found AS (
            SELECT row_number() OVER (ORDER BY {order}) AS place, p.id, p.amount_fen {narrowed}
            ORDER BY {order} LIMIT {places[0]} + 1
        )
        SELECT count(*) AS count, coalesce(sum(amount_fen), 0)::bigint AS total_fen,
               coalesce(array_agg(id ORDER BY place) FILTER (
                   WHERE place > {places[1]} AND place <= {places[2]}), '{{}}') AS ids
        FROM found
        """,
        *arguments,
        counted,
        offset,
        offset + limit,
    )
    assert found is not None
    rows = await db.rows(
        f"{_LISTED} WHERE p.id = ANY($1) ORDER BY array_position($1, p.id)", found["ids"]
    )
    more = found["count"] > counted
    return PaymentList(
        rows=[_listed(r) for r in rows],
        count=min(found["count"], counted),
        total_fen=Fen(found["total_fen"]),
        more=more,
    )


async def count_payments(actor: Actor, wanted: PaymentFilter) -> tuple[int, Fen]:
    """How many payments a filter finds, every one of them, and their total in fen."""
    narrowed, arguments = _wanted(actor, wanted)
    found = await db.row(
        f"SELECT count(*) AS payments, coalesce(sum(p.amount_fen), 0)::bigint AS total {narrowed}",
        *arguments,
    )
    assert found is not None
    return found["payments"], Fen(found["total"])


def waiting_for(
    actor: Actor, *, search: str = "", order: str = "due", due_before: date | None = None
) -> PaymentFilter:
    """What waits for this person: steps of own roles on requests not acted on before."""
    return PaymentFilter(
        state="SUBMITTED",
        waiting_for=frozenset(actor.roles),
        not_by_person=actor.person_id,
        search=search,
        order=order,
        due_before=due_before,
    )
