"""What an import is asked to do, and what it reports line by line."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from grants.awards.workflow import AwardState
from grants.imports.candidates import Reading
from grants.imports.rules import YUAN, Judged, NewAward, Verdict
from grants.imports.values import clean
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.money import Fen


class RunState(StrEnum):
    """What became of a run."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    REFUSED = "REFUSED"
    UNCHANGED = "UNCHANGED"
    FAILED = "FAILED"
    BROKEN_OFF = "BROKEN_OFF"


_KEPT_ROWS = 1_000
"""How many lines with reasons a run keeps for its page; the counts are always whole."""


Progress = Callable[[str, int, int], None]
"""Told what is done now, how many lines are done, and of how many."""


@dataclass(frozen=True)
class ImportOptions:
    """How a file is to be taken.

    `programme` and `fund` are codes; `fund` is the source that past awards were paid from.
    `assume_currency` takes amounts in another currency as so many yuan; only CNY is known.
    `skip_refused` writes the good lines of a file with refused ones. `create_payees` adds
    payees of which only the name is known. `mapping` (field to header) replaces the automatic
    one of a sheet.
    """

    programme: str
    fund: str
    assume_currency: str | None = None
    dry_run: bool = False
    skip_refused: bool = False
    create_payees: bool = False
    mapping: Mapping[str, str] | None = None

    @property
    def kept(self) -> dict[str, object]:
        """What a run keeps of them."""
        return {
            "programme": self.programme,
            "fund": self.fund,
            "assume_currency": self.assume_currency,
            "skip_refused": self.skip_refused,
            "create_payees": self.create_payees,
            "mapping": dict(self.mapping) if self.mapping else None,
        }


@dataclass(frozen=True)
class Reason:
    """Why: a message id with its parameters, translated where it is shown."""

    code: str
    message: str
    params: Mapping[str, object]

    @classmethod
    def of(cls, refusal: Refusal) -> Reason:
        """The reason that a refusal carries."""
        return cls(refusal.code, refusal.message, refusal.params)


@dataclass(frozen=True)
class RowVerdict:
    """What became of one line of the file."""

    line: int
    verdict: Verdict
    reasons: tuple[Reason, ...]
    title: str
    payee: str
    payee_last4: str
    amount_fen: Fen | None


@dataclass(frozen=True)
class ImportReport:
    """What an import does or did. Totals are of accepted and warned lines, in fen.

    A past award counts in the year of its decision, an active one in the years of its shares.
    `state` is PREVIEW or that of the run: DONE, REFUSED (a line was refused, nothing was
    written) or UNCHANGED.
    """

    state: str
    accepted: int
    warned: int
    refused: int
    unchanged: int
    totals_by_year: Mapping[int, Fen]
    rows: Sequence[RowVerdict]
    notes: Sequence[Reason] = ()
    new_payees: int = 0
    headers: Sequence[str] = ()
    mapping: Mapping[str, str] | None = None
    run_id: int | None = None

    @property
    def total_fen(self) -> Fen:
        """All years together."""
        return Fen(sum(self.totals_by_year.values()))


def outcome(judged: Sequence[Judged], options: ImportOptions) -> RunState:
    """The state a run ends in; one refused line refuses all unless told otherwise."""
    if not options.skip_refused and any(row.verdict is Verdict.REFUSED for row in judged):
        return RunState.REFUSED
    return RunState.DONE if any(row.award for row in judged) else RunState.UNCHANGED


def report_of(
    state: str,
    reading: Reading,
    judged: Sequence[Judged],
    options: ImportOptions,
    notes: Sequence[Refusal] = (),
) -> ImportReport:
    """Counts, totals by year and the verdict of every line."""
    counts = Counter(row.verdict for row in judged)
    awards = [row.award for row in judged if row.award is not None]
    totals: defaultdict[int, int] = defaultdict(int)
    for award in awards:
        for year, amount_fen in _years(award):
            totals[year] += amount_fen
    return ImportReport(
        state=state,
        accepted=counts[Verdict.ACCEPTED],
        warned=counts[Verdict.WARNED],
        refused=counts[Verdict.REFUSED],
        unchanged=counts[Verdict.UNCHANGED],
        totals_by_year={year: Fen(totals[year]) for year in sorted(totals)},
        rows=[
            RowVerdict(
                row.line,
                row.verdict,
                tuple(map(Reason.of, row.reasons)),
                row.title,
                row.payee_name,
                row.payee_last4,
                row.amount_fen,
            )
            for row in judged
        ],
        notes=[Reason.of(note) for note in (*notes, *_notes(reading, options))],
        new_payees=len({id(a.payee) for a in awards if a.payee.is_new}),
        headers=reading.headers,
        mapping=reading.mapping,
    )


def _years(award: NewAward) -> Iterator[tuple[int, int]]:
    if award.state is AwardState.HISTORIC and award.decided_on:
        yield calendar.fiscal_year(award.decided_on), award.amount_fen
    for share in award.shares:
        yield share.fiscal_year, share.amount_fen


def _notes(reading: Reading, options: ImportOptions) -> Iterator[Refusal]:
    yield from reading.notes
    foreign = {clean(c.currency).upper() for c in reading.candidates} - YUAN
    if foreign and options.assume_currency:
        yield RuleBroken(
            "import.currency_assumed",
            N_("Amounts in {currencies} are taken as so many yuan, as you asked."),
            currencies=", ".join(sorted(foreign)),
        )


def summary(report: ImportReport) -> dict[str, object]:
    """What a run keeps of its report: counts, totals, notes, and lines with reasons."""
    told = [row for row in report.rows if row.reasons][:_KEPT_ROWS]
    return {
        "accepted": report.accepted,
        "warned": report.warned,
        "refused": report.refused,
        "unchanged": report.unchanged,
        "new_payees": report.new_payees,
        "totals_by_year": {str(y): fen for y, fen in report.totals_by_year.items()},
        "notes": [vars(note) for note in report.notes],
        "rows": [{**vars(row), "reasons": [vars(r) for r in row.reasons]} for row in told],
    }
