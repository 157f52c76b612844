"""Reads of batches, their items, bank files and results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from grants.kernel.errors import NotFound
from grants.kernel.money import Fen
from grants.platform import db


@dataclass(frozen=True)
class Batch:
    """Payments that go to the bank in one file."""

    id: int
    number: str
    profile: str
    fiscal_year: int
    state: str
    item_count: int
    total_fen: Fen
    file_name: str | None
    file_sha256: str | None
    manifest: dict[str, object]
    made_by_person: int
    maker: str
    frozen_at: datetime | None
    sender: str | None
    sent_at: datetime | None
    version: int
    paid_count: int
    returned_count: int
    unknown_count: int


_BATCH = """
SELECT b.id, b.number, b.profile, b.fiscal_year, b.state, b.item_count, b.total_fen, b.file_name,
       b.file_sha256, b.manifest, b.made_by_person, m.name AS maker, b.frozen_at,
       s.name AS sender, b.sent_at, b.version,
       (SELECT count(*) FROM batch_item i WHERE i.batch = b.id AND i.state = 'PAID') AS paid_count,
       (SELECT count(*) FROM batch_item i
        WHERE i.batch = b.id AND i.state = 'RETURNED') AS returned_count,
       (SELECT count(*) FROM batch_item i
        WHERE i.batch = b.id AND i.state = 'UNKNOWN') AS unknown_count
FROM batch b JOIN person m ON m.id = b.made_by_person
LEFT JOIN person s ON s.id = b.sent_by_person
"""


async def batch(batch_id: int, *, lock: bool = False) -> Batch:
    """One batch; raises NotFound."""
    found = await db.row(
        _BATCH + "WHERE b.id = $1" + (" FOR NO KEY UPDATE OF b" if lock else ""), batch_id
    )
    if found is None:
        raise NotFound()
    return Batch(**found)


async def batches(
    *, state: str | None = None, fiscal_year: int | None = None, limit: int = 100
) -> list[Batch]:
    """Batches, newest first."""
    found = await db.rows(
        _BATCH
        + "WHERE ($1::text IS NULL OR b.state = $1) AND ($2::int IS NULL OR b.fiscal_year = $2) "
        + "ORDER BY b.id DESC LIMIT $3",
        state,
        fiscal_year,
        limit,
    )
    return [Batch(**r) for r in found]


@dataclass(frozen=True)
class Item:
    """One payment in one batch."""

    id: int
    batch_id: int
    batch_number: str
    item_no: str
    payment_id: int
    payment_number: str
    bank_account_id: int
    amount_fen: Fen
    state: str
    return_code: str | None
    return_text: str
    receipt_reference: str | None
    booked_on: date | None
    payee_name: str
    holder_name: str
    account_last4: str
    account_state: str
    bank_name: str
    cnaps: str | None
    purpose: str
    to_person: bool
    sent_at: datetime | None


_ITEM = """
SELECT i.id, i.batch AS batch_id, b.number AS batch_number, i.item_no, i.payment AS payment_id,
       p.number AS payment_number, i.bank_account AS bank_account_id, i.amount_fen, i.state,
       i.return_code, i.return_text, i.receipt_reference, i.booked_on, p.payee_name,
       k.holder_name, k.number_last4 AS account_last4,
       k.state AS account_state, k.bank_name, k.cnaps, p.purpose,
       k.person IS NOT NULL AS to_person, b.sent_at
