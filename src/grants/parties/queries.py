"""Reads of organisations and bank accounts. Agencies see their own; all else is not found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from grants.kernel.errors import N_, NotFound, RuleBroken
from grants.kernel.identifiers import plain_identifier
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.parties.rules import card_deserves_a_look
from grants.platform import crypto, db

#: The purpose under which account numbers are encrypted and indexed.
ACCOUNT_SECRET = "bank_account"
PHONE_SECRET = "phone"


@dataclass(frozen=True)
class Organisation:
    """A body that may be paid, as its page and its lists show it."""

    id: int
    name: str
    uscc: str | None
    external_id: str | None
    kind: str
    town: str | None
    registered_on: date | None
    grade: str | None
    grade_expires_on: date | None
    inspection_year: int | None
    inspection_result: str | None
    standing: str
    standing_note: str
    phone_masked: str | None
    version: int
    is_demo: bool
    verified_accounts: int
    waiting_accounts: int
    open_duplicates: int

    @property
    def number(self) -> str:
        """The credit code, or the number elsewhere of a body that has none."""
        return self.uscc or self.external_id or ""


_ORGANISATION = """
SELECT o.id, o.name, o.uscc, o.external_id, o.kind, o.town, o.registered_on, o.grade,
       o.grade_expires_on, o.inspection_year, o.inspection_result, o.standing, o.standing_note,
       o.phone_masked, o.version, o.is_demo,
       (SELECT count(*) FROM bank_account b
        WHERE b.organisation = o.id AND b.state = 'VERIFIED') AS verified_accounts,
       (SELECT count(*) FROM bank_account b
        WHERE b.organisation = o.id AND b.state = 'ENTERED') AS waiting_accounts,
       (SELECT count(*) FROM duplicate_flag f WHERE f.subject_kind = 'organisation'
        AND f.state = 'OPEN' AND o.id IN (f.first_id, f.second_id)) AS open_duplicates
FROM organisation o
"""


async def organisation(actor: Actor, organisation_id: int, *, lock: bool = False) -> Organisation:
    """One organisation within the actor's scope; raises NotFound."""
    found = await db.row(
        _ORGANISATION
        + "WHERE o.id = $1 AND ($2::bigint IS NULL OR o.id = $2)"
        + (" FOR UPDATE OF o" if lock else ""),
        organisation_id,
        actor.organisation_id,
    )
    if found is None:
        raise NotFound()
    return Organisation(**found)


@dataclass(frozen=True)
class OrganisationFilter:
    """What a list of organisations may be narrowed by; None means all.

    `account` is "verified", "waiting" or "none"; `order` a name of `ORDERS`, "-" turns it.
    """

    kind: str | None = None
    standing: str | None = None
    account: str | None = None
    search: str = ""
    order: str = "name"


ORDERS: Mapping[str, str] = {
    "name": "o.name",
    "number": "coalesce(o.uscc, o.external_id)",
    "grade": "o.grade_expires_on",
    "inspection": "o.inspection_year",
    "town": "o.town",
    "id": "o.id",
}

_WANTED = """
WHERE ($1::bigint IS NULL OR o.id = $1)
  AND ($2::text IS NULL OR o.kind = $2)
  AND ($3::text IS NULL OR o.standing = $3)
  AND ($4::text IS NULL OR CASE $4
        WHEN 'none' THEN NOT EXISTS (SELECT 1 FROM bank_account b WHERE b.organisation = o.id
                                     AND b.state IN ('ENTERED', 'VERIFIED'))
        WHEN 'waiting' THEN EXISTS (SELECT 1 FROM bank_account b WHERE b.organisation = o.id
                                    AND b.state = 'ENTERED')
        ELSE EXISTS (SELECT 1 FROM bank_account b WHERE b.organisation = o.id
                     AND b.state = 'VERIFIED') END)
  AND ($5 = '' OR o.name ILIKE '%' || $6 || '%' OR $5 <% o.name OR o.uscc LIKE $7 || '%'
       OR o.external_id ILIKE $6 || '%')
"""


def _wanted(actor: Actor, wanted: OrganisationFilter) -> tuple[object, ...]:
    search = wanted.search.strip()
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    # A search without letters and digits would match every code by its empty beginning.
    code = "".join(c for c in plain_identifier(search) if c.isascii() and c.isalnum()) or "-"
    return (
        actor.organisation_id,
        wanted.kind,
        wanted.standing,
        wanted.account,
        search,
        escaped,
        code,
    )


async def organisations(
    actor: Actor, wanted: OrganisationFilter, *, limit: int = 50, offset: int = 0
) -> list[Organisation]:
    """Organisations within the actor's scope."""
    order = ORDERS[wanted.order.lstrip("-")]
    turned = "DESC" if wanted.order.startswith("-") else "ASC"
    found = await db.rows(
        f"{_ORGANISATION}{_WANTED}ORDER BY {order} {turned} NULLS LAST, o.id LIMIT $8 OFFSET $9",
        *_wanted(actor, wanted),
        limit,
        offset,
    )
    return [Organisation(**r) for r in found]


