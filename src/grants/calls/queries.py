"""Reads of rounds, their revisions and the questions about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from grants.calls.terms import CallTerms
from grants.calls.workflow import RoundState
from grants.kernel.errors import NotFound
from grants.kernel.identity import Actor
from grants.platform import db


@dataclass(frozen=True)
class Round:
    """A round with its published terms; `terms` is None before the first revision stands."""

    id: int
    number: str
    fiscal_year: int
    state: str
    created_by: str
    version: int
    revision_id: int | None
    revision_sequence: int | None
    published_at: datetime | None
    terms: CallTerms | None
    draft_title: str
    waiting_revision: int | None

    def is_open_at(self, moment: datetime) -> bool:
        """Whether it takes applications at a moment."""
        called_off = self.state == RoundState.CANCELLED
        return self.terms is not None and not called_off and self.terms.is_open_at(moment)

    @property
    def title(self) -> str:
        """What it is called: as published, else as drafted."""
        return self.terms.title if self.terms else self.draft_title


_ROUND = """
SELECT r.id, r.number, r.fiscal_year, r.state, p.name AS created_by, r.version,
       v.id AS revision_id, v.sequence AS revision_sequence, v.decided_at AS published_at,
       v.terms, coalesce(w.terms ->> 'title', '') AS draft_title, w.id AS waiting_revision
FROM call_round r
JOIN person p ON p.id = r.created_by_person
LEFT JOIN call_revision v ON v.round = r.id AND v.state = 'PUBLISHED'
LEFT JOIN call_revision w ON w.round = r.id AND w.state IN ('DRAFT', 'PROPOSED')
"""


def _round(found: db.Row) -> Round:
    given = dict(found)
    terms = given.pop("terms")
    return Round(terms=CallTerms.model_validate(terms) if terms else None, **given)


async def round_of(round_id: int, *, lock: bool = False) -> Round:
    """One round; raises NotFound."""
    if lock:
        await db.value("SELECT id FROM call_round WHERE id = $1 FOR NO KEY UPDATE", round_id)
    found = await db.row(_ROUND + "WHERE r.id = $1", round_id)
    if found is None:
        raise NotFound()
    return _round(found)


async def public_round(round_id: int) -> Round:
    """One round as the public sees it: once it is published; raises NotFound."""
    found = await round_of(round_id)
    if found.terms is None:
        raise NotFound()
    return found


async def rounds(*, published: bool = False) -> list[Round]:
    """All rounds, newest first; with `published`, those that the public sees."""
    found = await db.rows(
        _ROUND + "WHERE NOT $1 OR v.id IS NOT NULL ORDER BY r.fiscal_year DESC, r.id DESC",
        published,
    )
    return [_round(r) for r in found]


async def rounds_in(*states: str) -> list[Round]:
    """The rounds that stand in these states."""
    found = await db.rows(_ROUND + "WHERE r.state = ANY($1) ORDER BY r.id", list(states))
    return [_round(r) for r in found]


@dataclass(frozen=True)
class Revision:
    """One revision of a round's terms; a draft's body may not be whole yet."""

    id: int
    round_id: int
    sequence: int
    body: Mapping[str, Any]
    policy_version: int
    note: str
    state: str
    drafted_by_person: int
    drafter: str
    drafted_at: datetime
    decider: str | None
    decided_at: datetime | None
    version: int

    @property
    def terms(self) -> CallTerms:
        """The body as terms; raises pydantic's ValidationError where it is not whole."""
        return CallTerms.model_validate(self.body)


_REVISION = """
SELECT v.id, v.round AS round_id, v.sequence, v.terms AS body, v.policy_version, v.note, v.state,
       v.drafted_by_person, d.name AS drafter, v.drafted_at, a.name AS decider, v.decided_at,
       v.version
FROM call_revision v
JOIN person d ON d.id = v.drafted_by_person
LEFT JOIN person a ON a.id = v.decided_by_person
"""


async def revision(revision_id: int, *, lock: bool = False) -> Revision:
    """One revision; raises NotFound."""
    found = await db.row(
        _REVISION + "WHERE v.id = $1" + (" FOR NO KEY UPDATE OF v" if lock else ""), revision_id
    )
    if found is None:
        raise NotFound()
    return Revision(**found)


async def waiting_revision(found: Round) -> Revision | None:
    """The revision of a round that is being drafted or decided, if there is one."""
    return await revision(found.waiting_revision) if found.waiting_revision else None


async def revisions(round_id: int) -> list[Revision]:
    """All revisions of a round, newest first."""
    found = await db.rows(_REVISION + "WHERE v.round = $1 ORDER BY v.sequence DESC", round_id)
    return [Revision(**r) for r in found]


async def published_total_on_line(line_id: int, *, but_round: int) -> int:
    """What other rounds that are not decided yet mean to give from the same line, in fen."""
    return int(
        await db.value(
            """
            SELECT coalesce(sum((v.terms ->> 'total_fen')::bigint), 0)
            FROM call_revision v JOIN call_round r ON r.id = v.round
            WHERE v.state = 'PUBLISHED' AND (v.terms ->> 'line_id')::bigint = $1
              AND r.id <> $2 AND r.state IN ('PUBLISHED', 'OPEN', 'SCREENING', 'REVIEW')
            """,
            line_id,
            but_round,
        )
    )


@dataclass(frozen=True)
class Question:
    """A question about a round, with its answer. Who asked stands here for the office alone."""

    id: int
    round_id: int
    question: str
    organisation_id: int
    organisation: str
    asked_at: datetime
    answer: str
    answered_at: datetime | None


_QUESTION = """
SELECT q.id, q.round AS round_id, q.question, q.organisation AS organisation_id,
       o.name AS organisation, q.asked_at, q.answer, q.answered_at
FROM call_question q JOIN organisation o ON o.id = q.organisation
"""


async def questions(round_id: int, *, asked_by: Actor | None = None) -> list[Question]:
    """Questions about a round, oldest first: the answered ones, and those of one's own agency.

    The office, and nobody else, reads all of them: `asked_by` None.
    """
    found = await db.rows(
        _QUESTION
        + "WHERE q.round = $1 AND ($2 OR q.answer <> '' OR q.organisation = $3) ORDER BY q.id",
        round_id,
        asked_by is None,
        asked_by.organisation_id if asked_by else None,
    )
    return [Question(**r) for r in found]


async def answered_questions(round_id: int) -> list[Question]:
    """Questions and answers as the public reads them."""
    found = await db.rows(
        _QUESTION + "WHERE q.round = $1 AND q.answer <> '' ORDER BY q.id", round_id
    )
    return [Question(**r) for r in found]


async def question(question_id: int, *, lock: bool = False) -> Question:
    """One question; raises NotFound."""
    found = await db.row(
        _QUESTION + "WHERE q.id = $1" + (" FOR NO KEY UPDATE OF q" if lock else ""), question_id
    )
    if found is None:
        raise NotFound()
    return Question(**found)
