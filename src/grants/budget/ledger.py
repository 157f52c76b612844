"""The ledger: the only code that moves money between the buckets of a budget line.

A fen enters a line from `outside` (quota), and then stands in exactly one bucket:

    available → committed → payable → in_bank → paid → surrendered

A funding decision holds money as `precommitted` until its agreements commit it. Each move is one
append-only row and, in the same statement, an update of the line's balance and of the commitment's
or precommitment's. The CHECKs on all of them refuse whatever would take a bucket below zero, so
two clerks cannot spend the last yuan twice, whatever the code above forgets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, RuleBroken
from grants.kernel.identity import Actor
from grants.kernel.money import Fen
from grants.platform import db
from grants.platform.audit import Case


class Bucket(StrEnum):
    """Where a fen stands."""

    OUTSIDE = "outside"
    AVAILABLE = "available"
    PRECOMMITTED = "precommitted"
    COMMITTED = "committed"
    PAYABLE = "payable"
    IN_BANK = "in_bank"
    PAID = "paid"
    SURRENDERED = "surrendered"


@dataclass(frozen=True)
class Act:
    """A kind of move: its name and the two buckets it joins."""

    name: str
    source: Bucket
    target: Bucket


RECEIVE = Act("receive", Bucket.OUTSIDE, Bucket.AVAILABLE)
WITHDRAW = Act("withdraw", Bucket.AVAILABLE, Bucket.OUTSIDE)
#: A decision holds money for a project (预占) until its agreement is signed, or it drops out.
PRECOMMIT = Act("precommit", Bucket.AVAILABLE, Bucket.PRECOMMITTED)
LIFT = Act("lift", Bucket.PRECOMMITTED, Bucket.AVAILABLE)
COMMIT = Act("commit", Bucket.AVAILABLE, Bucket.COMMITTED)
RELEASE = Act("release", Bucket.COMMITTED, Bucket.AVAILABLE)
APPROVE = Act("approve", Bucket.COMMITTED, Bucket.PAYABLE)
CANCEL = Act("cancel", Bucket.PAYABLE, Bucket.COMMITTED)
SEND = Act("send", Bucket.PAYABLE, Bucket.IN_BANK)
BOUNCE = Act("bounce", Bucket.IN_BANK, Bucket.PAYABLE)
PAY = Act("pay", Bucket.IN_BANK, Bucket.PAID)
#: A refund of this year's payment restores the quota [K].
REFUND = Act("refund", Bucket.PAID, Bucket.AVAILABLE)
#: A refund of an earlier year's payment goes to the treasury and restores nothing [K].
SURRENDER = Act("surrender", Bucket.PAID, Bucket.SURRENDERED)

ACTS = (
    RECEIVE,
    WITHDRAW,
    PRECOMMIT,
    LIFT,
    COMMIT,
    RELEASE,
    APPROVE,
    CANCEL,
    SEND,
    BOUNCE,
    PAY,
    REFUND,
    SURRENDER,
)
_QUOTA_ACTS = (RECEIVE, WITHDRAW)
_LINE_BUCKETS = frozenset(Bucket) - {Bucket.OUTSIDE}
_PRECOMMITMENT_BUCKETS = frozenset({Bucket.PRECOMMITTED})
_COMMITMENT_BUCKETS = _LINE_BUCKETS - {Bucket.AVAILABLE, Bucket.PRECOMMITTED}


def _changes(act: Act, buckets: frozenset[Bucket], total: str) -> str:
    """The SET list of one balance row; `total` follows what enters or leaves `buckets`."""
    changes = []
    if act.source in buckets:
        changes.append(f"{act.source}_fen = {act.source}_fen - $2")
    elif total:
        changes.append(f"{total} = {total} + $2")
    if act.target in buckets:
        changes.append(f"{act.target}_fen = {act.target}_fen + $2")
    elif total:
        changes.append(f"{total} = {total} - $2")
    return ", ".join(changes)


def _insert(act: Act, values: str, holder: str = "") -> str:
    return f"""
    INSERT INTO ledger_move (line, {holder}from_bucket, to_bucket, amount_fen, act,
                             case_kind, case_id, move_key, moved_on, moved_at, user_id)
    SELECT {values}, '{act.source}', '{act.target}', $2, '{act.name}', $3, $4, $5, $6, $7, $8
    """


def _statement(act: Act) -> str:
    line_changes = _changes(act, _LINE_BUCKETS, "quota_fen")
    if act in _QUOTA_ACTS:
        return f"""
        WITH line AS (UPDATE line_balance SET {line_changes} WHERE id = $1 RETURNING id)
        {_insert(act, "line.id")} FROM line
        """
    if act in (PRECOMMIT, LIFT):
        holder, holder_changes = "precommitment", _changes(act, _PRECOMMITMENT_BUCKETS, "")
    else:
        holder, holder_changes = "commitment", _changes(act, _COMMITMENT_BUCKETS, "amount_fen")
    return f"""
    WITH held AS (
        UPDATE {holder} SET {holder_changes} WHERE id = $1 RETURNING id, line
    ), line AS (
        UPDATE line_balance AS b SET {line_changes} FROM held WHERE b.id = held.line
        RETURNING b.id
    )
    {_insert(act, "line.id, held.id", f"{holder}, ")} FROM held, line
    """


_STATEMENTS = {act: _statement(act) for act in ACTS}


async def move(
    actor: Actor, act: Act, amount_fen: Fen, *, of: int, case: Case, key: str, on: date
) -> None:
    """Move `amount_fen` as `act` says, within the open unit of work.

    `of` is the commitment's id (the precommitment's for PRECOMMIT and LIFT, the line's for
    RECEIVE and WITHDRAW); `key` names
    this one move for ever, so that it cannot happen twice; `on` is the fiscal day.
    Raises RuleBroken when the source bucket holds less, Conflict when `key` was used.
    """
    if amount_fen <= 0:
        raise ValueError("a move needs a positive amount")
    done = await db.execute(
        _STATEMENTS[act],
        of,
        amount_fen,
        case.kind,
        case.id,
        key,
        on,
        calendar.now(),
        actor.user_id,
    )
    if done != "INSERT 0 1":
        raise LookupError(f"nothing to move: {act.name} of {of}")


async def open_commitment(line_id: int, award_id: int) -> int:
    """The commitment of an award on a line; opened empty on first use."""
    return int(
        await db.value(
            """
            INSERT INTO commitment (line, award_id, amount_fen, committed_fen, payable_fen,
                                    in_bank_fen, paid_fen, surrendered_fen)
            VALUES ($1, $2, 0, 0, 0, 0, 0, 0)
            ON CONFLICT (award_id, line) DO UPDATE SET amount_fen = commitment.amount_fen
            RETURNING id
            """,
            line_id,
            award_id,
        )
    )


async def open_precommitment(line_id: int, case: Case) -> int:
    """What a decision holds of a line for one case; opened empty on first use."""
    return int(
        await db.value(
            """
            INSERT INTO precommitment (line, case_kind, case_id, precommitted_fen)
            VALUES ($1, $2, $3, 0)
            ON CONFLICT (case_kind, case_id) DO UPDATE SET line = precommitment.line
            RETURNING id
            """,
            line_id,
            case.kind,
            case.id,
        )
    )


_SHORT = {
    "available": N_("The line has not enough left."),
    "precommitted": N_("More than is still held for the decision."),
    "committed": N_("More than is still committed."),
    "payable": N_("More than is approved for payment."),
    "in_bank": N_("More than lies with the bank."),
    "paid": N_("More than was paid."),
    "surrendered": N_("More than was surrendered."),
}
for _bucket, _message in _SHORT.items():
    for _owner in ("line", "commitment", "precommitment"):
        db.explain_constraint(
            f"{_owner}_{_bucket}_not_negative", RuleBroken, f"ledger.{_bucket}_short", _message
        )
db.explain_constraint(
    "ledger_move_move_key_key",
    Conflict,
    "ledger.moved_already",
    N_("This money has been moved already; nothing was done twice."),
)
