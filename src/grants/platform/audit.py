"""Who did what and why: case events, duties held, timelines, and the sealing of the history."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from grants.kernel import calendar
from grants.kernel.errors import N_, NotAllowed
from grants.kernel.identity import Actor, Role
from grants.platform import db


@dataclass(frozen=True)
class Case:
    """A thing that has a history: its kind (`payment`) and its id."""

    kind: str
    id: int


@dataclass(frozen=True)
class Event:
    """One line of a case's timeline."""

    at: datetime
    verb: str
    state_before: str | None
    state_after: str | None
    reason: str
    facts: Mapping[str, object]
    who: str
    role: Role | None
    delegated: bool


async def record(
    actor: Actor,
    case: Case,
    verb: str,
    *,
    before: str | None = None,
    after: str | None = None,
    reason: str = "",
    facts: Mapping[str, object] | None = None,
    role: Role | None = None,
) -> None:
    """Write one case event: what was done, from which state to which, and why."""
    await db.execute(
        """
        INSERT INTO case_event (case_kind, case_id, verb, state_before, state_after, reason,
                                facts, user_id, person_id, role, delegation_id, request_id, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        case.kind,
        case.id,
        verb,
        before,
        after,
        reason,
        dict(facts or {}),
        actor.user_id,
        actor.person_id,
        role,
        actor.delegations.get(role) if role else None,
        actor.request_id,
        calendar.now(),
    )


async def record_all(
    actor: Actor,
    kind: str,
    verb: str,
    events: Sequence[tuple[int, str | None, Mapping[str, object]]],
) -> None:
    """Write the first event of many new cases of one kind at once: (case id, state, facts)."""
    await db.execute(
        """
        INSERT INTO case_event (case_kind, case_id, verb, state_after, reason, facts, user_id,
                                person_id, request_id, at)
        SELECT $1, e.case_id, $2, e.state, '', e.facts, $6, $7, $8, $9
        FROM unnest($3::bigint[], $4::text[], $5::jsonb[])
             WITH ORDINALITY AS e(case_id, state, facts, place)
        ORDER BY e.place
        """,
        kind,
        verb,
        [case_id for case_id, _, _ in events],
        [state for _, state, _ in events],
        [dict(facts) for _, _, facts in events],
        actor.user_id,
        actor.person_id,
        actor.request_id,
        calendar.now(),
    )


async def take_duties(actor: Actor, kind: str, case_ids: Sequence[int], duty: str) -> None:
    """Hold `duty` on many new cases of one kind, on which nobody holds any yet."""
    await db.execute(
        """
        INSERT INTO held_duty (case_kind, case_id, person_id, duty)
        SELECT $1, c.id, $3, $4 FROM unnest($2::bigint[]) c(id) ORDER BY c.id
        """,
        kind,
        list(case_ids),
        actor.person_id,
        duty,
    )


async def take_duty(actor: Actor, case: Case, duty: str) -> None:
    """Hold `duty` on `case` as a natural person.

    Raises NotAllowed when this person already holds another duty on the case, through
    whichever account (财会〔2012〕21号: application, approval, payment and bookkeeping apart).
    """
    await hold_duty(actor.person_id, case, duty)


async def hold_duty(person_id: int, case: Case, duty: str) -> None:
    """The same for a person who acted before, and is not the actor now."""
    held = await db.value(
        """
        INSERT INTO held_duty (case_kind, case_id, person_id, duty) VALUES ($1, $2, $3, $4)
        ON CONFLICT (case_kind, case_id, person_id) DO UPDATE SET duty = held_duty.duty
        RETURNING duty
        """,
        case.kind,
        case.id,
        person_id,
        duty,
    )
    if held != duty:
        raise NotAllowed(
            "duty.separated",
            N_("You have already acted on this as “{duty}”; this step needs another person."),
            duty=held,
        )


async def duty_of(person_id: int, case: Case) -> str | None:
    """The duty that a natural person holds on a case, if any."""
    held = await db.value(
        "SELECT duty FROM held_duty WHERE case_kind = $1 AND case_id = $2 AND person_id = $3",
        case.kind,
        case.id,
        person_id,
    )
    return str(held) if held is not None else None


async def timeline(case: Case) -> list[Event]:
    """All events of a case, newest first."""
    found = await db.rows(
        """
        SELECT e.at, e.verb, e.state_before, e.state_after, e.reason, e.facts, e.role,
               e.delegation_id, p.name
        FROM case_event e JOIN person p ON p.id = e.person_id
        WHERE e.case_kind = $1 AND e.case_id = $2
        ORDER BY e.id DESC
        """,
        case.kind,
        case.id,
    )
    return [
        Event(
            at=r["at"],
            verb=r["verb"],
            state_before=r["state_before"],
            state_after=r["state_after"],
            reason=r["reason"],
            facts=r["facts"],
            who=r["name"],
            role=Role(r["role"]) if r["role"] else None,
            delegated=r["delegation_id"] is not None,
        )
        for r in found
    ]


async def rows_unlike_history() -> list[str]:
    """Rows that are not as their history says: changed, come or gone without it.

    Example: ["payment 7"].
    """
    return [str(r["what"]) for r in await db.rows("SELECT rows_unlike_history() AS what")]


def _digest(previous: str, block: list[db.Row]) -> str:
    digest = hashlib.sha256(previous.encode())
    for entry in block:
        digest.update(json.dumps([str(v) for v in entry.values()], ensure_ascii=False).encode())
    return digest.hexdigest()


_BLOCK = """
SELECT id, table_name, row_id, operation, before::text, after::text, user_id, request_id, at
FROM row_history WHERE id > $1 AND id <= $2 ORDER BY id
"""


async def seal_history(up_to: datetime) -> int:
    """Seal the history older than `up_to` in one more block; answers how many rows.

    Sealing follows shortly after commit: chaining inside the transaction would make
    every write wait for the one before.
    """
    last = await db.row("SELECT last_id, digest FROM history_seal ORDER BY id DESC LIMIT 1")
    start, previous = (last["last_id"], last["digest"]) if last else (0, "")
    end = await db.value("SELECT max(id) FROM row_history WHERE id > $1 AND at < $2", start, up_to)
    if end is None:
        return 0
    block = await db.rows(_BLOCK, start, end)
    await db.execute(
        "INSERT INTO history_seal (first_id, last_id, digest, sealed_at) VALUES ($1, $2, $3, $4)",
        block[0]["id"],
        end,
        _digest(previous, block),
        calendar.now(),
    )
    return len(block)


async def broken_seals() -> list[int]:
    """Ids of seals whose block no longer has the sealed digest."""
    broken: list[int] = []
    previous, start = "", 0
    for seal in await db.rows("SELECT id, last_id, digest FROM history_seal ORDER BY id"):
        if _digest(previous, await db.rows(_BLOCK, start, seal["last_id"])) != seal["digest"]:
            broken.append(seal["id"])
        previous, start = seal["digest"], seal["last_id"]
    return broken
