"""Records that look like one: found and flagged, and read for somebody to decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from grants.kernel.errors import NotFound
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.parties.rules import UNSEEN, Features, organisation_code
from grants.platform import db

#: What a person must hold to see flags of a kind, and to decide on them.
SEEN_WITH: Mapping[str, P] = {
    "organisation": P.ORGANISATION_SEE,
    "person": P.PERSON_SEE,
    "bank_account": P.PERSON_SEE,
}
DECIDED_WITH: Mapping[str, P] = {
    "organisation": P.ORGANISATION_EDIT,
    "person": P.PERSON_EDIT,
    "bank_account": P.ACCOUNT_VERIFY,
}


def plain_name_sql(column: str) -> str:
    """`rules.plain_name` in SQL, for comparing thousands of names at once."""
    return f"lower(regexp_replace(normalize({column}, NFKC), '[{UNSEEN}]', '', 'g'))"


_LIVE = "bank_account WHERE state IN ('ENTERED', 'VERIFIED')"
_PHONE, _NUMBER = "encode(phone_index, 'hex')", "encode(number_index, 'hex')"

#: By what records are known: kind, reason, the record's id, the key, whether the record is
#: surely itself (a person with an id number), and where all that stands.
_KEYS = (
    ("organisation", "same_name", "id", plain_name_sql("name"), "false", "organisation"),
    ("organisation", "same_id", "id", "substr(uscc, 9, 9)", "false", "organisation"),
    ("organisation", "same_phone", "id", _PHONE, "false", "organisation"),
    ("organisation", "same_account", "organisation", _NUMBER, "false", _LIVE),
    ("person", "same_name", "id", plain_name_sql("name"), "id_number_index IS NOT NULL", "person"),
    ("person", "same_phone", "id", _PHONE, "false", "person"),
    ("person", "same_account", "person", _NUMBER, "false", _LIVE),
)
_ALL_KEYS = " UNION ALL ".join(
    f"SELECT '{kind}' AS kind, '{reason}' AS reason, k.* FROM "
    f"(SELECT {record} AS id, {key} AS key, {sure} AS sure FROM {source}) k "
    f"WHERE $1::text IS NULL OR $1 = '{kind}'"
    for kind, reason, record, key, sure, source in _KEYS
)

#: Records of one key are paired with the first of them, so that a thousand with one phone make
#: a thousand flags, not half a million. Persons of one name are likened only where one of them
#: has no id number: two numbers are two people.
_FIND = f"""
WITH keys AS ({_ALL_KEYS}), firsts AS (
    SELECT kind, id, reason, sure,
           first_value(id) OVER earliest AS first, first_value(sure) OVER earliest AS first_sure
    FROM keys WHERE id IS NOT NULL AND key <> '' AND (kind <> 'person' OR id <> 1)
    WINDOW earliest AS (PARTITION BY kind, reason, key ORDER BY sure, id)
), pairs AS (
    SELECT kind, least(first, id) AS first_id, greatest(first, id) AS second_id, reason
    FROM firsts WHERE first <> id AND NOT (sure AND first_sure)
    UNION ALL
    SELECT 'bank_account', least(a.id, b.id), greatest(a.id, b.id), 'same_account'
    FROM bank_account a JOIN bank_account b ON b.number_index = a.number_index
    WHERE a.organisation IS NOT NULL AND b.person IS NOT NULL
      AND a.state IN ('ENTERED', 'VERIFIED') AND b.state IN ('ENTERED', 'VERIFIED')
      AND ($1 IS NULL OR $1 = 'bank_account' AND $2 IN (a.id, b.id))
)
INSERT INTO duplicate_flag (subject_kind, first_id, second_id, reason, state, decision_note)
SELECT DISTINCT kind, first_id, second_id, reason, 'OPEN', '' FROM pairs
WHERE $1 IS NULL OR $2 IN (first_id, second_id)
ORDER BY kind, first_id, second_id, reason
ON CONFLICT ON CONSTRAINT duplicate_flag_once DO NOTHING
"""


async def flag(kind: str | None = None, record_id: int | None = None) -> int:
    """Flag what looks like one record, or every such pair without arguments; answers how many.

    Needs an open unit of work. Pairs flagged before stay as they are, decided or not.
    """
    done = await db.execute(_FIND, kind, record_id)
    return int(done.rpartition(" ")[2])


@dataclass(frozen=True)
class Duplicate:
    """Two records that look like one, all reasons together, until somebody decides."""

    id: int
    kind: str
    first_id: int
    second_id: int
    first_name: str
    second_name: str
    reasons: tuple[str, ...]
    state: str
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str


_NAMES = """
SELECT 'organisation' AS kind, id, name FROM organisation
UNION ALL SELECT 'person', id, name FROM person
UNION ALL SELECT 'bank_account', b.id, coalesce(o.name, p.name)
FROM bank_account b LEFT JOIN organisation o ON o.id = b.organisation
LEFT JOIN person p ON p.id = b.person
"""

_PAIRS = f"""
SELECT min(f.id) AS id, f.subject_kind AS kind, f.first_id, f.second_id, a.name AS first_name,
       b.name AS second_name, array_agg(f.reason ORDER BY f.reason) AS reasons, f.state,
       max(d.name) AS decided_by, max(f.decided_at) AS decided_at,
       max(f.decision_note) AS decision_note
