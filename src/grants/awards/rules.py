"""Rules of awards: how an amount is split and when it may change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from grants.budget.workflow import ProposalCase
from grants.kernel.errors import N_, Conflict, NotAllowed, Refusal, RuleBroken
from grants.kernel.money import Fen, yuan_text


class EndCause(StrEnum):
    """Why an award is ended early; what the payee may apply for next depends on it."""

    AGREED = "AGREED"
    FAULT = "FAULT"
    FRAUD = "FRAUD"


CAUSE_TITLES: Mapping[str, str] = {
    EndCause.AGREED: N_("Nobody's: agreed on, or nobody could help it"),
    EndCause.FAULT: N_("The payee's"),
    EndCause.FRAUD: N_("The payee's, who deceived"),
}


@dataclass(frozen=True)
class Ended:
    """An award that was ended early through the payee's fault; `by_fraud`, or another one."""

    number: str
    day: date
    by_fraud: bool


@dataclass(frozen=True)
class SharePlan:
    """What one line of one year is to bear."""

    line_id: int
    fiscal_year: int
    amount_fen: Fen


@dataclass(frozen=True)
class InstalmentPlan:
    """One part to be paid: from which line, how much, when and on what condition.

    `opened_by` says who finds the condition met: the office itself, the signing of the agreement,
    or the mid-term or final evaluation.
    """

    line_id: int
    amount_fen: Fen
    due_on: date
    condition: str
    opened_by: str = "OFFICE"


def shares_add_up(amount_fen: int, shares: Sequence[SharePlan]) -> Refusal | None:
    """The shares of an award add up to its amount."""
    total = sum(share.amount_fen for share in shares)
    if total != amount_fen:
        return RuleBroken(
            "award.shares_differ",
            N_("The lines bear {total} yuan, but the award is {amount}."),
            total=yuan_text(Fen(total)),
            amount=yuan_text(Fen(amount_fen)),
        )
    return None


def instalments_add_up(
    shares: Sequence[SharePlan], instalments: Sequence[InstalmentPlan]
) -> Refusal | None:
    """The instalments of each line add up to what that line bears."""
    for share in shares:
        total = sum(i.amount_fen for i in instalments if i.line_id == share.line_id)
        if total != share.amount_fen:
            return RuleBroken(
                "award.instalments_differ",
                N_("The instalments of one line add up to {total} yuan, but it bears {amount}."),
                total=yuan_text(Fen(total)),
                amount=yuan_text(share.amount_fen),
            )
    known = {share.line_id for share in shares}
    if any(i.line_id not in known for i in instalments):
        return RuleBroken(
            "award.instalment_without_line", N_("An instalment names a line the award lacks.")
        )
    return None


def instalments_fall_in_their_year(
    shares: Sequence[SharePlan], instalments: Sequence[InstalmentPlan]
) -> Refusal | None:
    """An instalment is due in the fiscal year whose line bears it (domain §1.5)."""
    years = {share.line_id: share.fiscal_year for share in shares}
    for instalment in instalments:
        if years.get(instalment.line_id) != instalment.due_on.year:
            return RuleBroken(
                "award.instalment_other_year",
                N_("An instalment due on {day} cannot draw on a line of {year}."),
                day=instalment.due_on.isoformat(),
                year=years.get(instalment.line_id, 0),
            )
    return None


def office_finds_it_met(opened_by: str) -> Refusal | None:
    """A part that signing or an evaluation opens is not opened by hand."""
    if opened_by != "OFFICE":
        return RuleBroken(
            "award.opened_elsewhere",
            N_("This part is opened by the agreement or the evaluation of its project."),
        )
    return None


@dataclass(frozen=True)
class AwardCase:
    """What a step on an award looks at."""

    created_by_person: int
    actor_person: int
    amount_fen: Fen
    on_its_way_fen: Fen
    open_fen: Fen
    minutes_no: str
    seen_version: int
    version: int
    minutes_needed: bool = False
    objection: Refusal | None = None


def approver_did_not_create(case: AwardCase) -> Refusal | None:
    """Who creates an award does not approve it (财会〔2012〕21号; domain §1.8)."""
    if case.actor_person == case.created_by_person:
        return NotAllowed(
            "award.own", N_("You created this award; another person has to approve it.")
        )
    return None


def page_is_fresh(case: AwardCase) -> Refusal | None:
    """Nobody decides on a page that somebody else has changed since."""
    if case.seen_version != case.version:
        return Conflict(
            "award.stale", N_("Somebody changed this award since you opened it. Look again.")
        )
    return None


def lines_can_bear_it(case: AwardCase) -> Refusal | None:
    """Every line of this year has the share free, and may pay this kind of award."""
    return case.objection


def minutes_for_amount(needed: bool, minutes_no: str) -> Refusal | None:
    """Large sums are decided by a meeting, whose minutes are cited (三重一大, domain §1.8 [D])."""
    if needed and not minutes_no:
        return RuleBroken(
            "award.minutes_missing",
            N_("An award of this size needs the number of the meeting's minutes."),
        )
    return None


def minutes_are_cited(case: AwardCase) -> Refusal | None:
    """An award is approved with the minutes that its amount needs."""
    return minutes_for_amount(case.minutes_needed, case.minutes_no)


