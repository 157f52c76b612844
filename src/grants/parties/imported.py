"""Organisations that come along with an import: found, likened, added, flagged.

All of it is set-based, inside the unit of work of the import.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grants.kernel.identifiers import plain_identifier
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.parties.rules import (
    Kind,
    KnownOrganisation,
    implied_kind,
    names_agree,
    plain_name,
)
from grants.platform import db
from grants.platform.audit import record_all

__all__ = [
    "KnownOrganisation",
    "Match",
    "NewOrganisation",
    "add_organisations",
    "flag_duplicates",
    "match_organisations",
    "organisations_on_record",
    "plain_name",
    "register_imported_organisations",
    "similar_organisations",
]

#: From this similarity of trigrams on, two names may be one organisation.
ALIKE = 0.6


async def organisations_on_record() -> list[KnownOrganisation]:
    """Every organisation, by id: a list names thousands, so all are read at once."""
    found = await db.rows("SELECT id, name, uscc, external_id FROM organisation ORDER BY id")
    return [KnownOrganisation(r["id"], r["name"], r["uscc"], r["external_id"]) for r in found]


async def similar_organisations(names: Sequence[str]) -> Mapping[str, KnownOrganisation]:
    """For each name that has one, the most similar organisation on record.

    The index hands out neighbours in the order of their distance, so one look per name is
    enough: thousands of names take a second or two.
    """
    found = await db.rows(
        """
        SELECT n.name AS asked, s.id, s.name, s.uscc, s.external_id
        FROM unnest($1::text[]) n(name)
        JOIN LATERAL (
            SELECT o.id, o.name, o.uscc, o.external_id, similarity(o.name, n.name) AS likeness
            FROM organisation o ORDER BY o.name <-> n.name LIMIT 1
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


@dataclass(frozen=True, slots=True)
class Match:
    """Whom a list means: the one of that number, or those that it may be by their name."""

    exact: KnownOrganisation | None = None
    candidates: tuple[KnownOrganisation, ...] = ()


async def match_organisations(
    given: Sequence[NewOrganisation],
) -> dict[NewOrganisation, Match]:
    """Each organisation of a list with its match; two reads, whatever the length of the list.

    The same number is the same organisation. Without it, those of the same name are proposed,
    or else the one whose name is most similar (trigrams, from 0.6 on); a person decides.
    """
    by_number: dict[str, KnownOrganisation] = {}
    by_name: dict[str, list[KnownOrganisation]] = defaultdict(list)
    for known in await organisations_on_record():
        by_number.update({n: known for n in (known.uscc, known.external_id) if n})
        by_name[plain_name(known.name)].append(known)
    matches: dict[NewOrganisation, Match] = {}
    for one in given:
        exact = by_number.get(plain_identifier(one.uscc or "")) or by_number.get(
            one.external_id or ""
        )
        namesakes = () if exact else tuple(by_name.get(plain_name(one.name), ()))
        matches[one] = Match(exact, namesakes)
    unknown = [one for one, match in matches.items() if match == Match()]
    similar = await similar_organisations(sorted({one.name for one in unknown}))
    for one in unknown:
        if one.name in similar:
            matches[one] = Match(None, (similar[one.name],))
    return matches


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
                "kind": implied_kind(organisation.uscc) or Kind.OTHER,
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


async def register_imported_organisations(
    actor: Actor, given: Sequence[NewOrganisation], *, source: str
) -> dict[NewOrganisation, int]:
    """The ids of a list's organisations; those not on record by their number are added.

    Each has a credit code or a number elsewhere (GB-CHC-1234). The same number is one
    organisation however often it comes; names that agree, or nearly, are flagged, never merged.
    """
    actor.need(P.AWARD_IMPORT)
    async with db.unit_of_work(actor):
        matches = await match_organisations(given)
        new = {
            one.uscc or one.external_id: one for one, match in matches.items() if not match.exact
        }
        added = dict(
            zip(
                new,
                await add_organisations(actor, list(new.values()), {"source": source}),
                strict=True,
            )
        )
        ids = {
            one: match.exact.id if match.exact else added[one.uscc or one.external_id]
            for one, match in matches.items()
        }
        await flag_duplicates(
            (
                ids[one],
                candidate.id,
                "same_name" if names_agree(one.name, candidate.name) else "similar_name",
            )
            for one, match in matches.items()
            for candidate in match.candidates
        )
    return ids