async def organisation_names() -> list[tuple[int, str]]:
    """Id and name of every organisation, by name: for choosing one."""
    found = await db.rows("SELECT id, name FROM organisation ORDER BY name, id")
    return [(r["id"], r["name"]) for r in found]


async def count_organisations(actor: Actor, wanted: OrganisationFilter) -> int:
    """How many organisations a filter finds."""
    return int(
        await db.value(f"SELECT count(*) FROM organisation o {_WANTED}", *_wanted(actor, wanted))
    )


@dataclass(frozen=True)
class PayeeAccount:
    """An account of a payee, as payments refer to it."""

    id: int
    holder_name: str
    number_last4: str
    bank_name: str
    state: str


async def account_of_payee(
    account_id: int, organisation_id: int | None, person_id: int | None
) -> PayeeAccount:
    """The account, if it belongs to this payee; raises NotFound otherwise."""
    found = await db.row(
        """
        SELECT id, holder_name, number_last4, bank_name, state FROM bank_account
        WHERE id = $1 AND organisation IS NOT DISTINCT FROM $2 AND person IS NOT DISTINCT FROM $3
        """,
        account_id,
        organisation_id,
        person_id,
    )
    if found is None:
        raise NotFound()
    return PayeeAccount(**found)


async def accounts_of(organisation_id: int | None, person_id: int | None) -> list[PayeeAccount]:
    """The live accounts of a payee: verified ones first, the latest of them on top."""
    found = await db.rows(
        """
        SELECT id, holder_name, number_last4, bank_name, state FROM bank_account
        WHERE organisation IS NOT DISTINCT FROM $1 AND person IS NOT DISTINCT FROM $2
          AND state IN ('ENTERED', 'VERIFIED')
        ORDER BY state = 'VERIFIED' DESC, verified_at DESC NULLS LAST, id DESC
        """,
        organisation_id,
        person_id,
    )
    return [PayeeAccount(**r) for r in found]


async def verified_accounts(
    organisation_id: int | None, person_id: int | None
) -> list[PayeeAccount]:
    """The accounts that a payee can be paid to, the latest verified first."""
    live = await accounts_of(organisation_id, person_id)
    return [account for account in live if account.state == "VERIFIED"]


async def payment_account(organisation_id: int | None, person_id: int | None) -> int:
    """The id of the account that was verified last; raises RuleBroken `account.none`."""
    verified = await verified_accounts(organisation_id, person_id)
    if not verified:
        raise RuleBroken("account.none", N_("This payee has no verified bank account."))
    return verified[0].id


@dataclass(frozen=True)
class Payee:
    """An organisation or a person that is paid."""

    organisation_id: int | None
    person_id: int | None
    name: str

    @property
    def href(self) -> str:
        """Its page."""
        if self.organisation_id is not None:
            return f"/organisations/{self.organisation_id}"
        return f"/persons/{self.person_id}"


async def payee(
    actor: Actor, *, organisation_id: int | None = None, person_id: int | None = None
) -> Payee:
    """The payee within the actor's scope: persons need PERSON_SEE. Raises NotFound."""
    if organisation_id is not None and person_id is None:
        seen = actor.organisation_id in (None, organisation_id)
        name = await db.value("SELECT name FROM organisation WHERE id = $1", organisation_id)
    else:
        seen = actor.may(P.PERSON_SEE) and organisation_id is None
        name = await db.value("SELECT name FROM person WHERE id = $1", person_id)
    if name is None or not seen:
        raise NotFound()
    return Payee(organisation_id, person_id, name)


async def payees() -> list[tuple[str, str]]:
    """Whom an award may be drawn up for: ("o:7", name and number), organisations first.

    Organisations that are not closed and have a credit code or an account, and people with an
    account. A body that only an import knows comes in once its code is recorded.
    """
    found = await db.rows(
        """
        WITH live AS (SELECT organisation, person FROM bank_account
                      WHERE state IN ('ENTERED', 'VERIFIED'))
        SELECT 'o:' || id AS value, name || coalesce(' · ' || uscc, '') AS text, 1 AS place
        FROM organisation WHERE standing <> 'CLOSED'
          AND (uscc IS NOT NULL OR id IN (SELECT organisation FROM live))
        UNION ALL
        SELECT 'p:' || id, name || coalesce(' · ••••' || id_number_last4, ''), 2 FROM person
        WHERE id IN (SELECT person FROM live)
        ORDER BY place, text
        """
    )
    return [(r["value"], r["text"]) for r in found]


