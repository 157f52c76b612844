"""Rules of applications: who may edit and submit, until when, and how one is screened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from grants.calls.terms import CallTerms
from grants.kernel.errors import N_, Conflict, NotAllowed, Refusal, RuleBroken


@dataclass(frozen=True)
class ApplicationCase:
    """What a step on an application looks at. `terms` are those in force now."""

    terms: CallTerms
    now: datetime
    actor_person: int
    representative: int | None
    seen_version: int
    version: int
    declared: bool = False
    missing: Sequence[str] = ()
    round_is_called_off: bool = False
    round_is_screening: bool = False
    supplement_until: date | None = None
    supplemented_before: bool = False
    stops: int = 0
    reason: str = ""


def page_is_fresh(case: ApplicationCase) -> Refusal | None:
    """Nobody decides on a page that somebody else has changed since."""
    if case.seen_version != case.version:
        return Conflict(
            "application.stale",
            N_("Somebody changed this application since you opened it. Look again."),
        )
    return None


def window_is_open(case: ApplicationCase) -> Refusal | None:
    """Applications are taken from the first second of the call to before its last."""
    if case.round_is_called_off:
        return RuleBroken("application.called_off", N_("This call has been called off."))
    if case.now < case.terms.opens_at:
        return RuleBroken(
            "application.too_early",
            N_("The call opens on {moment}."),
            moment=said_moment(case.terms.opens_at),
        )
    if case.now >= case.terms.closes_at:
        return RuleBroken(
            "application.too_late",
            N_("The call closed on {moment}; nothing is taken afterwards."),
            moment=said_moment(case.terms.closes_at),
        )
    return None


def said_moment(moment: datetime) -> str:
    """2026-06-20 17:00:00, as refusals say it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def representative_submits(case: ApplicationCase) -> Refusal | None:
    """The declaration is the legal representative's: his account submits (form-layouts B1)."""
    if case.representative is None:
        return NotAllowed(
            "application.no_representative",
            N_("The office has not recorded your legal representative; ask it to, then submit."),
        )
    if case.actor_person != case.representative:
        return NotAllowed(
            "application.not_representative",
            N_("Only your legal representative can submit; everything is saved for him."),
        )
    return None


def declaration_is_made(case: ApplicationCase) -> Refusal | None:
    """Whoever submits declares that all of it is true (真实合法有效)."""
    if not case.declared:
        return RuleBroken("application.not_declared", N_("Tick the declaration before you submit."))
    return None


def every_section_is_whole(case: ApplicationCase) -> Refusal | None:
    """Only a whole application is submitted."""
    if case.missing:
        return RuleBroken(
            "application.not_whole",
            N_("{count} sections are not whole yet."),
            count=len(case.missing),
        )
    return None


def call_has_closed(case: ApplicationCase) -> Refusal | None:
    """Applications are screened when no more can come in."""
    if not case.round_is_screening:
        return RuleBroken(
            "application.still_open", N_("Applications are screened after the call has closed.")
        )
    return None


def supplement_is_asked_once(case: ApplicationCase) -> Refusal | None:
    """One supplement, within the working days of the call (domain §3.2 [D])."""
    if case.supplemented_before:
        return RuleBroken(
            "application.supplemented",
            N_("A supplement was asked for already; decide on what there is."),
        )
    return None


def supplement_is_in_time(case: ApplicationCase) -> Refusal | None:
    """A supplement comes in until the end of its last day."""
    if case.supplement_until is None or case.now.date() > case.supplement_until:
        return RuleBroken("application.supplement_late", N_("The days to supplement are over."))
    return None


def supplement_days_are_over(case: ApplicationCase) -> Refusal | None:
    """Nobody's days to supplement are cut short."""
    if case.supplement_until is not None and case.now.date() <= case.supplement_until:
        return RuleBroken(
            "application.supplement_runs", N_("The days to supplement are not over yet.")
        )
    return None


def no_check_stops_it(case: ApplicationCase) -> Refusal | None:
    """An application passes only where no check fails it."""
    if case.stops:
        return RuleBroken(
            "application.checks_fail",
            N_("{count} checks fail this application; it cannot pass."),
            count=case.stops,
        )
    return None


def verdict_gives_its_reason(case: ApplicationCase) -> Refusal | None:
    """The applicant reads why an application fails, or what it has to supplement."""
    if len(case.reason.strip()) < 5:
        return RuleBroken("application.reason", N_("Give the reason in a few words."))
    return None
