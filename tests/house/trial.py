"""The office under trial: every operation is tried there and judged by the plain book."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from grants.awards import actions as awards
from grants.awards import endings
from grants.awards import instalments as award_parts
from grants.awards import queries as award_queries
from grants.banking import actions as banking
from grants.banking import answers, refunds
from grants.banking import queries as bank_queries
from grants.banking.bank_results import BadResultFile
from grants.budget import actions as budget
from grants.budget.rules import QuotaKind
from grants.invariants.verify import verify
from grants.kernel.errors import Refusal
from grants.kernel.identity import SYSTEM, Role
from grants.kernel.money import Fen, yuan_text
from grants.payments import actions as payments
from grants.payments import approvals
from grants.payments import queries as payment_queries
from grants.platform import db
from tests.house.money_book import BUCKETS, Award, Batch, Book, Line, Part, Payment
from tests.world import (
    DAY,
    YUAN,
    World,
    add_line,
    details,
    draft_award,
    empty_tables,
    furnished,
    instalments,
)

#: The numbers of an operation pick its subjects and amounts.
Numbers = tuple[int, int, int]
OUTCOMES = ("PAID", "RETURNED", "UNKNOWN")
SAID = {"PAID": "成功", "RETURNED": "失败", "UNKNOWN": "处理中"}
T = TypeVar("T")
_fresh = itertools.count(1)


@dataclass
class Office:
    """The office under trial, beside the book that judges it."""

    world: World
    book: Book = field(default_factory=Book)

    async def attempt(self, allowed: bool, call: Awaitable[object]) -> bool:
        """Try `call`; it happens exactly when the book allows it, or leaves no trace."""
        before = await traces()
        try:
            await call
        except (Refusal, BadResultFile) as refusal:
            assert not allowed, f"refused: {refusal}"
            assert await traces() == before, "a refusal left a trace"
            return False
        assert allowed, "allowed what the book forbids"
        return True

    # Quota and plans

    async def receive(self, line: Line, amount: int) -> None:
        await self.post(line, QuotaKind.SUPPLEMENT, amount)
        line.buckets["available"] += amount

    async def post(self, line: Line, kind: QuotaKind, amount: int, to: Line | None = None) -> None:
        movement = await budget.propose_quota(
            self.world[Role.OFFICER],
            kind=kind,
            line_id=line.id,
            amount_fen=Fen(amount),
            document_no="文",
            issued_on=DAY,
            to_line_id=to.id if to else None,
        )
        await budget.approve_quota(self.world[Role.FIN_HEAD], movement, on=DAY)

    async def op_receive(self, n: Numbers) -> None:
        await self.receive(self.line(n), 1 + n[1] * YUAN)

    async def op_reduce(self, n: Numbers) -> None:
        line, amount = self.line(n), 1 + n[1] * 10 * YUAN
        allowed = self.book.may_reduce(line, amount)
        if await self.attempt(allowed, self.post(line, QuotaKind.REDUCTION, amount)):
            line.buckets["available"] -= amount

    async def op_transfer(self, n: Numbers) -> None:
        line, amount = self.line(n), 1 + n[1] * 10 * YUAN
        target = self.book.lines[1 - self.book.lines.index(line)]
        allowed = self.book.may_reduce(line, amount)
        if await self.attempt(allowed, self.post(line, QuotaKind.TRANSFER, amount, target)):
            line.buckets["available"] -= amount
            target.buckets["available"] += amount

    async def op_plan(self, n: Numbers) -> None:
        line, amount = self.line(n), n[1] * 30 * YUAN
        if amount > line.quota:
            await self.attempt(False, self.propose_plan(line, amount))
            return
        plan = await self.propose_plan(line, amount)
        head = self.world[Role.FIN_HEAD]
        decided = budget.decide_cash_plan(head, plan, "approve", on=DAY)
        if await self.attempt(amount >= line.drawn, decided):
            line.plan = amount
        else:
            await budget.decide_cash_plan(head, plan, "reject", on=DAY, reason="不足")

    async def propose_plan(self, line: Line, amount: int) -> int:
        return await budget.propose_cash_plan(
            self.world[Role.OFFICER], line.id, [amount, *[0] * 11]
        )

    # Awards

    async def op_award(self, n: Numbers) -> None:
        line, parts = self.line(n), [1 + n[1] * 10 * YUAN, 1 + n[2] * YUAN]
        award = Award(await draft_award(self.world, *parts, line=line.id), line)
        approval = awards.approve_award(
            self.world[Role.SECTION_HEAD], award.id, seen_version=1, today=DAY
        )
        if not await self.attempt(self.book.may_approve_award(line, sum(parts)), approval):
            return
        for instalment, amount in zip(await instalments(award.id), parts, strict=True):
            award.parts.append(Part(instalment, award, amount))
            await award_parts.confirm_condition(
                self.world[Role.OFFICER], instalment, on=DAY, evidence="合同已签"
            )
        self.book.approve_award(award)

    async def op_terminate(self, n: Numbers) -> None:
        award = pick(self.book.awards, n)
        version = (await award_queries.award(SYSTEM, award.id)).version
        ending = endings.terminate_award(
            self.world[Role.SECTION_HEAD], award.id, seen_version=version, reason="", today=DAY
        )
        if await self.attempt(self.book.may_terminate(award), ending):
            self.book.terminate(award)

    async def op_complete(self, n: Numbers) -> None:
        award = pick(self.book.awards, n)
        completing = endings.complete_award(self.world[Role.OFFICER], award.id)
        if await self.attempt(self.book.may_complete(award), completing):
            award.state = "COMPLETED"

    # Payments

    async def op_draft(self, n: Numbers) -> None:
        part = pick([p for a in self.book.awards for p in a.parts], n)
        number = next(_fresh)
        given = details(self.world, purpose=f"服务费{number}", invoice_no=f"{number:020d}")
        drafted: list[int] = []

        async def draft() -> None:
            drafted.append(
                await payments.draft_payment(self.world[Role.OFFICER], part.id, given, today=DAY)
            )

        if await self.attempt(self.book.may_draft(part), draft()):
            self.book.draft(Payment(drafted[0], part))

    async def op_submit(self, n: Numbers) -> None:
        payment = pick(self.book.payments, n)
        submission = payments.submit_payment(
            self.world[Role.OFFICER],
            payment.id,
            seen_version=await self.version(payment),
            today=DAY,
        )
        if await self.attempt(self.book.may_submit(payment), submission):
            self.book.submit(payment)

    async def op_approve(self, n: Numbers) -> None:
        await self.approve(pick(self.book.payments, n))

    async def approve(self, payment: Payment) -> None:
        approval = approvals.approve_payment(
            self.world[await self.whose_turn(payment)],
            payment.id,
            seen_version=await self.version(payment),
            today=DAY,
        )
        if await self.attempt(self.book.may_approve(payment), approval):
            self.book.approve(payment)

    async def whose_turn(self, payment: Payment) -> Role:
        found = await payment_queries.payment(SYSTEM, payment.id)
        return found.step_role or Role.SECTION_HEAD

    async def version(self, payment: Payment) -> int:
        return (await payment_queries.payment(SYSTEM, payment.id)).version

    async def op_take_back(self, n: Numbers) -> None:
        payment = pick(self.book.payments, n)
        verb = ("return", "reject", "withdraw", "cancel")[n[1] % 4]
        version, officer = await self.version(payment), self.world[Role.OFFICER]
        approver, reason = self.world[await self.whose_turn(payment)], "材料需要补充"
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "return": lambda: approvals.return_payment(
                approver, payment.id, seen_version=version, reason=reason
            ),
            "reject": lambda: approvals.reject_payment(
                approver, payment.id, seen_version=version, reason=reason
            ),
            "withdraw": lambda: payments.withdraw_payment(officer, payment.id, reason=reason),
            "cancel": lambda: payments.cancel_payment(
                officer, payment.id, reason=reason, today=DAY
            ),
        }
        if await self.attempt(self.book.may_take_back(payment, verb), calls[verb]()):
            self.book.take_back(payment, verb)

    async def op_correct(self, n: Numbers) -> None:
        payment = pick(self.book.payments, n)
        correction = payments.correct_account(
            self.world[Role.OFFICER],
            payment.id,
            self.world.account,
            seen_version=await self.version(payment),
            reason="账户已核对",
        )
        if await self.attempt(payment.state == "BOUNCED", correction):
            payment.state = "APPROVED"

    # Batches and the bank

    async def op_batch(self, n: Numbers) -> None:
        chosen = [p for p in self.book.payments if p.state == "APPROVED"][: 1 + n[1] % 4]
        if n[2] % 4 == 0:
            chosen = [*chosen[:1], pick(self.book.payments, n)]
        await self.make_batch(list({p.id: p for p in chosen}.values()))

    async def make_batch(self, chosen: Sequence[Payment]) -> None:
        made: list[int] = []

        async def make() -> None:
            ids = [p.id for p in chosen]
            made.append(
                await banking.make_batch(self.world[Role.FIN_OFFICER], ids, "bank-csv", today=DAY)
            )

        if await self.attempt(self.book.may_batch(chosen), make()):
            items = dict.fromkeys((p.id for p in chosen), "GENERATED")
            self.book.make_batch(Batch(made[0], items, list(chosen)))

    async def op_freeze(self, n: Numbers) -> None:
        batch = pick(self.book.batches, n)
        freezing = banking.freeze_batch(
            self.world[Role.FIN_OFFICER],
            batch.id,
            seen_version=(await bank_queries.batch(batch.id)).version,
            today=DAY,
        )
        if await self.attempt(batch.state == "OPEN", freezing):
            batch.state = "FROZEN"

    async def op_send(self, n: Numbers) -> None:
        batch = pick(self.book.batches, n)
        sending = banking.mark_batch_sent(
            self.world[Role.CASHIER],
            batch.id,
            seen_version=(await bank_queries.batch(batch.id)).version,
            on=DAY,
        )
        if await self.attempt(batch.state == "FROZEN", sending):
            self.book.send(batch)

    async def op_cancel_batch(self, n: Numbers) -> None:
        batch = pick(self.book.batches, n)
        cancelling = banking.cancel_batch(
            self.world[Role.FIN_OFFICER],
            batch.id,
            seen_version=(await bank_queries.batch(batch.id)).version,
            reason="重新组批",
        )
        if await self.attempt(batch.state in ("OPEN", "FROZEN"), cancelling):
            self.book.cancel_batch(batch)

    async def op_answer(self, n: Numbers) -> None:
        """The bank answers for a whole batch; the same numbers give the same file again."""
        batch = pick(self.book.batches, n)
        outcomes = {
            p.id: OUTCOMES[(n[1] >> (2 * place)) % 4 % 3] for place, p in enumerate(batch.payments)
        }
        answering = answers.take_results(
            self.world[Role.CASHIER], "回单.csv", await said(batch, outcomes), today=DAY
        )
        if await self.attempt(self.book.may_answer(batch, outcomes), answering):
            self.book.answer(batch, outcomes)

    async def op_refund(self, n: Numbers) -> None:
        payment, amount = pick(self.book.payments, n), 1 + n[1] * YUAN
        same_year, approved = n[2] % 3 > 0, n[2] % 2 == 0
        recorded: list[int] = []

        async def record() -> None:
            recorded.append(
                await refunds.record_refund(
                    self.world[Role.FIN_OFFICER],
                    payment.id,
                    amount_fen=Fen(amount),
                    received_on=date(2026 if same_year else 2027, 7, 1),
                    reference=f"T{next(_fresh)}",
                    reason="多付退回",
                )
            )

        if await self.attempt(self.book.may_refund(payment, amount), record()):
            verb = "approve" if approved else "reject"
            await refunds.decide_refund(self.world[Role.FIN_HEAD], recorded[0], verb)
            if approved:
                self.book.refund(payment, amount, same_year=same_year)

    async def op_onward(self, n: Numbers) -> None:
        """The next ordinary step of a payment, so that runs get far."""
        payment = pick(self.book.payments, n)
        if payment.state in ("DRAFT", "RETURNED"):
            await self.op_submit((self.book.payments.index(payment), 0, 0))
        elif payment.state == "SUBMITTED":
            while payment.state == "SUBMITTED" and self.book.may_approve(payment):
                await self.approve(payment)
        elif payment.state == "APPROVED" and payment.batch is None:
            await self.make_batch([payment])
        elif payment.batch is not None:
            at = (self.book.batches.index(payment.batch), 0, 0)
            state = payment.batch.state
            if state in ("OPEN", "FROZEN"):
                await (self.op_freeze(at) if state == "OPEN" else self.op_send(at))
            elif state == "SENT":
                await self.op_answer((at[0], n[1], 0))

    # Agreement

    def line(self, n: Numbers) -> Line:
        return pick(self.book.lines, n)

    async def agrees(self) -> None:
        """Every bucket, state and invariant is as the book says."""
        for line in self.book.lines:
            found = await db.row("SELECT * FROM line_balance WHERE id = $1", line.id)
            assert found is not None
            assert {b: found[f"{b}_fen"] for b in BUCKETS} == line.buckets
        for payment in self.book.payments:
            assert (await payment_queries.payment(SYSTEM, payment.id)).state == payment.state
        for batch in self.book.batches:
            assert (await bank_queries.batch(batch.id)).state == batch.state
        for award in self.book.awards:
            states = [p.state for p in award.parts]
            assert (await award_queries.award(SYSTEM, award.id)).state == award.state
            assert [i.state for i in await award_queries.instalments(award.id)] == states
        assert {v.name: v.examples for v in await verify() if v.breaches} == {}


def pick(known: Sequence[T], n: Numbers) -> T:
    return known[n[0] % len(known)]


async def traces() -> int:
    """How much has been written so far."""
    return int(
        await db.value(
            "SELECT (SELECT count(*) FROM row_history) + (SELECT count(*) FROM ledger_move) "
            "+ (SELECT count(*) FROM case_event)"
        )
    )


async def said(batch: Batch, outcomes: dict[int, str]) -> bytes:
    """The bank's answer for a batch."""
    lines = ["明细编号,金额,状态,原因,流水号,入账日期"]
    for item in await bank_queries.items(batch.id, with_removed=True):
        outcome = outcomes[item.payment_id]
        paid = outcome == "PAID"
        receipt, day = (f"R{item.item_no}", "2026-06-16") if paid else ("", "")
        reason = {"RETURNED": "户名不符", "UNKNOWN": "系统超时"}.get(outcome, "")
        amount = yuan_text(item.amount_fen).replace(",", "")
        lines.append(f"{item.item_no},{amount},{SAID[outcome]},{reason},{receipt},{day}")
    return "\r\n".join(lines).encode("gb18030")


async def opened() -> Office:
    """Two lines, two awards; one request paid, one returned, one in the bank, one in approval."""
    await empty_tables()
    world = await furnished(quota_fen=3_000 * YUAN)
    office = Office(world)
    fund = await budget.add_fund_source(world[Role.OFFICER], "C", "慈善资金", "Charity", "CHARITY")
    other = await add_line(world, quota_fen=1_000 * YUAN, fund=fund)
    for line_id, quota in ((world.line, 3_000 * YUAN), (other, 1_000 * YUAN)):
        line = Line(line_id, plan=quota)
        line.buckets["available"] = quota
        office.book.lines.append(line)
    await office.op_award((0, 7, 50))
    await office.op_award((1, 3, 20))
    for part in range(4):
        await office.op_draft((part, 0, 0))
        await office.op_submit((part, 0, 0))
    for payment, steps, answer in ((0, 5, 0), (1, 5, 1), (2, 4, 0)):
        for _ in range(steps):
            await office.op_onward((payment, answer, 0))
    return office
