"""A plain book of the money, in Python: what the office should do, without a database.

It is written from the rules and knows nothing of the code that it judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

BUCKETS = ("available", "committed", "payable", "in_bank", "paid", "surrendered")


@dataclass
class Line:
    """A budget line: its buckets and what the cash plan holds, in fen."""

    id: int
    plan: int = 0
    buckets: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUCKETS, 0))

    @property
    def quota(self) -> int:
        return sum(self.buckets.values())

    @property
    def drawn(self) -> int:
        return sum(self.buckets[b] for b in ("payable", "in_bank", "paid", "surrendered"))


@dataclass
class Award:
    """An award on one line; `held` are its own buckets."""

    id: int
    line: Line
    parts: list[Part] = field(default_factory=list)
    state: str = "ACTIVE"
    held: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUCKETS[1:], 0))

    @property
    def on_its_way(self) -> int:
        return self.held["payable"] + self.held["in_bank"]


@dataclass
class Part:
    """An instalment."""

    id: int
    award: Award
    amount: int
    state: str = "OPEN"


@dataclass
class Payment:
    """A request to pay one part."""

    id: int
    part: Part
    state: str = "DRAFT"
    steps_left: int = 0
    batch: Batch | None = None
    came_back: int = 0

    @property
    def amount(self) -> int:
        return self.part.amount

    @property
    def award(self) -> Award:
        return self.part.award


@dataclass
class Batch:
    """Payments in one file, each with what the bank said of it."""

    id: int
    items: dict[int, str]
    payments: list[Payment]
    state: str = "OPEN"


class Book:
    """What stands where, and what may happen next."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.awards: list[Award] = []
        self.payments: list[Payment] = []
        self.batches: list[Batch] = []

    # Moves

    def move(self, award: Award, source: str, target: str, amount: int) -> None:
        """Move money of an award between buckets of its line."""
        for bucket, change in ((source, -amount), (target, amount)):
            award.line.buckets[bucket] += change
            if bucket in award.held:
                award.held[bucket] += change

    # Quota

    def may_reduce(self, line: Line, amount: int) -> bool:
        return amount <= line.buckets["available"] and line.plan <= line.quota - amount

    # Awards

    def may_approve_award(self, line: Line, amount: int) -> bool:
        return amount <= line.buckets["available"]

    def approve_award(self, award: Award) -> None:
        self.awards.append(award)
        self.move(award, "available", "committed", sum(p.amount for p in award.parts))

    def may_terminate(self, award: Award) -> bool:
        return award.state == "ACTIVE" and award.on_its_way == 0

    def terminate(self, award: Award) -> None:
        self.move(award, "committed", "available", award.held["committed"])
        award.state = "TERMINATED"
        for part in award.parts:
            if part.state == "OPEN":
                part.state = "CANCELLED"

    def may_complete(self, award: Award) -> bool:
        return award.state == "ACTIVE" and all(p.state == "PAID" for p in award.parts)

    # Payments

    def may_draft(self, part: Part) -> bool:
        return part.award.state == "ACTIVE" and part.state == "OPEN"

    def draft(self, payment: Payment) -> None:
        payment.part.state = "REQUESTED"
        self.payments.append(payment)

    def gate_is_open(self, payment: Payment) -> bool:
        """Active award, committed money, room in the cash plan."""
        award = payment.award
        return (
            award.state == "ACTIVE"
            and payment.amount <= award.held["committed"]
            and award.line.drawn + payment.amount <= award.line.plan
        )

    def may_submit(self, payment: Payment) -> bool:
        return payment.state in ("DRAFT", "RETURNED") and self.gate_is_open(payment)

    def submit(self, payment: Payment) -> None:
        payment.state, payment.steps_left = "SUBMITTED", 3

    def may_approve(self, payment: Payment) -> bool:
        return payment.state == "SUBMITTED" and self.gate_is_open(payment)

    def approve(self, payment: Payment) -> None:
        payment.steps_left -= 1
        if payment.steps_left == 0:
            payment.state = "APPROVED"
            self.move(payment.award, "committed", "payable", payment.amount)

    def may_take_back(self, payment: Payment, verb: str) -> bool:
        if verb in ("return", "reject"):
            return payment.state == "SUBMITTED"
        if verb == "withdraw":
            return payment.state in ("DRAFT", "SUBMITTED", "RETURNED")
        return payment.state in ("APPROVED", "BOUNCED") and payment.batch is None

    def take_back(self, payment: Payment, verb: str) -> None:
        """Return, reject, withdraw or cancel."""
        if verb == "cancel":
            self.move(payment.award, "payable", "committed", payment.amount)
        payment.state = {"return": "RETURNED", "reject": "REJECTED"}.get(verb, "WITHDRAWN")
        if verb != "return":
            payment.part.state = "OPEN"

    # Batches and the bank

    def may_batch(self, payments: Sequence[Payment]) -> bool:
        return bool(payments) and all(p.state == "APPROVED" and p.batch is None for p in payments)

    def make_batch(self, batch: Batch) -> None:
        self.batches.append(batch)
        for payment in batch.payments:
            payment.batch = batch

    def cancel_batch(self, batch: Batch) -> None:
        batch.state = "CANCELLED"
        for payment in batch.payments:
            batch.items[payment.id] = "REMOVED"
            payment.batch = None

    def send(self, batch: Batch) -> None:
        batch.state = "SENT"
        for payment in batch.payments:
            payment.state = "IN_BANK"
            batch.items[payment.id] = "SENT"
            self.move(payment.award, "payable", "in_bank", payment.amount)

    def may_answer(self, batch: Batch, outcomes: dict[int, str]) -> bool:
        """Sent, and nothing contradicts what the bank said before."""
        return batch.state in ("SENT", "SETTLED") and all(
            {batch.items[id_], outcome} != {"PAID", "RETURNED"} for id_, outcome in outcomes.items()
        )

    def answer(self, batch: Batch, outcomes: dict[int, str]) -> None:
        for payment in batch.payments:
            outcome, known = outcomes[payment.id], batch.items[payment.id]
            if known in ("PAID", "RETURNED") or known == outcome:
                continue
            batch.items[payment.id] = outcome
            if outcome == "PAID":
                payment.state = payment.part.state = "PAID"
                self.move(payment.award, "in_bank", "paid", payment.amount)
            elif outcome == "RETURNED":
                payment.state, payment.batch = "BOUNCED", None
                self.move(payment.award, "in_bank", "payable", payment.amount)
        if all(state in ("PAID", "RETURNED") for state in batch.items.values()):
            batch.state = "SETTLED"

    def may_refund(self, payment: Payment, amount: int) -> bool:
        return payment.state == "PAID" and payment.came_back + amount <= payment.amount

    def refund(self, payment: Payment, amount: int, *, same_year: bool) -> None:
        payment.came_back += amount
        self.move(payment.award, "paid", "available" if same_year else "surrendered", amount)
