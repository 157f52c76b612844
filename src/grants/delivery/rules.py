"""Rules of running projects: which receipts count, which changes need a decision. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from grants.delivery.terms import DeliveryRules, ProjectPlan
from grants.kernel.calendar import DayTable, add_workdays
from grants.kernel.errors import N_, Conflict, NotAllowed, Refusal, RuleBroken
from grants.kernel.money import Fen, yuan_text

# Spending


@dataclass(frozen=True)
class SpendingCase:
    """What a step on a receipt looks at. `starts_on` and `ends_on` are the project's days."""

    entered_by_person: int
    actor_person: int
    of_own_organisation: bool
    seen_version: int
    version: int
    amount_fen: Fen
    admitted_fen: int = 0
    reason: str = ""
    has_receipt: bool = True


def spending_is_fresh(case: SpendingCase) -> Refusal | None:
    """Nobody judges a receipt that was changed since."""
    if case.seen_version != case.version:
        return Conflict(
            "spending.stale", N_("Somebody changed this receipt since you opened it. Look again.")
        )
    return None


def receipt_is_there(case: SpendingCase) -> Refusal | None:
    """What counts is shown by its receipt."""
    if not case.has_receipt:
        return RuleBroken("spending.no_receipt", N_("Attach the receipt first."))
    return None


def judged_by_another(case: SpendingCase) -> Refusal | None:
    """Nobody judges a receipt that they entered themselves."""
    if case.actor_person == case.entered_by_person:
        return NotAllowed("spending.own", N_("You entered this receipt; another person judges it."))
    return None


def part_is_a_part(case: SpendingCase) -> Refusal | None:
    """Admitted in part is more than nothing and less than all, with the reason."""
    if not 0 < case.admitted_fen < case.amount_fen:
        return RuleBroken(
            "spending.part",
            N_("A part is more than nothing and less than {amount} yuan."),
            amount=yuan_text(case.amount_fen),
        )
    return reason_is_given(case)


def reason_is_given(case: SpendingCase) -> Refusal | None:
    """The agency reads why a receipt does not count, or not in full."""
    if len(case.reason.strip()) < 2:
        return RuleBroken("spending.reason", N_("Say why; the agency reads it."))
    return None


def spent_within_project(
    spent_on: date, starts_on: date, ends_on: date, days_after: int
) -> Refusal | None:
    """A receipt of the grant is dated within the project, or some days after its end at most."""
    if not starts_on <= spent_on <= ends_on + timedelta(days=days_after):
        return RuleBroken(
            "spending.outside",
            N_("The project runs from {first} to {last}; this day lies outside."),
            first=starts_on.isoformat(),
            last=ends_on.isoformat(),
        )
    return None


@dataclass(frozen=True)
class CostLineUse:
    """One cost line of a project: agreed, claimed with receipts, admitted."""

    code: str
    name: str
    agreed_fen: Fen
    claimed_fen: Fen
    admitted_fen: Fen

    @property
    def counts_fen(self) -> Fen:
        """What of it is eligible: admitted, and no more than agreed."""
        return Fen(min(self.admitted_fen, self.agreed_fen))

    @property
    def over_fen(self) -> Fen:
        """Admitted above what was agreed for the line; it does not count."""
        return Fen(max(self.admitted_fen - self.agreed_fen, 0))


def eligible_fen(lines: Sequence[CostLineUse]) -> Fen:
    """The eligible cost of a project: line by line what counts (domain §3.7).

    Example: agreed 100 and 50, admitted 120 and 30: 100 + 30 = 130.
    """
    return Fen(sum(one.counts_fen for one in lines))


# Changes


class ChangeKind(StrEnum):
    """What a change touches (domain §3.7)."""

    LEADER = "LEADER"
    STAFF = "STAFF"
    COMMUNITY = "COMMUNITY"
    PERIOD = "PERIOD"
    BUDGET = "BUDGET"


def kinds_changed(before: ProjectPlan, after: ProjectPlan) -> list[ChangeKind]:
    """What differs between two plans, in a fixed order."""
    differs = {
        ChangeKind.LEADER: before.leader != after.leader,
        ChangeKind.STAFF: set(before.staff) != set(after.staff),
        ChangeKind.COMMUNITY: before.community != after.community,
        ChangeKind.PERIOD: (before.starts_on, before.ends_on) != (after.starts_on, after.ends_on),
        ChangeKind.BUDGET: dict(before.budget) != dict(after.budget),
    }
    return [kind for kind, changed in differs.items() if changed]