FROM duplicate_flag f
JOIN ({_NAMES}) a ON a.kind = f.subject_kind AND a.id = f.first_id
JOIN ({_NAMES}) b ON b.kind = f.subject_kind AND b.id = f.second_id
LEFT JOIN person d ON d.id = f.decided_by
WHERE f.subject_kind = ANY ($1)
"""
_GROUPED = """
GROUP BY f.subject_kind, f.first_id, f.second_id, a.name, b.name, f.state
"""


def _seen_kinds(actor: Actor) -> list[str]:
    """Flags are the bureau's: an agency learns nothing about others from them."""
    if actor.organisation_id is not None:
        raise NotFound()
    return [kind for kind, permission in SEEN_WITH.items() if actor.may(permission)]


def _duplicate(found: db.Row) -> Duplicate:
    return Duplicate(**{**found, "reasons": tuple(found["reasons"])})


async def duplicates(
    actor: Actor, state: str = "OPEN", *, limit: int = 50, offset: int = 0
) -> list[Duplicate]:
    """Flagged pairs in one state, the oldest first."""
    found = await db.rows(
        _PAIRS + "AND f.state = $2" + _GROUPED + "ORDER BY min(f.id) LIMIT $3 OFFSET $4",
        _seen_kinds(actor),
        state,
        limit,
        offset,
    )
    return [_duplicate(r) for r in found]


async def count_duplicates(actor: Actor, state: str = "OPEN") -> int:
    """How many pairs are in one state."""
    return int(
        await db.value(
            """
            SELECT count(DISTINCT (subject_kind, first_id, second_id)) FROM duplicate_flag
            WHERE subject_kind = ANY ($1) AND state = $2
            """,
            _seen_kinds(actor),
            state,
        )
    )


async def duplicate(actor: Actor, flag_id: int) -> Duplicate:
    """The pair that a flag is about; raises NotFound."""
    found = await db.row(
        _PAIRS
        + """AND (f.subject_kind, f.first_id, f.second_id, f.state) =
            (SELECT subject_kind, first_id, second_id, state FROM duplicate_flag WHERE id = $2)"""
        + _GROUPED
        + "ORDER BY min(f.id)",
        _seen_kinds(actor),
        flag_id,
    )
    if found is None:
        raise NotFound()
    return _duplicate(found)


async def duplicates_of(actor: Actor, kind: str, record_id: int) -> list[Duplicate]:
    """Flagged pairs of one record that are open or were found to be one."""
    found = await db.rows(
        _PAIRS
        + "AND f.subject_kind = $2 AND $3 IN (f.first_id, f.second_id) AND f.state <> 'DIFFERENT'"
        + _GROUPED
        + "ORDER BY min(f.id)",
        _seen_kinds(actor),
        kind,
        record_id,
    )
    return [_duplicate(r) for r in found]


@dataclass(frozen=True)
class Side:
    """One of two records, with what the two are compared by."""

    id: int
    kind: str
    name: str
    number: str
    href: str
    facts: Mapping[str, str]
    features: Features


_SIDES = {
    "organisation": """
        SELECT o.id, o.name, coalesce(o.uscc, o.external_id, '') AS number, o.uscc,
               o.phone_index, coalesce(o.phone_masked, '') AS phone, coalesce(o.town, '') AS town,
               coalesce(o.registered_on::text, '') AS registered_on,
               coalesce(array_agg(b.number_index) FILTER (WHERE b.id IS NOT NULL), '{}') AS indexes,
               coalesce(string_agg('••••' || b.number_last4, ', ' ORDER BY b.id), '') AS accounts
        FROM organisation o
        LEFT JOIN bank_account b ON b.organisation = o.id AND b.state IN ('ENTERED', 'VERIFIED')
        WHERE o.id = ANY ($1) GROUP BY o.id ORDER BY o.id
    """,
    "person": """
        SELECT p.id, p.name, coalesce('••••' || p.id_number_last4, '') AS number,
               encode(p.id_number_index, 'hex') AS uscc, p.phone_index,
               coalesce(p.phone_masked, '') AS phone, '' AS town, '' AS registered_on,
               coalesce(array_agg(b.number_index) FILTER (WHERE b.id IS NOT NULL), '{}') AS indexes,
               coalesce(string_agg('••••' || b.number_last4, ', ' ORDER BY b.id), '') AS accounts
        FROM person p
        LEFT JOIN bank_account b ON b.person = p.id AND b.state IN ('ENTERED', 'VERIFIED')
        WHERE p.id = ANY ($1) GROUP BY p.id ORDER BY p.id
    """,
    "bank_account": """
        SELECT b.id, coalesce(o.name, p.name) AS name,
               coalesce(o.uscc, o.external_id, '') AS number, NULL AS uscc,
               NULL::bytea AS phone_index, '' AS phone, '' AS town, '' AS registered_on,
               ARRAY[b.number_index] AS indexes,
               '••••' || b.number_last4 AS accounts
        FROM bank_account b LEFT JOIN organisation o ON o.id = b.organisation
        LEFT JOIN person p ON p.id = b.person
        WHERE b.id = ANY ($1) ORDER BY b.id
    """,
}
_PAGES = {"organisation": "/organisations", "person": "/persons", "bank_account": "/accounts"}


async def sides(pair: Duplicate) -> Sequence[Side]:
    """Both records of a pair, the earlier first, for comparing them side by side."""
    found = await db.rows(_SIDES[pair.kind], [pair.first_id, pair.second_id])
    return [
        Side(
            id=r["id"],
            kind=pair.kind,
            name=r["name"],
            number=r["number"],
            href=f"{_PAGES[pair.kind]}/{r['id']}",
            facts={k: r[k] for k in ("accounts", "phone", "town", "registered_on")},
            features=Features(
                r["name"],
                organisation_code(r["uscc"]) if pair.kind == "organisation" else r["uscc"],
                r["phone_index"],
                frozenset(r["indexes"]),
            ),
        )
        for r in found
    ]
