"""What waits for a person besides approvals: counted and linked, feature by feature."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from grants.awards import changes
from grants.awards import queries as awards
from grants.awards.queries import AwardFilter
from grants.banking import queries as banking
from grants.banking import refunds
from grants.budget import queries as budget
from grants.kernel.errors import N_
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.payments import lists
from grants.payments.lists import PaymentFilter
from grants.platform import db, inbox


@dataclass(frozen=True)
class Waiting:
    """A pile of work: what it is, how many, and where it lies."""

    title: str
    count: int
    href: str


async def waiting_for(actor: Actor) -> list[Waiting]:
    """The piles of `actor` that are not empty."""
    piles = [await count(actor) for permission, count in _PILES if actor.may(permission)]
    return [pile for pile in piles if pile.count]


async def _awards_to_approve(actor: Actor) -> Waiting:
    count, _ = await awards.count_awards(actor, AwardFilter(state="DRAFT"))
    return Waiting(N_("Awards to approve"), count, "/awards?state=DRAFT")


async def _changes(_: Actor) -> Waiting:
    return Waiting(N_("Changes and claims to decide"), await changes.count_waiting(), "/clawbacks")


async def _documents(_: Actor) -> Waiting:
    documents = await budget.quota_movements(state="PROPOSED")
    plans = await budget.cash_plans(state="PROPOSED")
    return Waiting(N_("Budget documents to decide"), len(documents) + len(plans), "/budget")


async def _accounts_to_verify(actor: Actor) -> Waiting:
    count = await db.value(
        "SELECT count(*) FROM bank_account WHERE state = 'ENTERED' AND entered_by_person <> $1",
        actor.person_id,
    )
    return Waiting(N_("Bank accounts to verify"), count, "/accounts")


async def _ready_payments(_: Actor) -> Waiting:
    return Waiting(
        N_("Payments that wait for a batch"), len(await banking.ready_payments()), "/batches"
    )


async def _batches_to_send(_: Actor) -> Waiting:
    frozen = await banking.batches(state="FROZEN")
    return Waiting(N_("Batches to send to the bank"), len(frozen), "/batches")


async def _batches_to_answer(_: Actor) -> Waiting:
    sent = await banking.batches(state="SENT")
    return Waiting(N_("Batches without the bank's whole answer"), len(sent), "/batches")


async def _refunds(_: Actor) -> Waiting:
    return Waiting(
        N_("Refunds to approve"), len(await refunds.refunds(state="PROPOSED")), "/refunds"
    )


async def _bounced(actor: Actor) -> Waiting:
    count, _ = await lists.count_payments(actor, PaymentFilter(state="BOUNCED"))
    return Waiting(N_("Payments the bank returned"), count, "/payments?state=BOUNCED")


async def _returned(actor: Actor) -> Waiting:
    count, _ = await lists.count_payments(actor, PaymentFilter(state="RETURNED"))
    return Waiting(N_("Requests returned for correction"), count, "/payments?state=RETURNED")


async def _unread(actor: Actor) -> Waiting:
    return Waiting(N_("Unread messages"), await inbox.unread(actor), "/me")


_PILES: tuple[tuple[P, Callable[[Actor], Awaitable[Waiting]]], ...] = (
    (P.AWARD_APPROVE, _awards_to_approve),
    (P.AWARD_APPROVE, _changes),
    (P.BUDGET_APPROVE, _documents),
    (P.ACCOUNT_VERIFY, _accounts_to_verify),
    (P.BATCH_MAKE, _ready_payments),
    (P.BATCH_SEND, _batches_to_send),
    (P.RESULT_IMPORT, _batches_to_answer),
    (P.REFUND_APPROVE, _refunds),
    (P.PAYMENT_REQUEST, _bounced),
    (P.PAYMENT_REQUEST, _returned),
    (P.SIGNED_IN, _unread),
)
