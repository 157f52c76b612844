"""The verbs of the pool: put an expert in, change, record ties, declare ties oneself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.platform import db
from grants.platform.audit import Case, record
from grants.selection import queries
from grants.selection.rules import ExpertKind, TieKind

KIND = "expert"

db.explain_constraint(
    "expert_person_key", Conflict, "expert.known", N_("This person is in the pool already.")
)
db.explain_constraint(
    "expert_tie_once", Conflict, "expert.tie_known", N_("This tie is recorded already.")
)


@dataclass(frozen=True)
class ExpertDetails:
    """What is written down about an expert."""

    kind: ExpertKind
    employer: str
    themes: Sequence[str] = ()
    is_active: bool = True


async def add_expert(actor: Actor, person_id: int, details: ExpertDetails) -> int:
    """Put a person into the pool; answers the expert's id. Raises Conflict where he is in it."""
    actor.need(P.PANEL_EDIT)
    async with db.unit_of_work(actor):
        expert_id = await db.value(
            "INSERT INTO expert (person, kind, themes, employer, is_active, version) "
            "VALUES ($1, $2, $3, $4, $5, 1) RETURNING id",
            person_id,
            details.kind,
            list(details.themes),
            details.employer,
            details.is_active,
        )
        await record(actor, Case(KIND, expert_id), "add", facts={"kind": details.kind})
    return int(expert_id)


async def change_expert(
    actor: Actor, expert_id: int, details: ExpertDetails, *, seen_version: int
) -> None:
    """Change what is known of an expert; an inactive one is drawn no more."""
    actor.need(P.PANEL_EDIT)
    async with db.unit_of_work(actor):
        found = await queries.expert(expert_id, lock=True)
        if found.version != seen_version:
            raise Conflict("expert.stale", N_("Somebody changed this expert. Look again."))
        await db.execute(
            "UPDATE expert SET kind = $2, themes = $3, employer = $4, is_active = $5, "
            "version = version + 1 WHERE id = $1",
            expert_id,
            details.kind,
            list(details.themes),
            details.employer,
            details.is_active,
        )
        await record(actor, Case(KIND, expert_id), "change", facts={"kind": details.kind})


async def record_tie(
    actor: Actor, expert_id: int, organisation_id: int, kind: TieKind, until: date | None
) -> None:
    """Record what ties an expert to an organisation, as the office knows it."""
    actor.need(P.PANEL_EDIT)
    async with db.unit_of_work(actor):
        await write_tie(actor, expert_id, organisation_id, kind, until, by_himself=False)


async def write_tie(
    actor: Actor,
    expert_id: int,
    organisation_id: int,
    kind: TieKind,
    until: date | None,
    *,
    by_himself: bool,
) -> None:
    """Write a tie within the caller's unit of work; one that is known stays as it is."""
    await db.execute(
        """
        INSERT INTO expert_tie (expert, organisation, kind, until, declared_by_himself,
                                recorded_by_person, recorded_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (expert, organisation, kind) DO NOTHING
        """,
        expert_id,
        organisation_id,
        kind,
        until,
        by_himself,
        actor.person_id,
        calendar.now(),
    )
    await record(
        actor,
        Case(KIND, expert_id),
        "tie",
        facts={"organisation": organisation_id, "kind": kind, "by_himself": by_himself},
    )
