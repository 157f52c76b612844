"""Where one's mails go: an address, their language, and whether one wants them."""

from __future__ import annotations

from dataclasses import dataclass

from grants.kernel.identity import Actor
from grants.platform import db
from grants.platform.audit import Case, record


@dataclass(frozen=True)
class MailSettings:
    """`email` is "" where there is none; `language` is zh or en."""

    email: str = ""
    language: str = "zh"
    wants_mail: bool = True


async def mail_settings(actor: Actor) -> MailSettings:
    """One's own settings."""
    found = await db.row(
        "SELECT email, language, wants_mail FROM app_user WHERE id = $1", actor.user_id
    )
    assert found is not None
    return MailSettings(**found)


async def change_mail(actor: Actor, chosen: MailSettings) -> None:
    """Keep one's own settings; what waits for the old address is not sent there any more."""
    async with db.unit_of_work(actor):
        await db.execute(
            "UPDATE app_user SET email = $2, language = $3, wants_mail = $4 WHERE id = $1",
            actor.user_id,
            chosen.email,
            chosen.language,
            chosen.wants_mail,
        )
        await db.execute(
            "DELETE FROM mail WHERE user_id = $1 AND state = 'WAITING' AND ($2 OR address <> $3)",
            actor.user_id,
            not chosen.wants_mail,
            chosen.email,
        )
        facts = {"wants_mail": chosen.wants_mail, "has_address": bool(chosen.email)}
        await record(actor, Case("app_user", actor.user_id), "change_mail", facts=facts)