@dataclass(frozen=True)
class Account:
    """A bank account as its page shows it: never more than the last four digits."""

    id: int
    organisation_id: int | None
    person_id: int | None
    payee_name: str
    holder_name: str
    number_last4: str
    bank_name: str
    cnaps: str | None
    state: str
    evidence: str
    entered_by_person: int
    entered_by: str
    entered_at: datetime | None
    verified_by: str | None
    verified_at: datetime | None


_ACCOUNT = """
SELECT b.id, b.organisation AS organisation_id, b.person AS person_id,
       coalesce(o.name, p.name) AS payee_name, b.holder_name, b.number_last4, b.bank_name,
       b.cnaps, b.state, b.evidence, b.entered_by_person, e.name AS entered_by,
       (SELECT min(x.at) FROM case_event x WHERE x.case_kind = 'bank_account'
        AND x.case_id = b.id) AS entered_at,
       v.name AS verified_by, b.verified_at
FROM bank_account b
LEFT JOIN organisation o ON o.id = b.organisation
LEFT JOIN person p ON p.id = b.person
JOIN person e ON e.id = b.entered_by_person
LEFT JOIN person v ON v.id = b.verified_by_person
WHERE ($1::bigint IS NULL OR b.organisation = $1) AND ($2 OR b.person IS NULL)
"""


def _scope(actor: Actor) -> tuple[int | None, bool]:
    return actor.organisation_id, actor.may(P.PERSON_SEE)


async def account(actor: Actor, account_id: int, *, lock: bool = False) -> Account:
    """One account within the actor's scope; raises NotFound."""
    found = await db.row(
        _ACCOUNT + "AND b.id = $3" + (" FOR UPDATE OF b" if lock else ""),
        *_scope(actor),
        account_id,
    )
    if found is None:
        raise NotFound()
    return Account(**found)


async def accounts_of_organisation(actor: Actor, organisation_id: int) -> list[Account]:
    """Every account of an organisation, the latest first."""
    found = await db.rows(
        _ACCOUNT + "AND b.organisation = $3 ORDER BY b.id DESC", *_scope(actor), organisation_id
    )
    return [Account(**r) for r in found]


async def accounts_waiting(actor: Actor, *, limit: int = 200) -> list[Account]:
    """Accounts that wait for their verification, the oldest first."""
    found = await db.rows(
        _ACCOUNT + "AND b.state = 'ENTERED' ORDER BY b.id LIMIT $3", *_scope(actor), limit
    )
    return [Account(**r) for r in found]


async def others_with_number(actor: Actor, account_id: int) -> list[str]:
    """Names of other payees with a live account of the same number; none for agencies."""
    if actor.organisation_id is not None:
        return []
    found = await db.rows(
        """
        SELECT DISTINCT coalesce(o.name, p.name) AS name
        FROM bank_account a JOIN bank_account b ON b.number_index = a.number_index
        LEFT JOIN organisation o ON o.id = b.organisation LEFT JOIN person p ON p.id = b.person
        WHERE a.id = $1 AND b.state IN ('ENTERED', 'VERIFIED')
          AND (a.organisation, a.person) IS DISTINCT FROM (b.organisation, b.person)
        ORDER BY name
        """,
        account_id,
    )
    return [r["name"] for r in found]


async def card_is_odd(account: Account) -> bool:
    """Whether a person's card number deserves a second look; the number stays here."""
    sealed = await db.value("SELECT number FROM bank_account WHERE id = $1", account.id)
    return card_deserves_a_look(
        crypto.decrypt(ACCOUNT_SECRET, sealed), of_person=account.person_id is not None
    )


async def count_accounts_waiting(actor: Actor) -> int:
    """How many accounts wait for their verification."""
    return int(
        await db.value(
            """
            SELECT count(*) FROM bank_account b WHERE b.state = 'ENTERED'
              AND ($1::bigint IS NULL OR b.organisation = $1) AND ($2 OR b.person IS NULL)
            """,
            *_scope(actor),
        )
    )


@dataclass(frozen=True)
class FullAccount:
    """An account with its number in the clear; it goes into a payment file and nowhere else."""

    holder_name: str
    number: str
    bank_name: str
    cnaps: str | None


async def accounts_for_payment(account_ids: Sequence[int]) -> dict[int, FullAccount]:
    """The verified ones among these accounts, for a payment file; the others are left out."""
    found = await db.rows(
        """
        SELECT id, holder_name, number, bank_name, cnaps FROM bank_account
        WHERE id = ANY($1) AND state = 'VERIFIED' ORDER BY id
        """,
        sorted(set(account_ids)),
    )
    return {
        r["id"]: FullAccount(
            r["holder_name"],
            crypto.decrypt(ACCOUNT_SECRET, r["number"]),
            r["bank_name"],
            r["cnaps"],
        )
        for r in found
    }
