"""Reads of the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grants.kernel.errors import NotFound
from grants.platform import db


@dataclass(frozen=True)
class Mail:
    """A mail with its text, and how far it came."""

    id: int
    reader: str
    address: str
    subject: str
    body: str
    state: str
    tries: int
    last_error: str
    queued_at: datetime
    next_try_at: datetime
    sent_at: datetime | None


_MAIL = """
SELECT m.id, p.name AS reader, m.address, m.subject, m.body, m.state, m.tries, m.last_error,
       m.queued_at, m.next_try_at, m.sent_at
FROM mail m JOIN app_user u ON u.id = m.user_id JOIN person p ON p.id = u.person
"""
_WANTED = """
WHERE ($1 = '' OR m.state = $1)
  AND ($2 = '' OR m.subject ILIKE '%' || $2 || '%' OR m.address ILIKE '%' || $2 || '%'
       OR p.name ILIKE '%' || $2 || '%')
"""


async def mails(state: str, search: str, *, limit: int, offset: int) -> list[Mail]:
    """Mails in a state ("" for all) with these words, the newest first."""
    found = await db.rows(
        f"{_MAIL} {_WANTED} ORDER BY m.id DESC LIMIT $3 OFFSET $4", state, search, limit, offset
    )
    return [Mail(**r) for r in found]


async def count_mails(state: str, search: str) -> int:
    """How many mails that are."""
    count = f"SELECT count(*) FROM ({_MAIL} {_WANTED}) m"
    return int(await db.value(count, state, search))


async def mail(mail_id: int) -> Mail:
    """One mail; raises NotFound."""
    found = await db.row(f"{_MAIL} WHERE m.id = $1", mail_id)
    if found is None:
        raise NotFound()
    return Mail(**found)


async def count_by_state() -> dict[str, int]:
    """How many mails wait, were sent, failed."""
    found = await db.rows("SELECT state, count(*) AS many FROM mail GROUP BY state")
    return {r["state"]: r["many"] for r in found}
