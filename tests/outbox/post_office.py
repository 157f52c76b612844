"""A mail server of forty lines: it keeps what it is sent, or refuses what it is told to refuse."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast


@dataclass
class PostOffice:
    """What came in, and what is refused: everybody's login, or one address."""

    port: int = 0
    refuses_login: bool = False
    refuses: str = ""
    letters: list[EmailMessage] = field(default_factory=list)
    logins: int = 0


class _Counter(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        office: PostOffice = self.server.office  # type: ignore[attr-defined]
        self._say("220 ready")
        for line in iter(self.rfile.readline, b""):
            verb = line.strip().upper()
            if verb.startswith(b"EHLO"):
                self._say("250-here", "250 AUTH PLAIN")
            elif verb.startswith(b"AUTH"):
                office.logins += 1
                self._say("535 5.7.8 wrong password" if office.refuses_login else "235 welcome")
            elif verb.startswith(b"RCPT") and office.refuses and office.refuses.encode() in line:
                self._say("550 5.1.1 no such mailbox")
            elif verb == b"DATA":
                self._say("354 go on")
                lines = list(iter(self.rfile.readline, b".\r\n"))
                made = message_from_bytes(b"".join(lines), policy=policy.default)
                office.letters.append(cast(EmailMessage, made))
                self._say("250 kept")
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


@contextmanager
def post_office() -> Iterator[PostOffice]:
    """A server on a port of its own, in a thread, closed at the end."""
    office = PostOffice()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Counter) as server:
        server.office = office  # type: ignore[attr-defined]
        office.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield office
        finally:
            server.shutdown()
            thread.join()
