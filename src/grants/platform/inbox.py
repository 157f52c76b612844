"""The inbox: a message to a person's account, sent once for its key, as a mail too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from grants.kernel import calendar
from grants.kernel.identity import Actor, Role
from grants.platform import db, mail


@dataclass(frozen=True)
class Message:
    """One message; `message` is a message id, `params` fill it."""

    id: int
    message: str
    params: Mapping[str, object]
    link: str
    sent_at: datetime
    read_at: datetime | None


async def tell(
    user_id: int, key: str, message: str, link: str, params: Mapping[str, object]
) -> bool:
    """Send a message once for `key`; answers whether it is new. Needs an open unit of work.

    Where the account has an address, a mail that says the same waits for the next sender.
    """
    done = await db.execute(
        """
        INSERT INTO inbox_message (user_id, message_key, message, params, link, sent_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, message_key) DO NOTHING
        """,
        user_id,
        key,
        message,
        dict(params),
        link,
        calendar.now(),
    )
    is_new = done == "INSERT 0 1"
    if is_new:
        await mail.queue(user_id, key, message, link, params)
    return is_new


async def last_told(user_id: int, key_start: str) -> date | None:
    """The day on which an account was last sent a message whose key begins so."""
    found: datetime | None = await db.value(
        "SELECT max(sent_at) FROM inbox_message "
        "WHERE user_id = $1 AND starts_with(message_key, $2)",
        user_id,
        key_start,
    )
    return found.astimezone(calendar.ZONE).date() if found else None


async def tell_role(
    role: Role, on: date, key: str, message: str, link: str, params: Mapping[str, object]
) -> int:
    """Send a message to everybody of the bureau who holds `role` on a day; answers how many."""
    holders = await db.rows(
        """
        SELECT DISTINCT u.id FROM app_user u JOIN role_grant g ON g."user" = u.id
        WHERE u.is_active AND u.organisation_id IS NULL AND g.role = $1 AND g.starts_on <= $2
          AND (g.ends_on IS NULL OR g.ends_on > $2)
        ORDER BY u.id
        """,
        role,
        on,
    )
    sent = [await tell(r["id"], key, message, link, params) for r in holders]
    return sum(sent)


async def tell_organisation(
    organisation_id: int, key: str, message: str, link: str, params: Mapping[str, object]
) -> int:
    """Send a message to everybody who has an account of an organisation; answers how many."""
    holders = await db.rows(
        "SELECT id FROM app_user WHERE organisation_id = $1 AND is_active ORDER BY id",
        organisation_id,
    )
    sent = [await tell(r["id"], key, message, link, params) for r in holders]
    return sum(sent)


async def messages(actor: Actor, limit: int = 100) -> list[Message]:
    """One's own messages, newest first."""
    found = await db.rows(
        """
        SELECT id, message, params, link, sent_at, read_at FROM inbox_message
        WHERE user_id = $1 ORDER BY id DESC LIMIT $2
        """,
        actor.user_id,
        limit,
    )
    return [Message(**r) for r in found]


async def unread(actor: Actor) -> int:
    """How many messages one has not read."""
    return int(
        await db.value(
            "SELECT count(*) FROM inbox_message WHERE user_id = $1 AND read_at IS NULL",
            actor.user_id,
        )
    )


async def mark_all_read(actor: Actor) -> None:
    """Everything in one's inbox is read."""
    async with db.unit_of_work(actor):
        await db.execute(
            "UPDATE inbox_message SET read_at = $2 WHERE user_id = $1 AND read_at IS NULL",
            actor.user_id,
            calendar.now(),
        )
