"""The verbs of the outbox: send what waits, send again what failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict
from grants.kernel.identity import SYSTEM, Actor
from grants.kernel.identity import Permission as P
from grants.platform import db
from grants.platform.audit import Case, record
from grants.platform.mail import Letter
from grants.platform.smtp import TROUBLE, TROUBLE_WITH_ONE, Connection, Server, reason_of

KIND = "mail"

#: So many mails go over one connection.
_BATCH = 50
#: For so long a mail belongs to the sender who took it; if he dies, another takes it then.
_HELD = timedelta(minutes=10)
#: How long after each failure it is tried again; after the last it has failed.
_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120))


@dataclass(frozen=True)
class _Taken:
    """A mail that this sender has to himself for a while; `tries` counts this one."""

    id: int
    address: str
    letter: Letter
    queued_at: datetime
    tries: int


#: What became of a mail: None, or why not.
Outcome = str | None


async def send_waiting(server: Server) -> tuple[int, int]:
    """Send what waits; answers how many went out and how many did not.

    Mails are taken under row locks that skip what another sender has, and sent outside of any
    transaction. Whoever dies in between leaves them to be sent again: a mail may come twice,
    with one message id, and none is lost.
    """
    taken = await _take()
    if not taken:
        return 0, 0
    outcomes = await asyncio.to_thread(_send, server, taken)
    for one in taken:
        await _write_down(one, outcomes.get(one.id, "not tried"))
    failed = sum(why is not None for why in outcomes.values())
    return len(taken) - failed, failed


async def _take() -> Sequence[_Taken]:
    now = calendar.now()
    async with db.unit_of_work(SYSTEM):
        found = await db.rows(
            """
            UPDATE mail SET next_try_at = $2, tries = tries + 1 WHERE id IN (
                SELECT id FROM mail WHERE state = 'WAITING' AND next_try_at <= $1
                ORDER BY next_try_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
            RETURNING id, address, subject, body, queued_at, tries
            """,
            now,
            now + _HELD,
            _BATCH,
        )
    return [
        _Taken(r["id"], r["address"], Letter(r["subject"], r["body"]), r["queued_at"], r["tries"])
        for r in sorted(found, key=lambda row: row["id"])
    ]


def _send(
    server: Server,
    mails: Sequence[_Taken],
    connect: Callable[[Server], Connection] = Connection,
) -> dict[int, Outcome]:
    """Send over one connection; one that breaks fails what is left, to be tried later."""
    outcomes: dict[int, Outcome] = {}
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(connect(server))
        except TROUBLE as trouble:
            return {one.id: reason_of(trouble) for one in mails}
        for one in mails:
            try:
                connection.send(one.id, one.queued_at, one.address, one.letter)
                outcomes[one.id] = None
            except (ValueError, *TROUBLE_WITH_ONE) as trouble:
                outcomes[one.id] = reason_of(trouble)
            except TROUBLE as trouble:
                rest = mails[mails.index(one) :]
                return outcomes | {left.id: reason_of(trouble) for left in rest}
    return outcomes


async def _write_down(mail: _Taken, why: Outcome) -> None:
    """Sent, or tried again after a pause, or failed after the last."""
    now = calendar.now()
    async with db.unit_of_work(SYSTEM):
        if why is None:
            await db.execute(
                "UPDATE mail SET state = 'SENT', sent_at = $2, last_error = '' WHERE id = $1",
                mail.id,
                now,
            )
        elif mail.tries <= len(_PAUSES):
            await db.execute(
                "UPDATE mail SET next_try_at = $2, last_error = $3 WHERE id = $1",
                mail.id,
                now + _PAUSES[mail.tries - 1],
                why,
            )
        else:
            await db.execute(
                "UPDATE mail SET state = 'FAILED', last_error = $2 WHERE id = $1", mail.id, why
            )


async def send_again(actor: Actor, mail_id: int) -> None:
    """Let a mail that failed wait for the next sender; raises Conflict for any other."""
    actor.need(P.OUTBOX_SEND)
    async with db.unit_of_work(actor):
        done = await db.execute(
            "UPDATE mail SET state = 'WAITING', tries = 0, next_try_at = $2 "
            "WHERE id = $1 AND state = 'FAILED'",
            mail_id,
            calendar.now(),
        )
        if done != "UPDATE 1":
            raise Conflict("mail.not_failed", N_("Only a mail that failed is sent again."))
        await record(actor, Case(KIND, mail_id), "send_again")
