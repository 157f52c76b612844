"""Approval forms as PDF from the server, and bare WeasyPrint in one process."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from grants.kernel import calendar
from grants.kernel.identity import Role
from grants.payments import documents
from grants.platform import press
from grants.platform.pages import render
from grants.settings import TOP
from tests.bench.application import Server
from tests.bench.ground import LARGE, Ground
from tests.bench.load import Client, get

FORMS, BARE_FORMS = 24, 8


def by_http(client: Client, server: Server, ground: Ground, round_: int) -> float:
    """Forms in a minute, asked for by four people at once, each form another one."""
    cookies = ground.cookies(ground.world[Role.FIN_OFFICER])
    first = LARGE.paid - (round_ + 1) * FORMS
    asked = [get(f"/payments/{first + n}/form.pdf", cookies) for n in range(FORMS)]
    return client.each(server.port, asked, lines=4).all_were(200).rate * 60


async def page(ground: Ground) -> str:
    """The HTML of one form."""
    async with ground.opened("large", size=2):
        reader = ground.world[Role.FIN_OFFICER]
        form = await documents._form(reader, LARGE.paid, lang="zh", today=calendar.today())
    return render("pdf/approval.html", "zh", form=form)


class Bare:
    """WeasyPrint as its manual shows it: HTML and a stylesheet, with the machine's own fonts."""

    def __init__(self, html: str, path: Path) -> None:
        path.write_text(html)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.forms", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.a_minute()

    def a_minute(self) -> float:
        """Forms in a minute."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return BARE_FORMS * 60 / float(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def cut_fonts() -> subprocess.Popen[bytes] | None:
    """Begin to cut the typefaces of this run's data folder, as a server does once."""
    return press._house_fonts().start_cutting()


def _print_when_asked(html: str) -> None:
    from weasyprint import CSS, HTML  # type: ignore[import-untyped]

    style = TOP / "templates" / "pdf" / "form.css"
    for _ in sys.stdin:
        began = time.perf_counter()
        for _ in range(BARE_FORMS):
            HTML(string=html).write_pdf(stylesheets=[CSS(style)], pdf_variant="pdf/ua-1")
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    _print_when_asked(Path(sys.argv[1]).read_text())
