"""`grants import awards`: an import from the command line, told line by line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from grants.imports.actions import run_import
from grants.imports.report import ImportOptions, ImportReport
from grants.imports.rules import Verdict
from grants.kernel import calendar
from grants.kernel.errors import Refusal
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.kernel.money import yuan_text
from grants.platform.texts import translate

#: Whoever may start the command keeps the machine; the record says that the system did it.
OPERATOR = replace(SYSTEM, roles=frozenset({Role.OFFICER}))


async def cli_import(
    path: Path, options: ImportOptions, *, actor: Actor = OPERATOR, lang: str = "en"
) -> int:
    """Import the file at `path` and print what became of it; answers the exit code.

    0: written, unchanged, or a dry run without a refused line. 1: nothing was written.
    Example: `line 1607 refused: The amount is 0.00; an award is more than zero.`
    """
    try:
        content = path.read_bytes()
    except OSError as problem:
        print(f"{path}: {problem.strerror}")
        return 1
    try:
        report = await run_import(actor, path.name, content, options, _tell, today=calendar.today())
    except Refusal as refusal:
        print(f"{path.name} refused: {translate(lang, refusal.message, **refusal.params)}")
        return 1
    _print_report(path.name, report, lang)
    stopped = report.state == "REFUSED" or (
        report.state == "PREVIEW" and report.refused and not options.skip_refused
    )
    return 1 if stopped else 0


def _tell(step: str, done: int, count: int) -> None:
    print(f"{step} {done} of {count}" if count > 1 else step, flush=True)


_ENDS = {
    "DONE": "written",
    "PREVIEW": "dry run, nothing written",
    "REFUSED": "nothing written: correct the refused lines or use --skip-refused",
    "UNCHANGED": "unchanged, nothing written",
}


def _print_report(name: str, report: ImportReport, lang: str) -> None:
    for note in report.notes:
        print(f"note: {translate(lang, note.message, **note.params)}")
    for row in report.rows:
        if row.verdict is not Verdict.ACCEPTED and row.reasons:
            said = "; ".join(translate(lang, r.message, **r.params) for r in row.reasons)
            print(f"line {row.line} {row.verdict}: {said}")
    for year, total_fen in report.totals_by_year.items():
        print(f"{year}: {yuan_text(total_fen)}")
    print(f"total: {yuan_text(report.total_fen)}")
    print(
        f"{report.accepted} accepted, {report.warned} warned, {report.refused} refused, "
        f"{report.unchanged} unchanged, {report.new_payees} new payees"
    )
    print(f"{name}: {_ENDS[report.state]}")
