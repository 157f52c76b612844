"""Rules of calls: who may enter a need, when a revision is published, what a change may touch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from grants.calls.terms import CallTerms
from grants.kernel.errors import N_, Conflict, NotAllowed, Refusal, RuleBroken


@dataclass(frozen=True)
class NeedCase:
    """What a step on a need looks at."""

    entered_by_person: int
    actor_person: int
    of_own_organisation: bool
    seen_version: int
    version: int
    note: str = ""


def need_is_ones_own(case: NeedCase) -> Refusal | None:
    """A need is changed and taken back by those who brought it in."""
    if case.actor_person != case.entered_by_person and not case.of_own_organisation:
        return NotAllowed("need.not_own", N_("Only who brought this need in can change it."))
    return None


def need_is_fresh(case: NeedCase) -> Refusal | None:
    """Nobody decides on a page that somebody else has changed since."""
    if case.seen_version != case.version:
        return Conflict(
            "need.stale", N_("Somebody changed this need since you opened it. Look again.")
        )
    return None


def decision_gives_its_reason(case: NeedCase) -> Refusal | None:
    """Whoever brought a need in reads why it is declined, or how it was met."""
    if len(case.note.strip()) < 5:
        return RuleBroken("need.reason", N_("Give the reason in a few words."))
    return None


@dataclass(frozen=True)
class RevisionCase:
    """What a step on a revision looks at."""

    drafted_by_person: int
    actor_person: int
    seen_version: int
    version: int
    objection: Refusal | None = None


def revision_is_fresh(case: RevisionCase) -> Refusal | None:
    """Nobody decides on terms that somebody else has changed since."""
    if case.seen_version != case.version:
        return Conflict(
            "call.stale", N_("Somebody changed these terms since you opened them. Look again.")
        )
    return None


def approver_did_not_draft(case: RevisionCase) -> Refusal | None:
    """Who drafts the terms does not approve them (财会〔2012〕21号; domain §1.8)."""
    if case.actor_person == case.drafted_by_person:
        return NotAllowed("call.own", N_("You drafted these terms; another person approves them."))
    return None


def terms_hold(case: RevisionCase) -> Refusal | None:
    """The terms agree with the budget line, the calendar and what is published already."""
    return case.objection


@dataclass(frozen=True)
class RoundCase:
    """What a step on a round looks at: its published terms, and the moment."""

    now: datetime
    terms: CallTerms | None = None
    unscreened: int = 0
    applications: int = 0
    reason: str = ""


def window_has_opened(case: RoundCase) -> Refusal | None:
    """A round opens at the second that its terms name."""
    if case.terms is None or case.now < case.terms.opens_at:
        return RuleBroken("call.not_yet_open", N_("The call has not opened yet."))
    return None


def window_has_closed(case: RoundCase) -> Refusal | None:
    """A round closes at the second that its terms name, never earlier."""
    if case.terms is None or case.now < case.terms.closes_at:
        return RuleBroken("call.still_open", N_("The call is still open."))
    return None


def every_application_is_screened(case: RoundCase) -> Refusal | None:
    """The review begins when every application has passed or failed the checks."""
    if case.unscreened:
        return RuleBroken(
            "call.unscreened",
            N_("{count} applications are not screened yet."),
            count=case.unscreened,
        )
    return None


def nobody_has_applied(case: RoundCase) -> Refusal | None:
    """A round is called off only while nobody has applied."""
    if case.applications:
        return RuleBroken(
            "call.applications_stand",
            N_("{count} applications stand; a round with applications is not called off."),
            count=case.applications,
        )
    return None


def calling_off_gives_its_reason(case: RoundCase) -> Refusal | None:
    """Whoever meant to apply reads why a round is called off."""
    if len(case.reason.strip()) < 5:
        return RuleBroken("call.reason", N_("Give the reason in a few words."))
    return None


def change_keeps_promises(
    before: CallTerms | None, after: CallTerms, now: datetime
) -> tuple[str, Refusal] | None:
    """What a published round may still change, and when; the field and the reason against it.

    Before it opens: everything. While it is open: nobody loses time or chances, so it closes no
    earlier, no cap, category or field of work is taken away, and no check becomes stricter.
    After it has closed: nothing that applicants relied on.
    """
    if before is None:
        if after.closes_at <= now:
            return "closes_at", RuleBroken(
                "call.closes_in_the_past", N_("The call would close in the past.")
            )
        return None
    if now < before.opens_at:
        return None
    if now >= before.closes_at:
        return "title", RuleBroken(
            "call.closed", N_("The call has closed; its terms stand as they are.")
        )
    if after.opens_at != before.opens_at:
        return "opens_at", RuleBroken("call.opened", N_("The call has opened already."))
    if after.closes_at < before.closes_at:
        return "closes_at", RuleBroken(
            "call.closes_earlier", N_("An open call closes no earlier than it promised.")
        )
    for one in before.categories:
        kept = after.category(one.code)
        if kept is None or kept.cap_fen < one.cap_fen:
            return "categories", RuleBroken(
                "call.category_reduced",
                N_("Category {category} cannot be reduced while the call is open."),
                category=one.code,
            )
    if any(after.theme(one.code) is None for one in before.themes):
        return "themes", RuleBroken(
            "call.theme_reduced", N_("A field of work cannot be taken away while the call is open.")
        )
    return None
