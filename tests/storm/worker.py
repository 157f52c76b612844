"""The server that is killed: a process that forks workers which do the office's work.

It speaks lines on its standard input and output: `work SEED FILE` forks a worker that
works until somebody kills it, `calm SEED FILE` one that finishes what lies about and ends,
`check FILE…` one that looks whether all is well. A worker writes into FILE each act that
it was told is done: what stands there must never be lost.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import random
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

import asyncpg

from grants.awards import actions as awards
from grants.awards import endings
from grants.awards import instalments as award_parts
from grants.awards import queries as award_queries
from grants.banking import actions as banking
from grants.banking import answers, refunds
from grants.banking import queries as bank_queries
from grants.budget import actions as budget
from grants.budget.rules import QuotaKind
from grants.imports.actions import run_import
from grants.imports.report import ImportOptions
from grants.kernel.errors import Refusal
from grants.kernel.identity import SYSTEM, Role
from grants.kernel.money import Fen
from grants.payments import actions as payments
from grants.payments import approvals, lists
from grants.payments import queries as payment_queries
from grants.payments.lists import PaymentFilter
from grants.platform import db
from tests.storm.check import IMPORTED_ROWS, found_wrong
from tests.world import DAY, YUAN, World, details, draft_award
from tests.world_banking import answer

#: What an outage of the database looks like from here; the worker ends with it.
OUTAGE = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError)
OUTAGE_STATES = ("57P01", "57P02", "57P03")
CLERKS = 4


class Clerk:
    """Does one thing after another, as chance will have it."""

    def __init__(self, world: World, seed: int, told: int) -> None:
        self.world = world
        self.seed = seed
        self.told = told
        self.chance = random.Random(seed)
        self.drawn = 0
        self.at_work = asyncio.Event()

    def tell(self, kind: str, id_: int, verb: str) -> None:
        """Write down that the office was told: this is done."""
        os.write(self.told, f"{kind} {id_} {verb}\n".encode())
        self.at_work.set()

    def number(self) -> str:
        """A number that no clerk draws twice."""
        self.drawn += 1
        return f"{self.seed}-{self.drawn}"

    async def work_on(self) -> None:
        """Work until killed."""
        acts: list[Callable[[], Awaitable[None]]] = [
            *[self.ask] * 3,
            *[self.approve] * 8,
            *[self.pay] * 6,
            self.import_awards,
            self.receive_quota,
            self.refund,
            self.turn_down,
            self.mend,
            self.terminate,
        ]
        while True:
            try:
                await self.chance.choice(acts)()
            except Refusal:
                continue

    async def receive_quota(self) -> None:
        movement = await budget.propose_quota(
            self.world[Role.OFFICER],
            kind=QuotaKind.SUPPLEMENT,
            line_id=self.world.line,
            amount_fen=Fen(self.chance.randint(1, 500) * YUAN),
            document_no=self.number(),
            issued_on=DAY,
        )
        self.tell("quota_movement", movement, "propose")
        await budget.approve_quota(self.world[Role.FIN_HEAD], movement, on=DAY)
        self.tell("quota_movement", movement, "approve")

    async def ask(self) -> None:
        """An award of a few parts, approved, and a request for each part."""
        parts = [self.chance.randint(1, 2_000_00) for _ in range(self.chance.randint(1, 4))]
        award = await draft_award(self.world, *parts, title=f"项目{self.number()}")
        self.tell("award", award, "create")
        await awards.approve_award(self.world[Role.SECTION_HEAD], award, seen_version=1, today=DAY)
        self.tell("award", award, "approve")
        for instalment in await award_queries.instalments(award):
            await award_parts.confirm_condition(
                self.world[Role.OFFICER], instalment.id, on=DAY, evidence="合同已签"
            )
            await self.request(instalment.id)

    async def request(self, instalment: int) -> None:
        officer, number = self.world[Role.OFFICER], self.number()
        given = details(self.world, purpose=f"服务费{number}", invoice_no=number)
        payment = await payments.draft_payment(officer, instalment, given, today=DAY)
        self.tell("payment", payment, "draft")
        await payments.submit_payment(officer, payment, seen_version=1, today=DAY)
        self.tell("payment", payment, "submit")

    async def some(self, state: str, limit: int) -> list[lists.Listed]:
        found = await lists.payments(SYSTEM, PaymentFilter(state=state), limit=60)
        return self.chance.sample(found, min(limit, len(found)))

    async def approve(self) -> None:
        """Several approvals at once, by whoever's turn the first of them is."""
        waiting = await self.some("SUBMITTED", 8)
        if not waiting or waiting[0].step_role is None:
            return
        role = waiting[0].step_role
        chosen = [(p.id, p.version) for p in waiting if p.step_role == role]
        for result in await approvals.approve_many(self.world[role], chosen, today=DAY):
            if result.refusal is None:
                self.tell("payment", result.payment_id, "approve")

    async def pay(self) -> None:
        """Bring one batch a step further, or make a new one."""
        live = [b for b in await bank_queries.batches() if b.state in ("OPEN", "FROZEN", "SENT")]
        if live and self.chance.random() < 0.8:
            await self.further(self.chance.choice(live))
            return
        ready = [p.id for p in await bank_queries.ready_payments()]
        chosen = self.chance.sample(ready, min(len(ready), self.chance.randint(1, 6)))
        if chosen:
            batch = await banking.make_batch(
                self.world[Role.FIN_OFFICER], chosen, "bank-csv", today=DAY
            )
            self.tell("batch", batch, "make")

    async def further(self, batch: bank_queries.Batch, *, always_paid: bool = False) -> None:
        maker, cashier = self.world[Role.FIN_OFFICER], self.world[Role.CASHIER]
        if batch.state == "OPEN":
            await banking.freeze_batch(maker, batch.id, seen_version=batch.version, today=DAY)
            self.tell("batch", batch.id, "freeze")
        elif batch.state == "FROZEN":
            await banking.mark_batch_sent(cashier, batch.id, seen_version=batch.version, on=DAY)
            self.tell("batch", batch.id, "send")
        else:
            items = await bank_queries.items(batch.id)
            returned = {
                i.payment_id: "户名不符"
                for i in items
                if not always_paid and i.state == "SENT" and self.chance.random() < 0.15
            }
            content = await answer(batch.id, returned)
            intake = await answers.take_results(cashier, f"{self.number()}.csv", content, today=DAY)
            # Another clerk may have taken in the very same answer just before.
            for item in items if intake.applied else []:
                if item.state == "SENT":
                    verb = "bounce" if item.payment_id in returned else "settle"
                    self.tell("payment", item.payment_id, verb)

    async def import_awards(self) -> None:
        """A file of past awards comes in whole, and again without effect."""
        name = self.number()
        lines = ["项目编号,项目名称,收款单位名称,资助金额（元）,决定日期,项目状态"]
        lines += [
            f"{name}#{n},往年项目,示例晨曦社会工作服务中心,{n}万,2024-03-01,历史"
            for n in range(1, IMPORTED_ROWS + 1)
        ]
        content, options = "\r\n".join(lines).encode(), ImportOptions(programme="NH", fund="G")
        for _ in range(2):
            await run_import(self.world[Role.OFFICER], f"{name}.csv", content, options, today=DAY)
            self.tell("import", 0, name)

    async def refund(self) -> None:
        for payment in await self.some("PAID", 1):
            refund = await refunds.record_refund(
                self.world[Role.FIN_OFFICER],
                payment.id,
                amount_fen=Fen(self.chance.randint(1, payment.amount_fen)),
                received_on=date(self.chance.choice((2026, 2027)), 7, 1),
                reference=self.number(),
                reason="多付退回",
            )
            self.tell("refund", refund, "record")
            verb = self.chance.choice(("approve", "approve", "reject"))
            await refunds.decide_refund(self.world[Role.FIN_HEAD], refund, verb)
            self.tell("refund", refund, verb)

    async def turn_down(self) -> None:
        """Return one request and withdraw another; both instalments are asked for anew."""
        for payment in await self.some("SUBMITTED", 2):
            found = await payment_queries.payment(SYSTEM, payment.id)
            if self.chance.random() < 0.5 and found.step_role:
                await approvals.return_payment(
                    self.world[found.step_role],
                    payment.id,
                    seen_version=found.version,
                    reason="材料需要补充",
                )
                self.tell("payment", payment.id, "return")
            else:
                await payments.withdraw_payment(self.world[Role.OFFICER], payment.id)
                self.tell("payment", payment.id, "withdraw")
                await self.request(found.instalment_id)

    async def mend(self) -> None:
        """Point what the bank returned at its account again; submit what was returned."""
        officer = self.world[Role.OFFICER]
        for payment in await self.some("BOUNCED", 5):
            await payments.correct_account(
                officer,
                payment.id,
                self.world.account,
                seen_version=payment.version,
                reason="账户已核对",
            )
            self.tell("payment", payment.id, "correct")
        for payment in [*await self.some("RETURNED", 5), *await self.some("DRAFT", 5)]:
            await payments.submit_payment(
                officer, payment.id, seen_version=payment.version, today=DAY
            )
            self.tell("payment", payment.id, "submit")

    async def terminate(self) -> None:
        found = await award_queries.awards(SYSTEM, award_queries.AwardFilter(state="ACTIVE"))
        if found and self.chance.random() < 0.3:
            award = self.chance.choice(found)
            await endings.terminate_award(
                self.world[Role.SECTION_HEAD],
                award.id,
                seen_version=award.version,
                reason="协议解除",
                today=DAY,
            )
            self.tell("award", award.id, "terminate")

    async def finish(self) -> None:
        """Finish everything that lies about; raises what stands in the way."""
        await self.withdraw_of_ended_awards()
        while await self.some("DRAFT", 1) or await self.some("RETURNED", 1):
            await self.mend()
        while await self.some("SUBMITTED", 1):
            await self.approve()
        while True:
            while await self.some("BOUNCED", 1):
                await self.mend()
            for batch in await bank_queries.batches():
                while batch.state in ("OPEN", "FROZEN", "SENT"):
                    await self.further(batch, always_paid=True)
                    batch = await bank_queries.batch(batch.id)
            ready = [p.id for p in await bank_queries.ready_payments()]
            if not ready:
                return
            await banking.make_batch(
                self.world[Role.FIN_OFFICER], ready[:50], "bank-csv", today=DAY
            )

    async def withdraw_of_ended_awards(self) -> None:
        ended = await db.rows(
            "SELECT p.id FROM payment p JOIN award a ON a.id = p.award WHERE a.state <> 'ACTIVE' "
            "AND p.state IN ('DRAFT', 'SUBMITTED', 'RETURNED') ORDER BY p.id"
        )
        for found in ended:
            await payments.withdraw_payment(self.world[Role.OFFICER], found["id"])


