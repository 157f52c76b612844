"""The sender of mails; where no server is named they stay readable in the outbox."""

from __future__ import annotations

from grants.outbox.actions import send_waiting
from grants.platform.jobs import Job, by_minute
from grants.platform.smtp import server_of
from grants.settings import settings


async def send_mails() -> str:
    """Send what waits, if a server is named."""
    server = server_of(settings)
    if server is None:
        return "no mail server is named"
    sent, failed = await send_waiting(server)
    return f"{sent} mails sent, {failed} not"


JOBS = (Job("send mails", {"minute": "*"}, by_minute, send_mails),)
