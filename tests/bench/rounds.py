"""The order of measuring: prepare, then rounds in which every measure has its turn."""

from __future__ import annotations

import asyncio
import os
import platform
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from grants.kernel.identity import Role
from tests.bench import forms, opening, pages, reviews
from tests.bench.application import BARE, Server, served
from tests.bench.approvals import BY_HTTP, BY_PGBENCH, Approvals
from tests.bench.ground import LARGE, SMALL, Ground, lay
from tests.bench.imports import import_and_copy
from tests.bench.load import Client
from tests.bench.measured import Line, Series, table
from tests.bench.opening import AGENCIES, Opening
from tests.bench.reviews import MEMBERS, RANKED, SHEETS, Review
from tests.imports.rehearsal import rehearsal_file

ROUNDS = 5
_STARTS = 3


class Measures(defaultdict[str, Series]):
    """Series by name; the unit is said with the first figure."""

    def note(self, name: str, figure: float, unit: str) -> None:
        """One more figure."""
        if name not in self:
            self[name] = Series(unit)
        self[name].add(figure)


def measure(root: Path) -> int:
    """Measure everything and print the table; 1 when an aim is not reached."""
    began = time.monotonic()
    seen = Measures()
    cutting = forms.cut_fonts()
    print("Laying 101,000 payments …", flush=True)
    ground = asyncio.run(lay(root))
    if cutting is not None:
        cutting.wait()
    review = asyncio.run(reviews.lay(ground))
    opened = asyncio.run(opening.lay(ground))
    approvals = Approvals(ground)
    html = asyncio.run(_prepare(ground, approvals, root, seen))
    cookies = ground.cookies(ground.world[Role.FIN_OFFICER])
    for _ in range(_STARTS):
        with served("large", cookies, command=("grants.cli", "serve")) as server:
            seen.note("start", server.first_page_seconds, "s")
    with ExitStack() as stack:
        client = stack.enter_context(Client())
        bare_forms = forms.Bare(html, root / "form.html")
        stack.callback(bare_forms.close)
        large = stack.enter_context(served("large", cookies))
        small = stack.enter_context(served("small", cookies))
        content = rehearsal_file()
        seen.note("size", pages.size_kb(client, large.port, pages.WORKLIST, cookies), "KB")
        for round_ in range(-1, ROUNDS):
            # The round before the first warms up and is not noted.
            note = seen.note if round_ >= 0 else Measures().note
            print(
                f"Round {round_ + 1} of {ROUNDS} …" if round_ >= 0 else "Warming up …", flush=True
            )
            note("bare", pages.rate(client, large.port, BARE), "/s")
            note("worklist", pages.rate(client, large.port, pages.WORKLIST, cookies), "/s")
            anew = pages.rate_made_anew(client, large.port, pages.WORKLIST, cookies, round_)
            note("anew", anew, "/s")
            for path in (pages.WORKLIST, pages.PAYMENTS):
                ports = (small.port, large.port)
                took = pages.page_ms(client, ports, path, cookies, round_)
                for name, milliseconds in zip(("small", "large"), took, strict=True):
                    note(f"{path} {name}", milliseconds, "ms")
            note("approvals", approvals.by_http(client, large).rate, "/s")
            note("pgbench", approvals.by_pgbench(root / "approval.sql"), "/s")
            note("forms", forms.by_http(client, large, ground, round_ + 1), "/min")
            note("bare forms", bare_forms.a_minute() * (os.cpu_count() or 1), "/min")
            imported, copied = asyncio.run(import_and_copy(ground, content))
            note("import", imported, "rows/s")
            note("copy", copied, "rows/s")
        seen.note("memory", large.resident_mb(), "MB")
        _measure_review(ground, review, client, seen)
    with Client() as client, served(opening.DATABASE, opened.cookies) as server:
        _measure_opening(ground, opened, client, server, seen)
    _check(asyncio.run(approvals.approved()))
    lines = _lines(seen)
    print(f"\n{table(lines)}\n\n{_told(ground, time.monotonic() - began)}")
    return 0 if all(line.reached for line in lines) else 1


async def _prepare(ground: Ground, approvals: Approvals, root: Path, seen: Measures) -> str:
    """Count queries, write the script of an approval, and answer the HTML of one form."""
    for rows in (10, 50):
        seen.note(f"queries {rows}", await pages.queries(ground, rows), "")
    approvals.script(await approvals.probe(), root / "approval.sql")
    return await forms.page(ground)


