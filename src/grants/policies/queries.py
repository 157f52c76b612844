"""Reads of policies: versions by kind, proposals, who waits for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from grants.kernel.errors import NotFound
from grants.platform import db
from grants.policies.rules import Span


@dataclass(frozen=True)
class Version:
    """One version of a policy; `proposal_id` is None for the first ones."""

    id: int
    kind: str
    starts_on: date
    ends_on: date | None
    body: Mapping[str, Any]
    legal_basis: str
    mark: str
    proposal_id: int | None

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on `day`."""
        return self.starts_on <= day and (self.ends_on is None or self.ends_on > day)


@dataclass(frozen=True)
class Proposal:
    """A version on its way."""

    id: int
    kind: str
    starts_on: date
    body: Mapping[str, Any]
    legal_basis: str
    mark: str
    reason: str
    state: str
    replaces_version: int
    policy_version_id: int | None
    proposed_by_person: int
    proposer: str
    proposed_at: datetime
    version: int


_VERSION = """
SELECT v.id, v.kind, v.starts_on, v.ends_on, v.body, v.legal_basis, v.mark, p.id AS proposal_id
FROM policy_version v LEFT JOIN policy_proposal p ON p.policy_version = v.id
WHERE v.scope = ''
"""

_PROPOSAL = """
SELECT p.id, p.kind, p.starts_on, p.body, p.legal_basis, p.mark, p.reason, p.state,
       p.replaces_version, p.policy_version AS policy_version_id, p.proposed_by_person,
       m.name AS proposer, p.proposed_at, p.version
FROM policy_proposal p JOIN person m ON m.id = p.proposed_by_person
WHERE p.scope = ''
"""


async def versions(kind: str | None = None) -> list[Version]:
    """All versions, of one kind or of all, newest first."""
    found = await db.rows(
        _VERSION + "AND ($1::text IS NULL OR v.kind = $1) ORDER BY v.kind, v.starts_on DESC", kind
    )
    return [Version(**r) for r in found]


async def lock_spans(kind: str) -> Sequence[Span]:
    """When each version of a kind holds, latest first; nobody else changes them meanwhile."""
    found = await db.rows(
        """
        SELECT id, starts_on, ends_on FROM policy_version
        WHERE kind = $1 AND scope = '' ORDER BY starts_on DESC FOR NO KEY UPDATE
        """,
        kind,
    )
    return [Span(**r) for r in found]


async def proposals(*, kind: str | None = None, state: str | None = None) -> list[Proposal]:
    """Proposals, newest first."""
    found = await db.rows(
        _PROPOSAL + "AND ($1::text IS NULL OR p.kind = $1) AND ($2::text IS NULL OR p.state = $2) "
        "ORDER BY p.id DESC",
        kind,
        state,
    )
    return [Proposal(**r) for r in found]


async def proposal(proposal_id: int, *, lock: bool = False) -> Proposal:
    """One proposal; raises NotFound."""
    found = await db.row(
        _PROPOSAL + "AND p.id = $1" + (" FOR NO KEY UPDATE OF p" if lock else ""), proposal_id
    )
    if found is None:
        raise NotFound()
    return Proposal(**found)