FROM batch_item i JOIN batch b ON b.id = i.batch JOIN payment p ON p.id = i.payment
JOIN bank_account k ON k.id = i.bank_account
"""


async def items(batch_id: int, *, with_removed: bool = False) -> list[Item]:
    """The items of a batch by number."""
    found = await db.rows(
        _ITEM + "WHERE i.batch = $1 AND ($2 OR i.state <> 'REMOVED') ORDER BY i.item_no",
        batch_id,
        with_removed,
    )
    return [Item(**r) for r in found]


async def lock_items_by_number(item_nos: Sequence[str]) -> dict[str, Item]:
    """Items by their numbers, locked in order of payment, then item."""
    found = await db.rows(
        _ITEM + "WHERE i.item_no = ANY($1) ORDER BY i.payment, i.id FOR NO KEY UPDATE OF p, i",
        sorted(set(item_nos)),
    )
    return {r["item_no"]: Item(**r) for r in found}


async def find_item(
    number_index: bytes, amount_fen: Fen, booked_on: date, holder_name: str
) -> list[str]:
    """Numbers of sent items that a result without item number may mean (domain §8.3).

    By account, amount, holder and the day it was sent, two days either way.
    """
    found = await db.rows(
        """
        SELECT i.item_no FROM batch_item i JOIN batch b ON b.id = i.batch
        JOIN bank_account k ON k.id = i.bank_account
        WHERE k.number_index = $1 AND i.amount_fen = $2 AND k.holder_name = $4
          AND i.state <> 'REMOVED' AND b.sent_at IS NOT NULL
          AND b.sent_at::date BETWEEN $3::date - 2 AND $3::date + 2
        ORDER BY i.item_no
        """,
        number_index,
        amount_fen,
        booked_on,
        holder_name,
    )
    return [r["item_no"] for r in found]


@dataclass(frozen=True)
class Ready:
    """An approved payment that is in no batch yet."""

    id: int
    number: str
    title: str
    payee_name: str
    programme_name: str
    programme_name_en: str
    amount_fen: Fen
    due_on: date
    account_last4: str
    account_state: str
    bank_name: str


async def ready_payments() -> list[Ready]:
    """Approved payments that wait for a batch, earliest due first."""
    found = await db.rows(
        """
        SELECT p.id, p.number, a.title, p.payee_name, g.name AS programme_name,
               g.name_en AS programme_name_en, p.amount_fen, p.due_on,
               k.number_last4 AS account_last4, k.state AS account_state, k.bank_name
        FROM payment p JOIN award a ON a.id = p.award JOIN programme g ON g.id = a.programme
        JOIN bank_account k ON k.id = p.bank_account
        WHERE p.state = 'APPROVED' AND p.batch_no IS NULL
        ORDER BY p.due_on, p.id
        """
    )
    return [Ready(**r) for r in found]


async def profiles_sent() -> list[str]:
    """The formats in which batches were sent, the latest first."""
    found = await db.rows(
        "SELECT profile FROM batch WHERE sent_at IS NOT NULL GROUP BY profile "
        "ORDER BY max(sent_at) DESC, profile"
    )
    return [r["profile"] for r in found]


async def any_item_of_profile(profile: str, item_nos: Sequence[str]) -> bool:
    """Whether one of these items went to the bank in this format."""
    return bool(
        await db.value(
            "SELECT EXISTS (SELECT 1 FROM batch_item i JOIN batch b ON b.id = i.batch "
            "WHERE b.profile = $1 AND i.item_no = ANY($2))",
            profile,
            list(item_nos),
        )
    )


@dataclass(frozen=True)
class TakenFile:
    """A result file that was taken in."""

    id: int
    name: str
    sha256: str
    line_count: int
    applied_count: int
    known_count: int
    importer: str
    imported_at: datetime


_TAKEN = """
SELECT f.id, f.name, f.sha256, f.line_count, f.applied_count, f.known_count,
       p.name AS importer, f.imported_at
FROM bank_file f JOIN person p ON p.id = f.imported_by_person
"""


async def taken_files(limit: int = 50) -> list[TakenFile]:
    """Result files, newest first."""
    found = await db.rows(_TAKEN + "ORDER BY f.id DESC LIMIT $1", limit)
    return [TakenFile(**r) for r in found]


async def taken_file(sha256: str) -> TakenFile | None:
    """The file of this content, where it was taken in before."""
    found = await db.row(_TAKEN + "WHERE f.sha256 = $1", sha256)
    return TakenFile(**found) if found else None


@dataclass(frozen=True)
class Attempt:
    """One try to pay a payment through a batch."""

    batch_id: int
    batch_number: str
    item_no: str
    state: str
    return_code: str | None
    return_text: str
    receipt_reference: str | None
    booked_on: date | None
    account_last4: str


async def attempts(payment_id: int) -> list[Attempt]:
    """Every batch a payment went through, oldest first."""
    found = await db.rows(
        """
        SELECT i.batch AS batch_id, b.number AS batch_number, i.item_no, i.state, i.return_code,
               i.return_text, i.receipt_reference, i.booked_on, k.number_last4 AS account_last4
        FROM batch_item i JOIN batch b ON b.id = i.batch
        JOIN bank_account k ON k.id = i.bank_account
        WHERE i.payment = $1 ORDER BY i.id
        """,
        payment_id,
    )
    return [Attempt(**r) for r in found]
