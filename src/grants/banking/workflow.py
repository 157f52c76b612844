"""States of a batch and of its items."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from grants.kernel.errors import N_, Conflict, NotAllowed, Refusal
from grants.kernel.identity import Permission as P
from grants.kernel.workflow import Step, Workflow


class BatchState(StrEnum):
    """Where a batch stands."""

    OPEN = "OPEN"
    FROZEN = "FROZEN"
    SENT = "SENT"
    SETTLED = "SETTLED"
    CANCELLED = "CANCELLED"


class ItemState(StrEnum):
    """Where one item of a batch stands (domain §8.3)."""

    GENERATED = "GENERATED"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    PAID = "PAID"
    RETURNED = "RETURNED"
    REMOVED = "REMOVED"


ITEM_TITLES = {
    ItemState.GENERATED: N_("Prepared"),
    ItemState.SENT: N_("Sent"),
    ItemState.UNKNOWN: N_("Unknown, ask the bank"),
    ItemState.PAID: N_("Paid"),
    ItemState.RETURNED: N_("Returned"),
    ItemState.REMOVED: N_("Taken out"),
}


@dataclass(frozen=True)
class BatchCase:
    """What a step on a batch looks at."""

    actor_person: int
    made_by_person: int
    seen_version: int
    version: int
    blocking: Refusal | None = None


def page_is_fresh(case: BatchCase) -> Refusal | None:
    """Nobody acts on a batch that somebody else has changed since."""
    if case.seen_version != case.version:
        return Conflict(
            "batch.stale", N_("Somebody changed this batch since you opened it. Look again.")
        )
    return None


def sender_did_not_make_it(case: BatchCase) -> Refusal | None:
    """付款审批 and 付款执行 are separated by natural person (财会〔2012〕21号 [V])."""
    if case.actor_person == case.made_by_person:
        return NotAllowed("batch.own", N_("You made this batch; another person has to send it."))
    return None


def preflight_is_passed(case: BatchCase) -> Refusal | None:
    """Nothing that the bank would refuse is frozen into a file."""
    return case.blocking


S = BatchState

BATCH: Workflow[BatchCase] = Workflow(
    "batch",
    {
        S.OPEN: N_("Being put together"),
        S.FROZEN: N_("Frozen, ready to send"),
        S.SENT: N_("Sent to the bank"),
        S.SETTLED: N_("Settled"),
        S.CANCELLED: N_("Cancelled"),
    },
    (
        Step(
            "freeze",
            N_("Freeze"),
            (S.OPEN,),
            S.FROZEN,
            P.BATCH_MAKE,
            (page_is_fresh, preflight_is_passed),
        ),
        Step(
            "send",
            N_("Mark as sent"),
            (S.FROZEN,),
            S.SENT,
            P.BATCH_SEND,
            (page_is_fresh, sender_did_not_make_it),
        ),
        Step("settle", N_("Settle"), (S.SENT,), S.SETTLED, P.RESULT_IMPORT),
        Step(
            "cancel",
            N_("Cancel"),
            (S.OPEN, S.FROZEN),
            S.CANCELLED,
            P.BATCH_MAKE,
            (page_is_fresh,),
        ),
    ),
)