def _measure_review(ground: Ground, review: Review, client: Client, seen: Measures) -> None:
    """The scoring page beside the bare route, and the ranking in this process."""
    with served(reviews.DATABASE, review.cookies) as server:
        for round_ in range(-1, ROUNDS):
            note = seen.note if round_ >= 0 else Measures().note
            note("sheet bare", pages.rate(client, server.port, BARE), "/s")
            note("sheet", pages.rate(client, server.port, review.page, review.cookies), "/s")
            note("sheet anew", review.anew(client, server, round_), "/s")
            with_reading, pure = asyncio.run(reviews.ranking_ms(ground, review))
            note("ranking", with_reading, "ms")
            note("ranking pure", pure, "ms")


def _measure_opening(
    ground: Ground, opened: Opening, client: Client, server: Server, seen: Measures
) -> None:
    """Saves one after the other, then all in one moment; afterwards none may be missing."""
    for round_ in range(-1, ROUNDS):
        note = seen.note if round_ >= 0 else Measures().note
        paced = opened.save(client, server, 2 * round_ + 2, pause=opening.PAUSE_SECONDS)
        note("saves", paced.slowest_ms, "ms")
        burst = opened.save(client, server, 2 * round_ + 3, pause=0)
        note("saves at once", burst.slowest_ms, "ms")
        note("saves a second", burst.rate, "/s")
    missing = asyncio.run(opening.lost(ground, opened, 2 * ROUNDS + 1))
    if missing:
        raise RuntimeError(f"{len(missing)} sections are not as they were saved: {missing[:5]}")


def _check(approved: int) -> None:
    """Both sides really approved: pgbench would not notice if nothing was written."""
    wanted = 2 + (ROUNDS + 1) * (BY_HTTP + BY_PGBENCH)
    if approved != wanted:
        raise RuntimeError(f"{approved} payments are approved, not {wanted}")


def _lines(seen: Measures) -> Sequence[Line]:
    return (
        Line("Worklist, 50 of 100,000 / bare route", seen["worklist"], 0.30, seen["bare"]),
        Line("The same, made anew / bare route", seen["anew"], None, seen["bare"]),
        Line("Its HTML, compressed", seen["size"], 14, at_least=False),
        Line("Approvals by HTTP / by pgbench", seen["approvals"], 0.5, seen["pgbench"]),
        Line(
            "Worklist of 100,000 / of 1,000", seen["/ large"], 1.3, seen["/ small"], at_least=False
        ),
        Line(
            "Payments, of 100,000 / of 1,000",
            seen["/payments large"],
            1.3,
            seen["/payments small"],
            at_least=False,
        ),
        Line(
            "Queries for 50 rows / for 10",
            seen["queries 50"],
            1,
            seen["queries 10"],
            at_least=False,
        ),
        Line("Import of 4,116 awards / COPY", seen["import"], 0.1, seen["copy"]),
        Line(f"Score sheet, 1 of {SHEETS} / bare route", seen["sheet"], 0.30, seen["sheet bare"]),
        Line("The same, made anew / bare route", seen["sheet anew"], None, seen["sheet bare"]),
        Line(f"Ranking of {RANKED} × {MEMBERS}", seen["ranking pure"], 50, at_least=False),
        Line("The same, with its reading", seen["ranking"], None),
        Line(
            f"Slowest of 100 saves, {AGENCIES} agencies write", seen["saves"], 250, at_least=False
        ),
        Line("The same, all in one moment", seen["saves at once"], None),
        Line("Saves in that moment", seen["saves a second"], None),
        Line("Forms as PDF / WeasyPrint × cores", seen["forms"], 0.9, seen["bare forms"]),
        Line("Memory of a worker", seen["memory"], 150, at_least=False),
        Line("Start to first worklist", seen["start"], 2, at_least=False),
    )


def _told(ground: Ground, seconds: float) -> str:
    from grants.kernel import calendar

    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{calendar.today()}: {os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.platform()}, "
        f"Python {platform.python_version()}, PostgreSQL 18 embedded. Middle of {ROUNDS} rounds; "
        f"{LARGE.payments:,} and {SMALL.payments:,} payments laid in {ground.laid_seconds:.0f} s, "
        f"all in {seconds:.0f} s; load {os.getloadavg()[0]:.1f}."
    )
