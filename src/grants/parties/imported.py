"""Organisations that come along with an import: found, likened, added, flagged.

All of it is set-based, inside the unit of work of the import.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grants.kernel.identity import Actor
from grants.platform import db
from grants.platform.audit import record_all

#: From this similarity of trigrams on, two names may be one organisation.
ALIKE = 0.6


def plain_name(name: str) -> str:
    """A name as names are compared: half-width, without spaces and case.

    Example: “示例中心（太仓）” and “示例中心 (太仓)” are one.
    """
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name)).casefold()


@dataclass(frozen=True, slots=True)
class KnownOrganisation:
    """An organisation as far as an import recognises it."""

    id: int
    name: str
    uscc: str | None
    external_id: str | None


async def organisations_on_record() -> list[KnownOrganisation]:
    """Every organisation, by id: a list names thousands, so all are read at once."""
    found = await db.rows("SELECT id, name, uscc, external_id FROM organisation ORDER BY id")
    return [KnownOrganisation(r["id"], r["name"], r["uscc"], r["external_id"]) for r in found]


async def similar_organisations(names: Sequence[str]) -> Mapping[str, KnownOrganisation]:
    """For each name that has one, the most similar organisation on record."""
    found = await db.rows(
        """
        SELECT n.name AS asked, s.id, s.name, s.uscc, s.external_id
        FROM unnest($1::text[]) n(name)
        JOIN LATERAL (
            SELECT o.id, o.name, o.uscc, o.external_id, similarity(o.name, n.name) AS likeness
            FROM organisation o WHERE o.name % n.name
            ORDER BY likeness DESC, o.id LIMIT 1
        ) s ON s.likeness >= $2
        ORDER BY n.name
        """,
        list(names),
        ALIKE,
    )
    return {
        r["asked"]: KnownOrganisation(r["id"], r["name"], r["uscc"], r["external_id"])
        for r in found
    }


@dataclass(frozen=True, slots=True)
class NewOrganisation:
    """An organisation that an import brings; one of `uscc` and `external_id` is given."""

    name: str
    uscc: str | None
    external_id: str | None


#: 统一社会信用代码: what the registering body and kind in its first two characters say [V].
_KINDS = {
    "11": "GOVERNMENT",
    "12": "INSTITUTION",
    "51": "ASSOCIATION",
    "52": "PRIVATE_NON_ENTERPRISE",
    "53": "FOUNDATION",
    "54": "COMMITTEE",
    "91": "COMPANY",
    "93": "COMPANY",
    "N1": "COLLECTIVE",
    "N2": "COLLECTIVE",
    "N3": "COLLECTIVE",
}


def kind_of(uscc: str | None) -> str:
    """The kind of organisation its credit code tells; OTHER without one (domain §7 [V])."""
    return _KINDS.get((uscc or "")[:2], "OTHER")


async def add_organisations(
    actor: Actor, new: Sequence[NewOrganisation], facts: Mapping[str, object]
) -> list[int]:
    """Add organisations; answers their ids in the same order.

    They have no inspection on record and no account, so nothing is paid to them before
    somebody has looked at their papers.
    """
    if not new:
        return []
    found = await db.rows(
        """
        WITH given AS (
            SELECT g.*, nextval(pg_get_serial_sequence('organisation', 'id')) AS id
            FROM jsonb_to_recordset($1::jsonb)
                 AS g(place int, name text, uscc text, external_id text, kind text)
        ), added AS (
            INSERT INTO organisation (id, name, uscc, external_id, kind, standing, standing_note,
                                      is_demo)
            SELECT id, name, uscc, external_id, kind, 'GOOD', '', false FROM given ORDER BY place
        )
        SELECT id FROM given ORDER BY place
        """,
        [
            {
                "place": place,
                "name": organisation.name,
                "uscc": organisation.uscc,
                "external_id": organisation.external_id,
                "kind": kind_of(organisation.uscc),
            }
            for place, organisation in enumerate(new)
        ],
    )
    ids = [int(r["id"]) for r in found]
    await record_all(actor, "organisation", "import", [(i, None, facts) for i in ids])
    return ids


async def flag_duplicates(pairs: Iterable[tuple[int, int, str]]) -> None:
    """Flag organisations that look like one: (one id, another id, reason). Known pairs stay."""
    ordered = sorted({(min(a, b), max(a, b), reason) for a, b, reason in pairs if a != b})
    if ordered:
        await db.execute(
            """
            INSERT INTO duplicate_flag (subject_kind, first_id, second_id, reason, state,
                                        decision_note)
            SELECT 'organisation', p.first_id, p.second_id, p.reason, 'OPEN', ''
            FROM unnest($1::bigint[], $2::bigint[], $3::text[]) p(first_id, second_id, reason)
            ORDER BY 1, 2, 3
            ON CONFLICT DO NOTHING
            """,
            [a for a, _, _ in ordered],
            [b for _, b, _ in ordered],
            [reason for _, _, reason in ordered],
        )
