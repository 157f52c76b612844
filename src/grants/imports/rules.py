"""Judging an import line by line: accepted, warned, refused or unchanged, and why. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import partial
from typing import TypeVar

from grants.awards.rules import InstalmentPlan, SharePlan
from grants.awards.workflow import AwardState
from grants.imports.candidates import Candidate
from grants.imports.columns import field_title
from grants.imports.differences import Said, differences
from grants.imports.drafts import instalments_differ, instalments_of, shares_of
from grants.imports.ground import Ground
from grants.imports.payees import Numbers, Payee, PayeeBook
from grants.imports.values import (
    MAX_TEXT,
    amount_of,
    clean,
    day_of,
    id_number_of,
    state_of,
    text_of,
    uscc_of,
)
from grants.kernel.errors import N_, Refusal, RuleBroken
from grants.kernel.identifiers import is_resident_id, last_four
from grants.kernel.money import Fen

T = TypeVar("T")

#: How a file may name our currency; sheets name none.
YUAN = frozenset({"", "CNY", "RMB", "人民币"})


class Verdict(StrEnum):
    """What becomes of a line."""

    ACCEPTED = "accepted"
    WARNED = "warned"
    REFUSED = "refused"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class NewAward:
    """What an accepted line writes. A HISTORIC one has neither shares nor instalments."""

    external_id: str
    funder_id: str
    title: str
    purpose: str
    payee: Payee
    amount_fen: Fen
    state: AwardState
    decided_on: date | None
    starts_on: date | None
    ends_on: date | None
    minutes_no: str
    shares: Sequence[SharePlan]
    instalments: Sequence[InstalmentPlan]


@dataclass(frozen=True, slots=True)
class Judged:
    """A line with its verdict, every reason for it, and what it writes if it may."""

    line: int
    verdict: Verdict
    reasons: tuple[Refusal, ...]
    title: str
    payee_name: str
    payee_last4: str
    amount_fen: Fen | None
    award: NewAward | None


@dataclass
class _Findings:
    """The reasons found against one line, and those to note."""

    refusals: list[Refusal] = field(default_factory=list)
    warnings: list[Refusal] = field(default_factory=list)

    def refuse(self, refusal: Refusal | None) -> None:
        """Keep a reason, where there is one."""
        if refusal:
            self.refusals.append(refusal)

    def read(self, reader: Callable[[], T]) -> T | None:
        """What `reader` answers; where it refuses, the reason is kept and nothing answered."""
        try:
            return reader()
        except Refusal as refusal:
            self.refusals.append(refusal)
            return None


def judge(candidates: Sequence[Candidate], ground: Ground, payees: PayeeBook) -> Iterator[Judged]:
    """Judge every line in the order of the file."""
    seen: dict[tuple[str, str], int] = {}
    for candidate in candidates:
        yield _judged(candidate, ground, payees, seen)


def _judged(
    candidate: Candidate, ground: Ground, payees: PayeeBook, seen: dict[tuple[str, str], int]
) -> Judged:
    found = _Findings(list(candidate.faults))
    key = (clean(candidate.funder_id), clean(candidate.external_id))
    texts = {name: found.read(partial(text_of, candidate, name)) or "" for name in MAX_TEXT}
    amount_fen = found.read(partial(amount_of, candidate.amount))
    if key[1]:
        _note_repeat(key, candidate.line, seen, found)
    known = ground.imported.get(key)
    if not found.refusals and known is not None:
        said = _said(candidate, texts, amount_fen, payees, found)
        told = [*differences(said, known), *found.refusals]
        return _row(candidate, Verdict.UNCHANGED, told, texts, amount_fen, None)
    _judge_currency(candidate.currency, ground.assume_currency, found)
    award = _award(candidate, key, texts, amount_fen, ground, payees, found)
    verdict = Verdict.ACCEPTED
    if found.refusals:
        verdict = Verdict.REFUSED
    elif found.warnings:
        verdict = Verdict.WARNED
    reasons = (*found.refusals, *found.warnings)
    kept = award if verdict is not Verdict.REFUSED else None
    return _row(candidate, verdict, reasons, texts, amount_fen, kept)


def _row(
    candidate: Candidate,
    verdict: Verdict,
    reasons: Sequence[Refusal],
    texts: Mapping[str, str],
    amount_fen: Fen | None,
    award: NewAward | None,
) -> Judged:
    return Judged(
        line=candidate.line,
        verdict=verdict,
        reasons=tuple(reasons),
        title=texts["title"],
        payee_name=texts["payee_name"],
        payee_last4=last_four(candidate.id_number) if is_resident_id(candidate.id_number) else "",
        amount_fen=amount_fen,
        award=award,
    )


def _said(
    candidate: Candidate,
    texts: Mapping[str, str],
    amount_fen: Fen | None,
    payees: PayeeBook,
    found: _Findings,
) -> Said:
    """What a line says of an award that came in before."""
    days = _days(candidate, found)
    # Asked as a refused line would be: what is known already brings nobody along.
    payee = _payee(candidate, texts["payee_name"], payees, found, keep=False)
    found.warnings.clear()
    return Said(texts, amount_fen, days, payee)


def _days(candidate: Candidate, found: _Findings) -> dict[str, date | None]:
    return {
        name: found.read(partial(day_of, getattr(candidate, name), field_title(name)))
        for name in ("decided_on", "starts_on", "ends_on")
    }


def _note_repeat(
    key: tuple[str, str], line: int, seen: dict[tuple[str, str], int], found: _Findings
) -> None:
    """Refuse the second line with the number of a first one."""
    first = seen.setdefault(key, line)
    if first != line:
        found.refusals.append(
            RuleBroken(
                "import.repeated",
                N_("The number {number} stands in line {first} already."),
                number=key[1],
                first=first,
            )
        )


def _judge_currency(currency: str, assumed: str | None, found: _Findings) -> None:
    """Another currency than yuan is refused unless somebody said to take it as yuan."""
    code = clean(currency).upper()
    if code not in YUAN and assumed is None:
        found.refusals.append(
            RuleBroken(
                "import.currency",
                N_("The amount is in {currency}, not in yuan."),
                currency=code[:20],
            )
        )


def _award(
    candidate: Candidate,
    key: tuple[str, str],
    texts: Mapping[str, str],
    amount_fen: Fen | None,
    ground: Ground,
    payees: PayeeBook,
    found: _Findings,
) -> NewAward | None:
    days = _days(candidate, found)
    _judge_period(days["starts_on"], days["ends_on"], found)
    state = found.read(partial(state_of, candidate.state))
    shares: Sequence[SharePlan] = ()
    parts: Sequence[InstalmentPlan] = ()
    if state is AwardState.HISTORIC:
        _judge_past(candidate, days["decided_on"], ground.today, found)
    elif state is AwardState.DRAFT:
        parts = found.read(partial(instalments_of, candidate, ground)) or ()
        shares = shares_of(parts, ground)
        found.refuse(instalments_differ(parts, amount_fen))
    payee = _payee(candidate, texts["payee_name"], payees, found)
    if found.refusals or payee is None or amount_fen is None or state is None:
        return None
    return NewAward(
        external_id=key[1],
        funder_id=key[0],
        title=texts["title"],
        purpose=texts["purpose"],
        payee=payee,
        amount_fen=amount_fen,
        state=state,
        minutes_no=texts["minutes_no"],
        shares=shares,
        instalments=parts,
        **days,
    )


def _judge_period(starts_on: date | None, ends_on: date | None, found: _Findings) -> None:
    if starts_on and ends_on and ends_on < starts_on:
        found.refusals.append(
            RuleBroken(
                "import.ends_before_start",
                N_("The award ends on {end}, before it starts on {start}."),
                end=ends_on,
                start=starts_on,
            )
        )


def _judge_past(
    candidate: Candidate, decided_on: date | None, today: date, found: _Findings
) -> None:
    """A past award was decided on a known day that is over; it says nothing of lines."""
    if not candidate.decided_on.strip():
        found.refusals.append(
            RuleBroken("import.undecided", N_("A past award needs the day of decision."))
        )
    if decided_on and decided_on > today:
        found.refusals.append(
            RuleBroken(
                "import.decided_later",
                N_("A past award cannot have been decided on {day}, which is still to come."),
                day=decided_on,
            )
        )
    if candidate.line_codes.strip() or any(any(pair) for pair in candidate.instalments):
        found.warnings.append(
            RuleBroken(
                "import.past_moves_nothing",
                N_("Lines and instalments of a past award are not read: it moves no money."),
            )
        )


def _payee(
    candidate: Candidate, name: str, payees: PayeeBook, found: _Findings, *, keep: bool = True
) -> Payee | None:
    before = len(found.refusals)
    numbers = Numbers(
        uscc=found.read(partial(uscc_of, candidate.uscc)) or "",
        external_id=clean(candidate.payee_key),
        id_number=found.read(partial(id_number_of, candidate.id_number)) or "",
    )
    if not name or len(found.refusals) > before:
        return None
    keep = keep and not found.refusals
    answer = found.read(lambda: payees.find(name, numbers, keep=keep))
    if answer is None:
        return None
    payee, notes = answer
    found.warnings.extend(notes)
    return payee