async def open_office(root: Path) -> World:
    await db.open_pool(embedded_connection(root), size=CLERKS + 1)
    return World(**pickle.loads((root / "world").read_bytes()))


def embedded_connection(root: Path) -> dict[str, object]:
    """Where the cluster of `root` listens; it is started by the one who kills it."""
    return json.loads((root / "connection").read_text())


async def work(root: Path, seed: int, told: int) -> None:
    """Several clerks at once, until killed or the database is gone."""
    world = await open_office(root)
    clerks = [Clerk(world, seed * 10 + n, told) for n in range(CLERKS)]

    async def say_when_all_are_at_work() -> None:
        await asyncio.gather(*(clerk.at_work.wait() for clerk in clerks))
        os.write(1, b"READY\n")

    try:
        await asyncio.gather(say_when_all_are_at_work(), *(clerk.work_on() for clerk in clerks))
    except OUTAGE:
        return
    except asyncpg.PostgresError as error:
        if error.sqlstate not in OUTAGE_STATES:
            raise


async def calm(root: Path, seed: int, told: int) -> None:
    """One clerk finishes everything."""
    await Clerk(await open_office(root), seed * 10, told).finish()
    os.write(1, b"DONE\n")


async def check(root: Path, told: list[str]) -> None:
    """Say what is wrong, as one line of JSON."""
    await open_office(root)
    wrong = await found_wrong([Path(name).read_text() for name in told])
    os.write(1, (json.dumps(wrong, ensure_ascii=False) + "\n").encode())
    await db.close_pool()


def child(root: Path, verb: str, given: list[str]) -> None:
    """The life of a forked process."""
    if verb == "check":
        asyncio.run(check(root, given))
        return
    told = os.open(given[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        asyncio.run((work if verb == "work" else calm)(root, int(given[0]), told))
    except BaseException:
        os.write(told, f"FAULT {json.dumps(traceback.format_exc())}\n".encode())
        raise


def main(root: Path) -> None:
    """Fork a child for each line; children that end are reaped by the system."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        verb, *given = line.split()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                child(root, verb, given)
                status = 0
            finally:
                os._exit(status)
        os.write(1, f"{pid}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
