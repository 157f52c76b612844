"""The verbs of paying out: make a batch, freeze it, send it, take the bank's answer in."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, ConfigDict

from grants.banking import queries
from grants.banking.bank_profiles import PROFILES, BatchFile, export_batch, manifest, preflight
from grants.banking.bank_results import (
    BadResultFile,
    Problem,
    ResultFile,
    ResultLine,
    parse_results,
)
from grants.banking.pay_items import Payer, PayItem
from grants.banking.preflight import Finding
from grants.banking.tables import Batch
from grants.banking.workflow import BATCH, BatchCase, BatchState, ItemState
from grants.budget import queries as budget
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, NotAllowed, Refusal, RuleBroken
from grants.kernel.identity import Actor, Permission
from grants.kernel.money import Fen, yuan_text
from grants.payments import actions as payments
from grants.payments import queries as payment_queries
from grants.payments.workflow import PaymentState
from grants.platform import crypto, db
from grants.platform.audit import Case, record, take_duty
from grants.platform.policy import policy_on

_KIND = "batch"
_NOT_PERMITTED = N_("Your roles do not include this step.")


class PayerAccount(BaseModel):
    """Policy `payer_account`: the account that the bureau pays from."""

    model_config = ConfigDict(frozen=True)

    name: str
    account: str
    bank_name: str
    cnaps: str


async def make_batch(actor: Actor, payment_ids: Sequence[int], profile: str, *, today: date) -> int:
    """Put approved payments into a new batch; answers its id.

    Raises RuleBroken for an empty choice or a payment that is not approved, Conflict when
    one is in a batch already.
    """
    if not actor.may(Permission.BATCH_MAKE):
        raise NotAllowed("not_permitted", _NOT_PERMITTED)
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
        await payments.note_batch(payment_ids, number)
        await record(
            actor,
            Case(_KIND, batch.id),
            "make",
            after=BatchState.OPEN,
            facts={"count": len(chosen), "total_fen": total},
        )
    return int(batch.id)


def _pay_items(items: Sequence[queries.Item]) -> list[PayItem]:
    """The items with their account numbers in the clear; for the file alone."""
    return [
        PayItem(
            item_no=item.item_no,
            account=crypto.decrypt("bank_account", item.number),
            account_name=item.holder_name,
            amount_fen=item.amount_fen,
            bank_name=item.bank_name,
            cnaps=item.cnaps or "",
            purpose=item.purpose,
            to_person=item.to_person,
        )
        for item in items
    ]


async def _payer(on: date) -> Payer:
    body = (await policy_on("payer_account", PayerAccount, on)).body
    return Payer(**body.model_dump())


async def preflight_of(batch_id: int, *, today: date) -> list[Finding]:
    """What the bank would refuse, and what deserves a look, before freezing."""
    batch = await queries.batch(batch_id)
    items = await queries.items(batch_id)
    findings = list(preflight(_pay_items(items), PROFILES[batch.profile], await _payer(today)))
    for item in items:
        if item.account_state != "VERIFIED":
            findings.append(
                Finding(
                    "pay.account_unverified",
                    item.item_no,
                    "blocking",
                    N_("The account is not verified."),
                )
            )
    return findings


async def remove_item(actor: Actor, batch_id: int, item_no: str, *, seen_version: int) -> None:
    """Take one payment out of an open batch."""
    if not actor.may(Permission.BATCH_MAKE):
        raise NotAllowed("not_permitted", _NOT_PERMITTED)
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
        await payments.note_batch([payment_id], None)
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
            Case(_KIND, batch_id),
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
        findings = [f for f in await preflight_of(batch_id, today=today) if f.level == "blocking"]
        blocking: Refusal | None = None
        if not items:
            blocking = RuleBroken("batch.empty", N_("Choose at least one payment."))
        elif findings:
            first = findings[0]
            blocking = RuleBroken(first.code, first.message_id, **first.params)
        case = _case(actor, batch, seen_version, blocking)
        BATCH.take("freeze", batch.state, actor, case)
        made_at = calendar.now()
        pay_items = _pay_items(items)
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
            _sealed(file.content),
            manifest(file, pay_items, actor.name, made_at),
            made_at,
        )
        await _step(actor, "freeze", batch, seen_version)


def _sealed(content: bytes) -> bytes:
    return crypto.encrypt("bank_file", base64.b64encode(content).decode())


async def download_file(actor: Actor, batch_id: int) -> BatchFile:
    """The frozen file, byte for byte, checked against its SHA-256; the download is recorded."""
    if not (actor.may(Permission.BATCH_MAKE) or actor.may(Permission.BATCH_SEND)):
        raise NotAllowed("not_permitted", _NOT_PERMITTED)
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
            Case(_KIND, batch_id),
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
        await _step(actor, "send", batch, seen_version)
        for item in items:
            payment = locked[item.payment_id]
            await payments.mark_sent(actor, payment, item_no=item.item_no, on=on)
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
        await _step(actor, "cancel", batch, seen_version, reason=reason)
        await payments.note_batch(held, None)
        await db.execute(
            "UPDATE batch_item SET state = 'REMOVED' WHERE batch = $1 AND state = 'GENERATED'",
            batch_id,
        )


@dataclass(frozen=True)
class Intake:
    """What became of a result file."""

    file_name: str
    lines: int
    applied: int
    known: int
    paid: int
    returned: int
    unknown: int
    paid_fen: Fen
    returned_fen: Fen


async def take_results(actor: Actor, name: str, content: bytes, *, today: date) -> Intake:
    """Take the bank's answer in: all of the file, or nothing of it.

    What is known already has no effect again, whatever file, order or name it comes in.
    Raises BadResultFile with every line that names an unknown item, another amount or an
    outcome that contradicts an earlier one.
    """
    if not actor.may(Permission.RESULT_IMPORT):
        raise NotAllowed("not_permitted", _NOT_PERMITTED)
    file = parse_results(name, content)
    known_file = await queries.taken_file(file.sha256)
    if known_file:
        return Intake(
            name, known_file.line_count, 0, known_file.line_count, 0, 0, 0, Fen(0), Fen(0)
        )
    async with db.unit_of_work(actor):
        numbered = await _with_item_numbers(file)
        items = await queries.lock_items_by_number([number for number, _ in numbered if number])
        problems = [p for number, line in numbered if (p := _problem(items.get(number), line))]
        closed = await _closed_months(
            {line.booked_on or today for _, line in numbered if line.outcome != "UNKNOWN"}
        )
        problems += [
            Problem(
                line.line_number,
                "result.month_closed",
                N_("The month of {day} is closed."),
                {"day": (line.booked_on or today).isoformat()},
            )
            for _, line in numbered
            if _first_of_month(line.booked_on or today) in closed
        ]
        if problems:
            raise BadResultFile(problems)
        answered = await payment_queries.lock_payments([i.payment_id for i in items.values()])
        await budget.lock_lines([payment.line_id for payment in answered])
        for month in sorted({_first_of_month(line.booked_on or today) for _, line in numbered}):
            await take_duty(actor, Case("month", month.year * 100 + month.month), "import")
        file_id = await _write_file(actor, name, content, file)
        intake = await _apply(actor, file_id, [(items[n], line) for n, line in numbered], today)
        await db.execute(
            "UPDATE bank_file SET applied_count = $2, known_count = $3 WHERE id = $1",
            file_id,
            intake.applied,
            intake.known,
        )
        await record(
            actor,
            Case("bank_file", file_id),
            "take_in",
            facts={"name": name, "applied": intake.applied, "known": intake.known},
        )
        for batch_id in sorted({item.batch_id for item in items.values()}):
            await _settle_if_answered(actor, batch_id)
    return Intake(**{**intake.__dict__, "file_name": name})


def _first_of_month(day: date) -> date:
    return day.replace(day=1)


async def _closed_months(days: set[date]) -> set[date]:
    found = await db.rows(
        "SELECT month_on FROM month_close WHERE state = 'CLOSED' AND month_on = ANY($1) "
        "ORDER BY month_on FOR SHARE",
        sorted({_first_of_month(day) for day in days}),
    )
    return {r["month_on"] for r in found}


async def _with_item_numbers(file: ResultFile) -> list[tuple[str, ResultLine]]:
    """Each line with the number of the item it means; '' where none or several may be meant."""
    numbered = []
    for line in file.lines:
        number = line.item_no or ""
        if not number and line.account and line.amount_fen and line.booked_on:
            candidates = await queries.find_item(
                crypto.blind_index("bank_account", line.account),
                line.amount_fen,
                line.booked_on,
                line.account_name or "",
            )
            number = candidates[0] if len(candidates) == 1 else ""
        numbered.append((number, line))
    return numbered


def _problem(item: queries.Item | None, line: ResultLine) -> Problem | None:
    """Why a line cannot be applied; None when it can, or is known already."""
    if item is None or item.state == ItemState.REMOVED:
        return Problem(
            line.line_number,
            "result.unknown_item",
            N_("No payment that was sent matches this line ({item})."),
            {"item": line.item_no or "—"},
        )
    if line.amount_fen is not None and line.amount_fen != item.amount_fen:
        return Problem(
            line.line_number,
            "result.amount_differs",
            N_("{item}: the bank says {said}, but {sent} was sent."),
            {
                "item": item.item_no,
                "said": yuan_text(line.amount_fen),
                "sent": yuan_text(item.amount_fen),
            },
        )
    if item.state == ItemState.GENERATED:
        return Problem(
            line.line_number,
            "result.not_sent",
            N_("{item} has not been sent to the bank."),
            {"item": item.item_no},
        )
    contradicts = {item.state, line.outcome} == {"PAID", "RETURNED"} or (
        item.state == line.outcome == "PAID"
        and line.bank_reference not in (None, item.receipt_reference)
    )
    if contradicts:
        return Problem(
            line.line_number,
            "result.contradicts",
            N_("{item}: an earlier answer said something else; ask the bank."),
            {"item": item.item_no},
        )
    return None


async def _write_file(actor: Actor, name: str, content: bytes, file: ResultFile) -> int:
    return int(
        await db.value(
            """
            INSERT INTO bank_file (name, sha256, content, line_count, applied_count, known_count,
                                   imported_by_person, imported_at)
            VALUES ($1, $2, $3, $4, 0, 0, $5, $6) RETURNING id
            """,
            name,
            file.sha256,
            _sealed(content),
            len(file.lines),
            actor.person_id,
            calendar.now(),
        )
    )


async def _apply(
    actor: Actor, file_id: int, found: Sequence[tuple[queries.Item, ResultLine]], today: date
) -> Intake:
    """Apply each line that is new; count what was known."""
    paid, returned, unknown, known = 0, 0, 0, 0
    paid_fen, returned_fen = 0, 0
    states = {item.item_no: item.state for item, _ in found}
    for item, line in sorted(found, key=lambda pair: (pair[0].payment_id, pair[1].line_number)):
        state = states[item.item_no]
        if state in (ItemState.PAID, ItemState.RETURNED) or state == line.outcome:
            known += 1
            continue
        await _write_result(file_id, item, line)
        on = line.booked_on or today
        if line.outcome == "UNKNOWN":
            await _answer(item, line, None, None)
            unknown += 1
        else:
            payment = (await payment_queries.lock_payments([item.payment_id]))[0]
            if line.outcome == "PAID":
                reference = line.bank_reference or item.item_no
                await payments.mark_paid(
                    actor, payment, item_no=item.item_no, on=on, receipt=reference
                )
                await _answer(item, line, reference, on)
                paid, paid_fen = paid + 1, paid_fen + item.amount_fen
            else:
                await payments.mark_bounced(
                    actor, payment, item_no=item.item_no, on=on, reason=line.reason_text
                )
                await _answer(item, line, None, None)
                returned, returned_fen = returned + 1, returned_fen + item.amount_fen
        states[item.item_no] = line.outcome
    return Intake(
        file_name="",
        lines=len(found),
        applied=paid + returned + unknown,
        known=known,
        paid=paid,
        returned=returned,
        unknown=unknown,
        paid_fen=Fen(paid_fen),
        returned_fen=Fen(returned_fen),
    )


async def _write_result(file_id: int, item: queries.Item, line: ResultLine) -> None:
    await db.execute(
        """
        INSERT INTO bank_result (bank_file, batch_item, line_number, result_key, outcome,
                                 amount_fen, return_code, reason, reference, booked_on)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        file_id,
        item.id,
        line.line_number,
        f"{item.item_no}:{line.outcome}",
        line.outcome,
        item.amount_fen,
        line.return_code,
        line.reason_text,
        line.bank_reference,
        line.booked_on,
    )


