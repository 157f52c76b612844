"""Mails: what the inbox says, in the reader's language, queued in the same unit of work.

Nothing is sent here: a server that is slow or away must not hold up the office's work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grants.kernel import calendar
from grants.kernel.errors import N_
from grants.kernel.private_data import masked_in
from grants.platform import db
from grants.platform.texts import texts
from grants.settings import settings

#: The address of the page on which a reader stops his mails.
_OWN_PAGE = "/me"
_SUBJECT_LENGTH = 150


@dataclass(frozen=True)
class Letter:
    """What a mail says: a subject of one line, and plain text."""

    subject: str
    body: str


def letter(lang: str, message: str, link: str, params: Mapping[str, object]) -> Letter:
    """A message of the inbox as a mail: the message, where it leads, who writes, how to stop it.

    Identity, telephone and card numbers that somebody typed into a title are masked: a mail
    leaves the house.
    """
    catalogue = texts(lang)
    # One line: a subject ends at a line break, and what follows would be read as a header.
    said = masked_in(" ".join(catalogue.text(message, **params).split()))
    office = catalogue.text(N_("Taicang Social Work Funds"))
    parts = [
        said,
        f"{settings.public_url}{link}",
        f"-- \n{office}",
        catalogue.text(
            N_("Nobody reads answers to this mail. To get no more of them: {address}"),
            address=f"{settings.public_url}{_OWN_PAGE}",
        ),
    ]
    if settings.demo:
        parts.append(catalogue.text(N_("Demonstration data")))
    return Letter(_shortened(said), "\n\n".join(parts) + "\n")


def _shortened(subject: str) -> str:
    if len(subject) <= _SUBJECT_LENGTH:
        return subject
    return subject[: _SUBJECT_LENGTH - 1] + "…"


async def queue(
    user_id: int, key: str, message: str, link: str, params: Mapping[str, object]
) -> None:
    """Queue a message as a mail, if the account has an address and wants mails."""
    reader = await db.row(
        "SELECT email, language FROM app_user "
        "WHERE id = $1 AND is_active AND wants_mail AND email <> ''",
        user_id,
    )
    if reader is None:
        return
    written = letter(reader["language"], message, link, params)
    await db.execute(
        """
        INSERT INTO mail (user_id, message_key, address, subject, body, state, queued_at,
                          next_try_at)
        VALUES ($1, $2, $3, $4, $5, 'WAITING', $6, $6)
        ON CONFLICT (user_id, message_key) DO NOTHING
        """,
        user_id,
        key,
        reader["email"],
        written.subject,
        written.body,
        calendar.now(),
    )
