"""Rules of public notices: when a period is over, who publishes, what an objection holds back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from grants.kernel.calendar import DayTable, add_workdays
from grants.kernel.errors import N_, Conflict, NotAllowed, Refusal, RuleBroken
from grants.kernel.private_data import Exposed


def last_day_of(first: date, workdays: int, days: DayTable | None = None) -> date:
    """The last day of a notice published on `first`, which is not counted (民法典 第201条 [K]).

    Example: five working days from Thursday 2026-09-24 end on 2026-10-09.
    """
    return add_workdays(first, workdays, days)


@dataclass(frozen=True)
class NoticeCase:
    """What a step on a notice looks at."""

    made_by_person: int
    actor_person: int
    seen_version: int
    version: int
    today: date
    workdays: int
    first_day: date | None = None
    last_day: date | None = None
    entries: int = 0
    exposed: Sequence[tuple[str, Exposed]] = ()
    unreadable: Sequence[str] = ()
    reason: str = ""
    acted_on: bool = False


def notice_is_fresh(case: NoticeCase) -> Refusal | None:
    """Nobody publishes a page that somebody else has changed since."""
    if case.seen_version != case.version:
        return Conflict(
            "notice.stale", N_("Somebody changed this notice since you opened it. Look again.")
        )
    return None


def publisher_did_not_draft(case: NoticeCase) -> Refusal | None:
    """Whoever drew a notice up does not publish it."""
    if case.actor_person == case.made_by_person:
        return NotAllowed(
            "notice.own", N_("You drew this notice up; another person has to publish it.")
        )
    return None


def list_is_not_empty(case: NoticeCase) -> Refusal | None:
    """A notice names what it is about."""
    if not case.entries:
        return RuleBroken("notice.empty", N_("The list of this notice is empty."))
    return None


def nothing_private_is_published(case: NoticeCase) -> Refusal | None:
    """No identity, telephone or card number goes public, in the text or an attachment (§9.2)."""
    if case.exposed:
        where, exposed = case.exposed[0]
        return RuleBroken(
            "notice.private",
            N_("{where} holds {kind}: {shown}. Take it out; nothing of the kind is published."),
            where=where,
            kind=exposed.kind,
            shown=exposed.shown,
        )
    return None


def attachments_can_be_read(case: NoticeCase) -> Refusal | None:
    """A picture may hide a number that nobody looks for: only what can be read is published."""
    if case.unreadable:
        return RuleBroken(
            "notice.unreadable",
            N_("The text of {name} cannot be read. Attach it as a PDF with text, DOCX or XLSX."),
            name=case.unreadable[0],
        )
    return None


def period_is_over(case: NoticeCase) -> Refusal | None:
    """A notice never ends before its working days are over, as the calendar knows them now.

    A day that the yearly notice of holidays takes away later moves the end; none moves it back.
    """
    assert case.first_day is not None and case.last_day is not None
    until = max(case.last_day, last_day_of(case.first_day, case.workdays))
    if case.today <= until:
        return RuleBroken("notice.runs", N_("The notice runs until {day}."), day=until.isoformat())
    return None


def nothing_was_built_on_it(case: NoticeCase) -> Refusal | None:
    """A notice is taken back, with its reason, while nothing has followed from it."""
    if case.acted_on:
        return RuleBroken("notice.acted_on", N_("Something has followed from this notice already."))
    if len(case.reason.strip()) < 5:
        return RuleBroken("notice.reason", N_("Give the reason in a few words."))
    return None


@dataclass(frozen=True)
class ObjectionCase:
    """What a step on an objection looks at."""

    entered_by_person: int
    notice_made_by_person: int
    actor_person: int
    finding: str
    names_a_line: bool


def finding_is_given(case: ObjectionCase) -> Refusal | None:
    """Whoever objects reads what was found."""
    if len(case.finding.strip()) < 5:
        return RuleBroken("objection.finding", N_("Say what was found, in a few words."))
    return None


def judged_by_another(case: ObjectionCase) -> Refusal | None:
    """An objection is not judged by whoever drew the notice up or wrote the objection down."""
    if case.actor_person in (case.entered_by_person, case.notice_made_by_person):
        return NotAllowed(
            "objection.own", N_("You have acted on this notice; another person has to judge.")
        )
    return None


def a_line_is_named(case: ObjectionCase) -> Refusal | None:
    """Upholding drops one line of the list: the objection has to name it."""
    if not case.names_a_line:
        return RuleBroken("objection.line", N_("Name the line of the list that it is about first."))
    return None


def objection_is_in_time(
    received_on: date, first_day: date | None, last_day: date | None
) -> Refusal | None:
    """Objections are taken from the first to the end of the last day of the notice."""
    if first_day is None or last_day is None or not first_day <= received_on <= last_day:
        return RuleBroken("objection.late", N_("Objections are taken while the notice runs."))
    return None
