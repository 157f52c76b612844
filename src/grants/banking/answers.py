"""Taking in the bank's answers: each line is applied once, in whatever file and order it comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from grants.banking import queries
from grants.banking.actions import sealed, take_batch_step
from grants.banking.bank_profiles import PROFILES
from grants.banking.bank_results import (
    BadResultFile,
    Problem,
    ResultFile,
    ResultLine,
    parse_results,
)
from grants.banking.workflow import BatchState, ItemState
from grants.budget import queries as budget
from grants.kernel import calendar
from grants.kernel.errors import N_, RuleBroken
from grants.kernel.identity import Actor, Permission
from grants.kernel.money import Fen, yuan_text
from grants.payments import queries as payment_queries
from grants.payments import settling
from grants.platform import crypto, db
from grants.platform.audit import Case, record, take_duty


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


async def take_results(
    actor: Actor, name: str, content: bytes, *, today: date, booked_on: date | None = None
) -> Intake:
    """Take the bank's answer in: all of the file, or nothing of it.

    What is known already has no effect again, whatever file, order or name it comes in.
    `booked_on` is the day the cashier states for paid lines of a file without days; it never
    overrules the bank's. Raises BadResultFile with every line that names an unknown item,
    another amount, an outcome that contradicts an earlier one, or a payment without its day.
    """
    actor.need(Permission.RESULT_IMPORT)
    if booked_on and booked_on > today:
        raise RuleBroken("result.day_ahead", N_("The bank cannot have booked after today."))
    file = _with_days(await _read(name, content), booked_on)
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


async def _read(name: str, content: bytes) -> ResultFile:
    """The answer in the words of the bank that sent it.

    A profile may give a word another meaning, so that profiles are never mixed: the file is
    read in the words of the latest one that can read it and sent what the file names.
    """
    refusals = []
    for code in await queries.profiles_sent():
        try:
            file = parse_results(name, content, PROFILES.get(code))
        except BadResultFile as refusal:
            refusals.append(refusal)
            continue
        named = [line.item_no for line in file.lines if line.item_no]
        if not named or await queries.any_item_of_profile(code, named):
            return file
    if refusals:
        raise refusals[0]
    return parse_results(name, content)


def _with_days(file: ResultFile, booked_on: date | None) -> ResultFile:
    """Paid lines without a day of their own have the stated one."""
    if booked_on is None:
        return file
    lines = tuple(
        replace(line, booked_on=line.booked_on or booked_on) if line.outcome == "PAID" else line
        for line in file.lines
    )
    return replace(file, lines=lines)


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
    if line.outcome == "PAID" and line.booked_on is None and item.state != ItemState.PAID:
        return Problem(
            line.line_number,
            "result.no_day",
            N_("{item} is paid, but the file does not say on which day. State the day as well."),
            {"item": item.item_no},
        )
    # Whoever gave no reference at first may give one now: until then its own number stood in.
    contradicts = {item.state, line.outcome} == {"PAID", "RETURNED"} or (
        item.state == line.outcome == "PAID"
        and line.bank_reference not in (None, item.receipt_reference)
        and item.receipt_reference != item.item_no
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
            sealed(content),
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
                await settling.mark_paid(
                    actor, payment, item_no=item.item_no, on=on, receipt=reference
                )
                await _answer(item, line, reference, on)
                paid, paid_fen = paid + 1, paid_fen + item.amount_fen
            else:
                await settling.mark_bounced(
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
        await take_batch_step(actor, "settle", batch, batch.version)