def needs_decision(before: ProjectPlan, after: ProjectPlan, rules: DeliveryRules) -> bool:
    """Whether a change has to be decided on, or is only recorded (domain §3.4, §3.7 [D]).

    Leader, community and period always; staff when more than the rules' share leaves; the budget
    when a line moves by more than the rules' share of it or their amount.
    Example: at 100 permille and 5,000.00 a line of 20,000.00 may move by 2,000.00 unasked.
    """
    kinds = set(kinds_changed(before, after))
    if kinds & {ChangeKind.LEADER, ChangeKind.COMMUNITY, ChangeKind.PERIOD}:
        return True
    gone = len(set(before.staff) - set(after.staff))
    if gone * 1000 > rules.staff_permille * max(len(set(before.staff)), 1):
        return True
    for code in before.budget.keys() | after.budget.keys():
        was, becomes = before.budget.get(code, 0), after.budget.get(code, 0)
        moved = abs(becomes - was)
        if moved > rules.moved_fen or moved * 1000 > rules.moved_permille * was:
            return True
    return False


@dataclass(frozen=True)
class ChangeCase:
    """What a proposed change is judged by. `raised` are lines that may not rise and do."""

    before: ProjectPlan
    after: ProjectPlan
    rules: DeliveryRules
    today: date
    effective_on: date
    decided_before: int
    another_waits: bool
    raised: Sequence[str]
    amount_fen: Fen


def change_holds(case: ChangeCase, days: DayTable | None = None) -> Refusal | None:
    """Whether a change may be proposed at all (domain §3.7); the refusal names its field."""
    if not kinds_changed(case.before, case.after):
        return RuleBroken("change.nothing", N_("Nothing is changed."), field="reason")
    if case.another_waits:
        return RuleBroken(
            "change.waits", N_("A change of this project waits already."), field="reason"
        )
    if sum(case.after.budget.values()) != case.amount_fen:
        return RuleBroken(
            "change.sum",
            N_("The cost lines have to add up to {amount} yuan."),
            field="budget",
            amount=yuan_text(case.amount_fen),
        )
    if case.raised:
        return RuleBroken(
            "change.raised", N_("{line} may not rise."), field="budget", line=case.raised[0]
        )
    if case.today > case.before.ends_on - timedelta(days=case.rules.freeze_days):
        return RuleBroken(
            "change.frozen",
            N_("Nothing is changed in the last {count} days of a project."),
            field="reason",
            count=case.rules.freeze_days,
        )
    if not needs_decision(case.before, case.after, case.rules):
        return None
    if case.decided_before >= case.rules.changes_most:
        return RuleBroken(
            "change.many",
            N_("A project is changed {count} times at most."),
            field="reason",
            count=case.rules.changes_most,
        )
    earliest = add_workdays(case.today, case.rules.notice_workdays, days)
    if case.effective_on < earliest:
        return RuleBroken(
            "change.short_notice",
            N_("Ask {count} working days before: from {day} at the earliest."),
            field="effective_on",
            count=case.rules.notice_workdays,
            day=earliest.isoformat(),
        )
    return None


def lines_raised(
    before: Mapping[str, int], after: Mapping[str, int], may_rise: Mapping[str, bool]
) -> list[str]:
    """The cost lines that rise although the call does not let them."""
    return [
        code
        for code in sorted(after)
        if after[code] > before.get(code, 0) and not may_rise.get(code, True)
    ]


# Reports


@dataclass(frozen=True)
class ReportCase:
    """What a step on a report looks at."""

    of_own_organisation: bool
    seen_version: int
    version: int
    note: str = ""


def report_is_fresh(case: ReportCase) -> Refusal | None:
    """Nobody acts on a report that was changed since."""
    if case.seen_version != case.version:
        return Conflict(
            "report.stale", N_("Somebody changed this report since you opened it. Look again.")
        )
    return None


def report_is_ones_own(case: ReportCase) -> Refusal | None:
    """An agency reports on its own projects."""
    if not case.of_own_organisation:
        return NotAllowed("report.not_own", N_("This is the project of another organisation."))
    return None


def note_is_given(case: ReportCase) -> Refusal | None:
    """The agency reads what is missing."""
    if len(case.note.strip()) < 5:
        return RuleBroken("report.note", N_("Say what is missing, in a few words."))
    return None
