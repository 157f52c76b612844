"""The verbs of paying out: make a batch, freeze it, send it, take the bank's answer in."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import date

from grants.banking import queries
from grants.banking.bank_profiles import PROFILES, BatchFile, export_batch, manifest, preflight
from grants.banking.pay_items import Payer, PayItem
from grants.banking.preflight import Finding
from grants.banking.tables import Batch
from grants.banking.workflow import BATCH, BatchCase, BatchState
from grants.budget import queries as budget
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, Refusal, RuleBroken
from grants.kernel.identity import Actor, Permission
from grants.kernel.money import Fen
from grants.parties import queries as parties
from grants.payments import queries as payment_queries
from grants.payments import settling
from grants.payments.rules import PayerAccount
from grants.payments.workflow import PaymentState
from grants.platform import crypto, db
from grants.platform.audit import Case, record
from grants.platform.policy import policy_on

KIND = "batch"


async def make_batch(actor: Actor, payment_ids: Sequence[int], profile: str, *, today: date) -> int:
    """Put approved payments into a new batch; answers its id.

    Raises RuleBroken for an empty choice or a payment that is not approved, Conflict when
    one is in a batch already.
    """
    actor.need(Permission.BATCH_MAKE)
    if not payment_ids:
        raise RuleBroken("batch.empty", N_("Choose at least one payment."))
    if profile not in PROFILES:
        raise RuleBroken("batch.no_profile", N_("There is no such file format."))
    async with db.unit_of_work(actor):
        chosen = await payment_queries.lock_payments(payment_ids)
        for payment in chosen:
            if payment.state != PaymentState.APPROVED:
                raise RuleBroken(
                    "batch.not_approved",
                    N_("{number} is not approved for payment."),
                    number=payment.number,
                )
        number = f"B{today:%Y%m%d}-{await db.next_number(f'batch-{today:%Y}'):04d}"
        total = Fen(sum(p.amount_fen for p in chosen))
        batch = Batch(
            number=number,
            profile=profile,
            fiscal_year=calendar.fiscal_year(today),
            state=BatchState.OPEN,
            item_count=len(chosen),
            total_fen=total,
            manifest={},
            made_by_person=actor.person_id,
            version=1,
        )
        await Batch.insert(batch)
        await db.write_many(
            "INSERT INTO batch_item (batch, payment, bank_account, item_no, amount_fen, state, "
            "return_text) VALUES ($1, $2, $3, $4, $5, 'GENERATED', '')",
            [
                (batch.id, p.id, p.bank_account_id, f"{number}-{sequence:04d}", p.amount_fen)
                for sequence, p in enumerate(chosen, start=1)
            ],
        )
        await settling.note_batch(payment_ids, number)
        await record(
            actor,
            Case(KIND, batch.id),
            "make",
            after=BatchState.OPEN,
            facts={"count": len(chosen), "total_fen": total},
        )
    return int(batch.id)


async def _pay_items(items: Sequence[queries.Item]) -> list[PayItem]:
    """The items with verified accounts, their numbers in the clear; for the file alone."""
    accounts = await parties.accounts_for_payment([item.bank_account_id for item in items])
    return [
        PayItem(
            item_no=item.item_no,
            account=account.number,
            account_name=account.holder_name,
            amount_fen=item.amount_fen,
            bank_name=account.bank_name,
            cnaps=account.cnaps or "",
            purpose=item.purpose,
            to_person=item.to_person,
        )
        for item in items
        if (account := accounts.get(item.bank_account_id))
    ]


async def _payer(on: date) -> Payer:
    body = (await policy_on("payer_account", PayerAccount, on)).body
    return Payer(**body.model_dump())


async def preflight_of(batch_id: int, *, today: date) -> list[Finding]:
    """What the bank would refuse, and what deserves a look, before freezing."""
    batch = await queries.batch(batch_id)
    items = await queries.items(batch_id)
    return await _findings(batch, items, await _pay_items(items), today)


async def _findings(
    batch: queries.Batch, items: Sequence[queries.Item], pay_items: Sequence[PayItem], today: date
) -> list[Finding]:
    payable = {item.item_no for item in pay_items}
    unverified = [
        Finding(
            "pay.account_unverified",
            item.item_no,
            "blocking",
            N_("The account is not verified."),
        )
        for item in items
        if item.item_no not in payable
    ]
    if unverified and not pay_items:
        return unverified
    return preflight(pay_items, PROFILES[batch.profile], await _payer(today)) + unverified


async def remove_item(actor: Actor, batch_id: int, item_no: str, *, seen_version: int) -> None:
    """Take one payment out of an open batch."""
    actor.need(Permission.BATCH_MAKE)
    async with db.unit_of_work(actor):
        batch = await queries.batch(batch_id, lock=True)
        if batch.state != BatchState.OPEN or batch.version != seen_version:
            raise Conflict(
                "batch.stale", N_("Somebody changed this batch since you opened it. Look again.")
            )
        payment_id = await db.value(
            "UPDATE batch_item SET state = 'REMOVED' WHERE batch = $1 AND item_no = $2 "
            "AND state = 'GENERATED' RETURNING payment",
            batch_id,
            item_no,
        )
        if payment_id is None:
            raise Conflict("batch.no_item", N_("This payment is no longer in the batch."))
        await settling.note_batch([payment_id], None)
        await db.execute(
            """
            UPDATE batch SET version = version + 1, (item_count, total_fen) = (
                SELECT count(*), coalesce(sum(amount_fen), 0) FROM batch_item
                WHERE batch = $1 AND state <> 'REMOVED')
            WHERE id = $1
            """,
            batch_id,
        )
        await record(
            actor,
            Case(KIND, batch_id),
            "remove",
            before=batch.state,
            after=batch.state,
            facts={"item_no": item_no},
        )


async def freeze_batch(actor: Actor, batch_id: int, *, seen_version: int, today: date) -> None:
    """Write the bank's file once and for all; this batch number never yields another.

    Raises RuleBroken with the first blocking finding of the preflight.
    """
    async with db.unit_of_work(actor):
        batch = await queries.batch(batch_id, lock=True)
        items = await queries.items(batch_id)
        await payment_queries.lock_payments([item.payment_id for item in items])
        pay_items = await _pay_items(items)
        findings = [
            f for f in await _findings(batch, items, pay_items, today) if f.level == "blocking"
        ]
        blocking: Refusal | None = None
        if not items:
            blocking = RuleBroken("batch.empty", N_("Choose at least one payment."))
        elif findings:
            first = findings[0]
            blocking = RuleBroken(first.code, first.message_id, **first.params)
        case = batch_case(actor, batch, seen_version, blocking)
        BATCH.take("freeze", batch.state, actor, case)
        made_at = calendar.now()
        file = export_batch(
            PROFILES[batch.profile], batch.number, pay_items, await _payer(today), made_at
        )
        await db.execute(
            """
            UPDATE batch SET file_name = $2, file_sha256 = $3, file_content = $4, manifest = $5,
                   frozen_at = $6
            WHERE id = $1
            """,
            batch_id,
            file.name,
            file.sha256,
            sealed(file.content),
            manifest(file, pay_items, actor.name, made_at),
            made_at,
        )
        await take_batch_step(actor, "freeze", batch, seen_version)


def sealed(content: bytes) -> bytes:
    return crypto.encrypt("bank_file", base64.b64encode(content).decode())


async def download_file(actor: Actor, batch_id: int) -> BatchFile:
    """The frozen file, byte for byte, checked against its SHA-256; the download is recorded."""
    actor.need(Permission.BATCH_MAKE, Permission.BATCH_SEND)
    async with db.unit_of_work(actor):
        batch = await queries.batch(batch_id)
        sealed = await db.value("SELECT file_content FROM batch WHERE id = $1", batch_id)
        if sealed is None or batch.file_name is None:
            raise RuleBroken("batch.not_frozen", N_("Freeze the batch first."))
        content = base64.b64decode(crypto.decrypt("bank_file", sealed))
        file = BatchFile(
            name=batch.file_name,
            content=content,
            media_type=str(batch.manifest["media_type"]),
            batch_no=batch.number,
            profile_code=batch.profile,
        )
        if file.sha256 != batch.file_sha256:
            raise RuntimeError(f"the file of batch {batch.number} is damaged")
        await record(
            actor,
            Case(KIND, batch_id),
            "download",
            before=batch.state,
            after=batch.state,
            facts={"sha256": file.sha256},
        )
    return file


async def mark_batch_sent(actor: Actor, batch_id: int, *, seen_version: int, on: date) -> None:
    """Record that the file went to the bank: payable money lies in the bank now.

    Raises NotAllowed when the cashier made the batch or acted on one of its payments.
    """
    async with db.unit_of_work(actor):
        batch = await queries.batch(batch_id, lock=True)
        items = await queries.items(batch_id)
        locked = {
            p.id: p
            for p in await payment_queries.lock_payments([item.payment_id for item in items])
        }
        await budget.lock_lines([p.line_id for p in locked.values()])
        await take_batch_step(actor, "send", batch, seen_version)
        for item in items:
            payment = locked[item.payment_id]
            await settling.mark_sent(actor, payment, item_no=item.item_no, on=on)
        await db.execute(
            "UPDATE batch_item SET state = 'SENT' WHERE batch = $1 AND state = 'GENERATED'",
            batch_id,
        )
        await db.execute(
            "UPDATE batch SET sent_by_person = $2, sent_at = $3 WHERE id = $1",
            batch_id,
            actor.person_id,
            calendar.now(),
        )


async def cancel_batch(actor: Actor, batch_id: int, *, seen_version: int, reason: str) -> None:
    """Give up a batch that was not sent; its payments wait for another."""
    async with db.unit_of_work(actor):
        batch = await queries.batch(batch_id, lock=True)
        held = [item.payment_id for item in await queries.items(batch_id)]
        await payment_queries.lock_payments(held)
        await take_batch_step(actor, "cancel", batch, seen_version, reason=reason)
        await settling.note_batch(held, None)
        await db.execute(
            "UPDATE batch_item SET state = 'REMOVED' WHERE batch = $1 AND state = 'GENERATED'",
            batch_id,
        )


def batch_case(
    actor: Actor, batch: queries.Batch, seen_version: int, blocking: Refusal | None = None
) -> BatchCase:
    return BatchCase(actor.person_id, batch.made_by_person, seen_version, batch.version, blocking)


async def take_batch_step(
    actor: Actor,
    verb: str,
    batch: queries.Batch,
    seen_version: int,
    *,
    reason: str = "",
) -> None:
    """Take the step, write the state, record why."""
    after = BATCH.take(verb, batch.state, actor, batch_case(actor, batch, seen_version))
    await db.execute(
        "UPDATE batch SET state = $2, version = version + 1 WHERE id = $1", batch.id, after
    )
    await record(actor, Case(KIND, batch.id), verb, before=batch.state, after=after, reason=reason)
