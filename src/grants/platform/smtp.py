"""The mail server: where it is, and one connection that carries many mails. Blocks its thread."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from types import TracebackType
from urllib.parse import unquote, urlsplit

from grants.kernel import calendar
from grants.platform.mail import Letter
from grants.settings import Settings

_TIMEOUT_SECONDS = 30
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ERROR_LENGTH = 300

#: What a server or the way to it may raise.
TROUBLE = (OSError, smtplib.SMTPException)
#: Trouble with one mail alone: the same connection carries the next.
TROUBLE_WITH_ONE = (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)


@dataclass(frozen=True)
class Server:
    """A server, how to sign in to it, and in whose name mails are sent."""

    host: str
    port: int
    encrypted: bool
    user: str
    password: str
    sender: Address

    @property
    def is_here(self) -> bool:
        """Whether the server runs on this machine, so that no wire lies between."""
        return self.host in _LOOPBACK


def server_of(settings: Settings) -> Server | None:
    """The server that the settings name; None where they name none."""
    if not settings.smtp_url:
        return None
    parts = urlsplit(settings.smtp_url)
    encrypted = parts.scheme == "smtps"
    name, address = parseaddr(settings.mail_from)
    return Server(
        host=parts.hostname or "",
        port=parts.port or (465 if encrypted else 25),
        encrypted=encrypted,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        sender=Address(name, addr_spec=address),
    )


def _connect(server: Server) -> smtplib.SMTP:
    """A connection, encrypted from the first byte where the address says so."""
    # Named, because smtplib would ask the name service who we are.
    ours = server.sender.domain
    if not server.encrypted:
        return smtplib.SMTP(server.host, server.port, local_hostname=ours, timeout=_TIMEOUT_SECONDS)
    context = ssl.create_default_context()
    return smtplib.SMTP_SSL(
        server.host, server.port, local_hostname=ours, timeout=_TIMEOUT_SECONDS, context=context
    )


class Connection:
    """A signed-in connection, closed at the end of its `with`; raises `TROUBLE`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._smtp = _connect(server)
        try:
            self._sign_in()
        except BaseException:
            self._smtp.close()
            raise

    def _sign_in(self) -> None:
        """Encrypt where the server can; a password crosses no wire in the clear."""
        server = self._server
        self._smtp.ehlo()
        if not server.encrypted and not server.is_here:
            if self._smtp.has_extn("starttls"):
                self._smtp.starttls(context=ssl.create_default_context())
                self._smtp.ehlo()
            elif server.user:
                raise smtplib.SMTPNotSupportedError(
                    "the server offers no STARTTLS; no password is sent to it"
                )
        if server.user:
            self._smtp.login(server.user, server.password)

    def send(self, mail_id: int, queued_at: datetime, address: str, letter: Letter) -> None:
        """Send one mail; raises ValueError for an address that is none."""
        self._smtp.send_message(message_of(self._server, mail_id, queued_at, address, letter))

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take leave of the server; one that is gone already is no trouble."""
        with contextlib.suppress(*TROUBLE):
            self._smtp.quit()
        self._smtp.close()


def message_of(
    server: Server, mail_id: int, queued_at: datetime, address: str, letter: Letter
) -> EmailMessage:
    """The mail as it is sent.

    `EmailMessage` refuses a line break in a header. The message id is the same at every try, so
    that a mail sent twice after a cut connection can be seen to be one.
    """
    message = EmailMessage()
    message["From"] = server.sender
    message["To"] = Address(addr_spec=address)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(queued_at.astimezone(calendar.ZONE))
    message["Message-ID"] = f"<{mail_id}.{int(queued_at.timestamp())}@{server.sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.body, cte="base64")
    return message


def reason_of(error: Exception) -> str:
    """What a server or the way to it said, short, without the mail or a password."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()), (0, b""))
        return _cut(f"{code} {_text(said)}")
    if isinstance(error, smtplib.SMTPResponseException):
        return _cut(f"{error.smtp_code} {_text(error.smtp_error)}")
    return _cut(f"{type(error).__name__}: {error}")


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def _cut(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:_ERROR_LENGTH]
