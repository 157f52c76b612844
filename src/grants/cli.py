"""The command line of an installation: `grants --help` names its verbs."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Coroutine
from datetime import date
from pathlib import Path
from typing import Any

from grants import settings as configuration
from grants.settings import settings

_FUND_KINDS = ("GENERAL", "LOTTERY", "EARMARKED", "CHARITY")
_INSTRUMENTS = (
    "SERVICE_CONTRACT",
    "VENTURE",
    "POST_SUBSIDY",
    "PERSONAL_AWARD",
    "INCUBATION",
    "EVALUATION",
)
_DEPARTMENTS = ("CIVIL_AFFAIRS", "SOCIAL_WORK_DEPT", "TOWN")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="grants", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("serve", help="serve the pages")
    verbs.add_parser("jobs", help="run scheduled work")
    verbs.add_parser("migrate", help="bring the database up to date")
    verbs.add_parser("stop", help="stop the embedded database")
    _add_init(verbs.add_parser("init", help="first administrators and policies, once"))
    _add_ground(verbs.add_parser("add", help="a fund source or a programme"))
    demo = verbs.add_parser("demo", help="serve the demonstration year")
    demo.add_argument("--reset", action="store_true", help="start over")
    demo.add_argument("--load-only", action="store_true", help="load, but do not serve")
    importing = verbs.add_parser("import", help="take past or present awards in")
    importing.add_argument("what", choices=["awards"])
    importing.add_argument("file", type=Path)
    importing.add_argument("--programme", required=True, help="code of the programme")
    importing.add_argument("--fund", required=True, help="code of the fund source")
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


def _add_init(init: argparse.ArgumentParser) -> None:
    init.add_argument("--admin", required=True, metavar="NAME", help="who keeps the accounts")
    init.add_argument("--security", required=True, metavar="NAME", help="who grants the roles")
    init.add_argument("--payer-name", required=True, help="holder of the account paid from")
    init.add_argument("--payer-account", required=True, help="its number")
    init.add_argument("--payer-bank", required=True, help="name of its bank")
    init.add_argument("--payer-cnaps", required=True, help="the bank's routing number, 12 digits")
    init.add_argument(
        "--policies-from",
        type=date.fromisoformat,
        metavar="YYYY-MM-DD",
        help="first day of the first policies; the first of January unless given",
    )
    init.add_argument(
        "--budget-approved",
        type=int,
        metavar="YEAR",
        help="latest year whose budget the people's congress has approved",
    )


def _add_ground(adding: argparse.ArgumentParser) -> None:
    things = adding.add_subparsers(dest="thing", required=True)
    fund, programme = things.add_parser("fund"), things.add_parser("programme")
    for thing in (fund, programme):
        thing.add_argument("code", help="a short code, as NH")
        thing.add_argument("name", help="its name in Chinese")
        thing.add_argument("name_en", metavar="name-en", help="its name in English")
    fund.add_argument("--kind", required=True, choices=_FUND_KINDS)
    programme.add_argument("--instrument", required=True, choices=_INSTRUMENTS)
    programme.add_argument("--department", required=True, choices=_DEPARTMENTS)


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
        case "stop":
            _stop()
        case "init":
            sys.exit(asyncio.run(_with_database(_init(given))))
        case "add":
            sys.exit(asyncio.run(_with_database(_add(given))))
        case "demo":
            _demo(reset=given.reset, load_only=given.load_only)
        case "import":
            sys.exit(asyncio.run(_with_database(_import_awards(given))))
        case "verify":
            sys.exit(asyncio.run(_with_database(print_verdicts())))
        case "backup":
            sys.exit(_backup(given.folder))
        case "restore":
            sys.exit(asyncio.run(_restore(given.folder)))
        case "check":
            sys.exit(asyncio.run(_check(given.what)))


async def _with_database(work: Coroutine[Any, Any, int]) -> int:
    """Do `work` with the pool open; a refusal is told as a sentence and answers 1."""
    from grants.kernel.errors import Refusal
    from grants.platform import db
    from grants.platform.database import open_database
    from grants.platform.texts import translate

    await open_database(settings, size=4)
    try:
        return await work
    except Refusal as refusal:
        print(translate("en", refusal.message, **refusal.params), file=sys.stderr)
        return 1
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


def _stop() -> None:
    from grants.platform.embedded import stop_cluster

    if settings.database_url:
        raise SystemExit("GRANTS_DATABASE_URL names a database that is not ours to stop.")
    stop_cluster(settings.data_dir)


async def _init(given: argparse.Namespace) -> int:
    """Make the first administrators; their passwords are printed once and kept nowhere."""
    from grants.beginning import begin
    from grants.kernel import calendar
    from grants.payments.rules import PayerAccount

    today = calendar.today()
    payer = PayerAccount(
        name=given.payer_name,
        account=given.payer_account,
        bank_name=given.payer_bank,
        cnaps=given.payer_cnaps,
    )
    policies_from = given.policies_from or date(today.year, 1, 1)
    made = await begin(
        given.admin,
        given.security,
        payer,
        policies_from=policies_from,
        # Congresses of counties meet in January or February [K].
        budget_approved_for=given.budget_approved or today.year - (today.month < 3),
        today=today,
    )
    for account in made:
        print(f"{account.username}  {account.password}  {account.role}  {account.name}")
    print("Sign in now, change the passwords, and enrol the second factor.")
    return 0


async def _add(given: argparse.Namespace) -> int:
    from grants.beginning import FOUNDER
    from grants.budget.actions import add_fund_source, add_programme

    names = (given.code, given.name, given.name_en)
    if given.thing == "fund":
        await add_fund_source(FOUNDER, *names, given.kind)
    else:
        await add_programme(FOUNDER, *names, given.instrument, given.department)
    return 0


async def _import_awards(given: argparse.Namespace) -> int:
    from grants.imports.command import cli_import
    from grants.imports.report import ImportOptions

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
    from grants.invariants.verify import verify

    broken = 0
    for verdict in await verify():
        sign = "ok  " if not verdict.breaches else "FAIL"
        print(f"{sign} {verdict.name}: {verdict.sentence}")
        if verdict.breaches:
            broken += 1
            print(f"     {verdict.breaches} breaches: {', '.join(verdict.examples)}")
    print(f"{broken} invariants broken" if broken else "every invariant holds")
    return 1 if broken else 0


def _backup(folder: Path) -> int:
    from grants.backup import backup
    from grants.platform.database import connection_arguments

    try:
        files = backup(connection_arguments(settings), settings, folder)
    except (FileExistsError, FileNotFoundError) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{files} files in {folder}")
    return 0


async def _restore(folder: Path) -> int:
    from grants.backup import BackupDamaged, restore
    from grants.platform.database import connection_arguments, make_database

    await make_database(settings)
    try:
        files = restore(connection_arguments(settings), settings, folder)
    except BackupDamaged as problem:
        print(f"The backup is damaged, nothing was restored: {problem}", file=sys.stderr)
        return 1
    except FileExistsError as problem:
        print(problem, file=sys.stderr)
        return 1
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
