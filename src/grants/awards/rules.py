"""Rules of awards: how an amount is split and when it may change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from grants.kernel.errors import N_, Conflict, NotAllowed, Refusal, RuleBroken
from grants.kernel.money import Fen, yuan_text


@dataclass(frozen=True)
class SharePlan:
    """What one line of one year is to bear."""

    line_id: int
    fiscal_year: int
    amount_fen: Fen


@dataclass(frozen=True)
class InstalmentPlan:
    """One part to be paid: from which line, how much, when and on what condition."""

    line_id: int
    amount_fen: Fen
    due_on: date
    condition: str


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


def minutes_are_cited(case: AwardCase) -> Refusal | None:
    """Large sums are decided by a meeting, whose minutes are cited (三重一大, domain §1.8 [D])."""
    if case.minutes_needed and not case.minutes_no:
        return RuleBroken(
            "award.minutes_missing",
            N_("An award of this size needs the number of the meeting's minutes."),
        )
    return None


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