async def _answer(
    item: queries.Item, line: ResultLine, reference: str | None, booked_on: date | None
) -> None:
    await db.execute(
        """
        UPDATE batch_item SET state = $2, return_code = $3, return_text = $4,
               receipt_reference = $5, booked_on = $6
        WHERE id = $1
        """,
        item.id,
        line.outcome,
        line.return_code,
        line.reason_text,
        reference,
        booked_on,
    )


async def _settle_if_answered(actor: Actor, batch_id: int) -> None:
    batch = await queries.batch(batch_id, lock=True)
    waiting = await db.value(
        "SELECT count(*) FROM batch_item WHERE batch = $1 AND state IN ('SENT', 'UNKNOWN')",
        batch_id,
    )
    if batch.state == BatchState.SENT and waiting == 0:
        await _step(actor, "settle", batch, batch.version)


def _case(
    actor: Actor, batch: queries.Batch, seen_version: int, blocking: Refusal | None = None
) -> BatchCase:
    return BatchCase(actor.person_id, batch.made_by_person, seen_version, batch.version, blocking)


async def _step(
    actor: Actor,
    verb: str,
    batch: queries.Batch,
    seen_version: int,
    *,
    reason: str = "",
) -> None:
    """Take the step, write the state, record why."""
    after = BATCH.take(verb, batch.state, actor, _case(actor, batch, seen_version))
    await db.execute(
        "UPDATE batch SET state = $2, version = version + 1 WHERE id = $1", batch.id, after
    )
    await record(actor, Case(_KIND, batch.id), verb, before=batch.state, after=after, reason=reason)
