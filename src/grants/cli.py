"""The command line: serve | jobs | migrate | demo | import | verify | backup | restore | check."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from grants import settings as configuration
from grants.settings import settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="grants", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("serve", help="serve the pages")
    verbs.add_parser("jobs", help="run scheduled work")
    verbs.add_parser("migrate", help="bring the database up to date")
    demo = verbs.add_parser("demo", help="serve the demonstration year")
    demo.add_argument("--reset", action="store_true", help="start over")
    demo.add_argument("--load-only", action="store_true", help="load, but do not serve")
    importing = verbs.add_parser("import", help="take past or present awards in")
    importing.add_argument("what", choices=["awards"])
    importing.add_argument("file", type=Path)
    importing.add_argument("--fund", required=True, help="code of the fund source")
    importing.add_argument("--programme", help="code of the programme")
    importing.add_argument("--assume-currency", metavar="CNY")
    importing.add_argument("--dry-run", action="store_true")
    importing.add_argument("--skip-refused", action="store_true")
    importing.add_argument("--create-payees", action="store_true")
    verbs.add_parser("verify", help="check every invariant; exits 1 on a breach")
    backing = verbs.add_parser("backup", help="write a backup into an empty folder")
    backing.add_argument("folder", type=Path)
    restoring = verbs.add_parser("restore", help="restore a backup into an empty database")
    restoring.add_argument("folder", type=Path)
    checking = verbs.add_parser("check", help="check the project itself")
    checking.add_argument("what", choices=["migrations", "catalogues"])
    return parser


def main() -> None:
    """Run one verb."""
    given = _parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    match given.verb:
        case "serve":
            serve()
        case "jobs":
            from grants.schedule import run_jobs

            asyncio.run(run_jobs(settings))
        case "migrate":
            asyncio.run(_migrate())
        case "demo":
            _demo(reset=given.reset, load_only=given.load_only)
        case "import":
            sys.exit(asyncio.run(_with_database(_import_awards(given))))
        case "verify":
            sys.exit(asyncio.run(_with_database(print_verdicts())))
        case "backup":
            asyncio.run(_backup(given.folder))
        case "restore":
            sys.exit(asyncio.run(_restore(given.folder)))
        case "check":
            sys.exit(asyncio.run(_check(given.what)))


async def _with_database(work: Coroutine[Any, Any, int]) -> int:
    from grants.platform import db
    from grants.platform.database import open_database

    await open_database(settings, size=4)
    try:
        return await work
    finally:
        await db.close_pool()


async def _migrate() -> None:
    from grants.platform import db, schema
    from grants.platform.database import make_database, open_database

    await make_database(settings)
    await open_database(settings, size=2)
    try:
        await schema.migrate()
    finally:
        await db.close_pool()


def serve() -> None:
    """Serve the pages with granian; `GRANTS_WORKERS` processes."""
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        "grants.app:create_app",
        factory=True,
        interface=Interfaces.ASGI,
        address=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_access=False,
    ).serve()


def _demo(*, reset: bool, load_only: bool) -> None:
    """Load the demonstration year where there is none, say how to sign in, and serve."""
    os.environ.setdefault("GRANTS_DEMO", "1")
    os.environ.setdefault("GRANTS_SECOND_FACTOR", "0")
    if not settings.demo:
        # Settings are frozen when they are read; start again with the demonstration's.
        os.execv(sys.executable, [sys.executable, "-m", "grants.cli", *sys.argv[1:]])
    from grants.demo.loading import load_demo

    asyncio.run(load_demo(settings, reset=reset))
    if not load_only:
        serve()


async def _import_awards(given: argparse.Namespace) -> int:
    from grants.awards.importing import ImportOptions, cli_import

    return await cli_import(
        given.file,
        ImportOptions(
            fund=given.fund,
            programme=given.programme,
            assume_currency=given.assume_currency,
            dry_run=given.dry_run,
            skip_refused=given.skip_refused,
            create_payees=given.create_payees,
        ),
    )


async def print_verdicts() -> int:
    """Print a line for each invariant; answers 1 when one is broken."""
    from grants.invariants import verify

    broken = 0
    for verdict in await verify():
        sign = "ok  " if not verdict.breaches else "FAIL"
        print(f"{sign} {verdict.name}: {verdict.sentence}")
        if verdict.breaches:
            broken += 1
            print(f"     {verdict.breaches} breaches: {', '.join(verdict.examples)}")
    print(f"{broken} invariants broken" if broken else "every invariant holds")
    return 1 if broken else 0


async def _backup(folder: Path) -> None:
    from grants.backup import backup
    from grants.platform.database import connection_arguments

    files = backup(connection_arguments(settings), settings, folder)
    print(f"{files} files in {folder}")


async def _restore(folder: Path) -> int:
    from grants.backup import restore
    from grants.platform.database import connection_arguments, make_database

    await make_database(settings)
    files = restore(connection_arguments(settings), settings, folder)
    print(f"{files} files restored; checking every invariant")
    return await _with_database(print_verdicts())


async def _check(what: str) -> int:
    if what == "migrations":
        from grants.platform.schema import drift

        found = await drift()
        answer = "tables and migrations agree"
    else:
        from grants.platform.texts import missing_messages

        found = missing_messages(configuration.TOP)
        answer = "every message has its Chinese"
    print("\n".join(found) if found else answer)
    return 1 if found else 0


if __name__ == "__main__":
    main()