def nothing_is_on_its_way(case: AwardCase) -> Refusal | None:
    """An award ends only when no approved payment waits and none lies with the bank."""
    if case.on_its_way_fen:
        return RuleBroken(
            "award.money_on_its_way",
            N_("{amount} yuan is approved or with the bank; wait for it or withdraw it first."),
            amount=yuan_text(case.on_its_way_fen),
        )
    return None


def nothing_is_left_open(case: AwardCase) -> Refusal | None:
    """An award is complete when all of it is paid."""
    if case.open_fen:
        return RuleBroken(
            "award.still_open",
            N_("{amount} yuan is still open; pay it, or terminate the award to release it."),
            amount=yuan_text(case.open_fen),
        )
    return None


@dataclass(frozen=True)
class OpenPart:
    """An instalment that nobody has asked for yet."""

    instalment_id: int
    line_id: int
    amount_fen: Fen


@dataclass(frozen=True)
class PartPlan:
    """An instalment as a change wants it: a new one has no id, one of 0 fen is cancelled."""

    instalment_id: int | None
    line_id: int
    fiscal_year: int
    amount_fen: Fen
    due_on: date
    condition: str


def change_names_open_parts(
    standing: Sequence[OpenPart], parts: Sequence[PartPlan]
) -> Refusal | None:
    """A change says of every open instalment what becomes of it, and touches no other."""
    named = [part.instalment_id for part in parts if part.instalment_id is not None]
    if sorted(named) != sorted(part.instalment_id for part in standing):
        return Conflict(
            "award.parts_moved_on",
            N_("Somebody has asked for one of these instalments since. Draw the change up again."),
        )
    return None


def changed_parts_fall_in_their_year(parts: Sequence[PartPlan]) -> Refusal | None:
    """A changed instalment is due in the fiscal year whose line bears it (domain §1.5)."""
    for part in parts:
        if part.amount_fen and part.due_on.year != part.fiscal_year:
            return RuleBroken(
                "award.instalment_other_year",
                N_("An instalment due on {day} cannot draw on a line of {year}."),
                day=part.due_on.isoformat(),
                year=part.fiscal_year,
            )
    return None


def line_differences(standing: Sequence[OpenPart], parts: Sequence[PartPlan]) -> dict[int, int]:
    """What each line bears more (or, below zero, less) after a change, in fen.

    Example: an open instalment of 100.00 on line 7 becomes 80.00 there and 30.00 on line 8:
    {7: -2000, 8: 3000}.
    """
    differences: dict[int, int] = {}
    for was in standing:
        differences[was.line_id] = differences.get(was.line_id, 0) - was.amount_fen
    for part in parts:
        differences[part.line_id] = differences.get(part.line_id, 0) + part.amount_fen
    return {line_id: fen for line_id, fen in sorted(differences.items()) if fen}


def amount_after_change(
    before_fen: int, standing: Sequence[OpenPart], parts: Sequence[PartPlan]
) -> Fen | Refusal:
    """The award's amount after a change; one that leaves nothing is a termination."""
    after = before_fen + sum(line_differences(standing, parts).values())
    if after <= 0:
        return RuleBroken(
            "award.nothing_left", N_("Nothing would be left of the award; terminate it instead.")
        )
    return Fen(after)


def set_off_takes_away(before_fen: int, after_fen: int, owed_fen: int) -> Refusal | None:
    """A change that sets a claim off takes away at most what the payee still owes (§1.9)."""
    taken = before_fen - after_fen
    if not 0 < taken <= owed_fen:
        return RuleBroken(
            "award.set_off_differs",
            N_("The payee still owes {owed} yuan; the change has to take away that or less."),
            owed=yuan_text(Fen(owed_fen)),
        )
    return None


@dataclass(frozen=True, kw_only=True)
class ClaimCase(ProposalCase):
    """What a step on a claim for money back looks at."""

    amount_fen: Fen
    recovered_fen: Fen
    minutes_no: str = ""


def claim_is_recovered(case: ClaimCase) -> Refusal | None:
    """A claim is settled when all of it has come back."""
    if case.recovered_fen != case.amount_fen:
        return RuleBroken(
            "clawback.not_recovered",
            N_("{left} yuan has not come back yet."),
            left=yuan_text(Fen(case.amount_fen - case.recovered_fen)),
        )
    return None


def writing_off_cites_minutes(case: ClaimCase) -> Refusal | None:
    """A claim is written off by the party group only, whose minutes are cited (§1.8, T4 [D])."""
    if not case.minutes_no.strip():
        return RuleBroken(
            "clawback.minutes_missing",
            N_("Writing a claim off needs the number of the meeting's minutes."),
        )
    return None


def claim_within_paid(amount_fen: int, paid_fen: int, claimed_fen: int) -> Refusal | None:
    """No more is claimed back than was paid and is not claimed already."""
    left = max(paid_fen - claimed_fen, 0)
    if amount_fen > left:
        return RuleBroken(
            "clawback.above_paid",
            N_("Of this award {left} yuan was paid and is not claimed back yet; asked {amount}."),
            left=yuan_text(Fen(left)),
            amount=yuan_text(Fen(amount_fen)),
        )
    return None
