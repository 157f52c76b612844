"""The checks of applications (domain §3.3): each answers pass, look or fail, with its figure. Pure.

How strict a check is and which figure it uses stand in the terms of the round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from grants.applications.budgets import budget_findings
from grants.applications.likeness import Alike
from grants.applications.sections import Whole
from grants.awards.rules import Ended
from grants.calls.terms import CallTerms, EligibilityRule
from grants.kernel.errors import N_
from grants.kernel.findings import Finding, Mark
from grants.kernel.money import Fen, yuan_text
from grants.parties.rules import (
    INSPECTION_TITLES,
    STANDING_TITLES,
    Inspection,
    Standing,
    grade_is_valid_on,
)

#: Registering bodies of social organisations: 51 associations, 52 private non-enterprise units,
#: 53 foundations (GB 32100, domain §7 [V]).
CIVIL_AFFAIRS = ("51", "52", "53")


@dataclass(frozen=True)
class Applicant:
    """What the records say of the applying agency on the closing day."""

    uscc: str | None
    confirmed: bool
    registered_on: date | None
    grade: str | None
    grade_expires_on: date | None
    inspection_year: int | None
    inspection_result: str | None
    standing: str
    standing_note: str
    ended_for_cause: Sequence[Ended]
    owed_fen: Fen
    owed_number: str | None
    awards_this_year: Sequence[str]
    rivals: Sequence[str]


@dataclass(frozen=True)
class Case:
    """An application as the checks look at it."""

    terms: CallTerms
    whole: Whole
    applicant: Applicant
    papers: frozenset[str]
    alike: Alike | None

    @property
    def closing_day(self) -> date:
        """The day as of which the checks are made."""
        return self.terms.closes_at.date()


#: Passed, in doubt, or not passed; the message and what fills it.
Answer = tuple[Mark, str, Mapping[str, object]]
_OK, _DOUBT, _NO = Mark.PASS, Mark.LOOK, Mark.STOP


def registered_long_enough(case: Case, rule: EligibilityRule) -> Answer:
    """Registered with civil affairs (code 51, 52, 53) for so many years on the closing day."""
    applicant = case.applicant
    if not (applicant.uscc or "").startswith(CIVIL_AFFAIRS):
        return (
            _NO,
            N_("Credit code {uscc}: not registered with civil affairs."),
            {"uscc": applicant.uscc or "—"},
        )
    since = applicant.registered_on
    if since is None:
        return _DOUBT, N_("The day of registration is not on record."), {}
    years = rule.figure or 0
    day = case.closing_day
    full = day.year - since.year - ((day.month, day.day) < (since.month, since.day))
    said = {"day": since.isoformat(), "years": full, "least": years}
    if full < years:
        return _NO, N_("Registered {day}: {years} full years, at least {least}."), said
    if not applicant.confirmed:
        return _DOUBT, N_("Registered {day}; the office has not confirmed the certificate."), said
    return _OK, N_("Registered {day}: {years} full years, at least {least}."), said


def inspection_was_passed(case: Case, rule: EligibilityRule) -> Answer:
    """Last year's annual inspection was qualified; basically qualified is looked at."""
    year, result = case.applicant.inspection_year, case.applicant.inspection_result
    if year is None or result is None:
        return _NO, N_("No annual inspection is on record."), {}
    said = {"year": year, "result": INSPECTION_TITLES[Inspection(result)]}
    message = N_("Annual inspection {year}: {result}.")
    if year < case.closing_day.year - 1:
        # Last year's results come out in the course of this year.
        in_doubt = year == case.closing_day.year - 2 and result == Inspection.PASSED
        return (_DOUBT if in_doubt else _NO), message, said
    if result == Inspection.PASSED:
        return _OK, message, said
    return (_DOUBT if result == Inspection.BASIC else _NO), message, said


def grade_is_high_enough(case: Case, rule: EligibilityRule) -> Answer:
    """The assessed grade is at least so many A and valid on the closing day (令39号 第28条)."""
    grade, until = case.applicant.grade, case.applicant.grade_expires_on
    if grade is None:
        return _NO, N_("No grade is on record; {least}A is needed."), {"least": rule.figure or 0}
    said = {"grade": grade, "until": until.isoformat() if until else "—", "least": rule.figure or 0}
    message = N_("Grade {grade}, valid until {until}; {least}A is needed.")
    if int(grade[0]) < (rule.figure or 0):
        return _NO, message, said
    valid = grade_is_valid_on(grade, until, case.closing_day)
    return (_OK if valid else _NO), message, said


def stands_on_no_list(case: Case, rule: EligibilityRule) -> Answer:
    """Neither on the list of abnormal activity nor on that of serious breaches (令60号)."""
    standing = Standing(case.applicant.standing)
    said = {"standing": STANDING_TITLES[standing], "note": case.applicant.standing_note}
    if standing is Standing.GOOD:
        return _OK, N_("{standing}."), said
    return _NO, N_("{standing}: {note}"), said


def no_project_was_ended_for_cause(case: Case, rule: EligibilityRule) -> Answer:
    """No project of the agency was liquidated in the last years (太仓 2018)."""
    return _none_ended(case.applicant.ended_for_cause, case, rule.figure or 1)


def no_fraud_was_found(case: Case, rule: EligibilityRule) -> Answer:
    """No project of the agency was ended for fraud in the last years (domain §3.7)."""
    frauds = [one for one in case.applicant.ended_for_cause if one.by_fraud]
    return _none_ended(frauds, case, rule.figure or 3)


def _none_ended(ended: Sequence[Ended], case: Case, years: int) -> Answer:
    since = case.closing_day.year - years
    found = next((one for one in ended if one.day.year >= since), None)
    if found is None:
        return _OK, N_("No project was ended early since {year}."), {"year": since}
    said = {"number": found.number, "day": found.day.isoformat()}
    return _NO, N_("{number} was ended early on {day}."), said


def owes_no_refund(case: Case, rule: EligibilityRule) -> Answer:
    """No money that should have come back is overdue."""
    if not case.applicant.owed_fen:
        return _OK, N_("No refund is overdue."), {}
    return (
        _NO,
        N_("{amount} yuan is overdue ({number})."),
        {
            "amount": yuan_text(case.applicant.owed_fen),
            "number": case.applicant.owed_number or "",
        },
    )


def one_project_a_year(case: Case, rule: EligibilityRule) -> Answer:
    """At most so many selected projects of one agency a year; more may apply, one is selected."""
    most = rule.figure or 1
    held, rivals = case.applicant.awards_this_year, case.applicant.rivals
    if len(held) >= most:
        return _NO, N_("Selected already this year: {numbers}."), {"numbers": "、".join(held)}
    if len(held) + len(rivals) >= most and rivals:
        return (
            _DOUBT,
            N_("Also applied in this round: {numbers}; at most {most} is selected."),
            {
                "numbers": "、".join(rivals),
                "most": most,
            },
        )
    return _OK, N_("The agency's only application of the year."), {}


def amount_is_within_cap(case: Case, rule: EligibilityRule) -> Answer:
    """What is asked for is no more than the category gives."""
    category = case.terms.category(case.whole.project.category)
    asked = sum(row.grant_fen for row in case.whole.budget.rows)
    if category is None:
        return _NO, N_("The call has no category {code}."), {"code": case.whole.project.category}
    said = {"asked": yuan_text(Fen(asked)), "cap": yuan_text(category.cap_fen)}
    passes = 0 < asked <= category.cap_fen
    return (_OK if passes else _NO), N_("Asks for {asked} yuan of at most {cap}."), said


def category_is_open_to_it(case: Case, rule: EligibilityRule) -> Answer:
    """Category and field of work are those of the call; commissioned ones answer a need."""
    project = case.whole.project
    category, theme = case.terms.category(project.category), case.terms.theme(project.theme)
    if category is None or theme is None:
        return _NO, N_("The call has no such category or field of work."), {}
    said: dict[str, object] = {"category": f"{category.code} {category.name}", "theme": theme.name}
    if category.commissioned and project.need_id is None:
        return _DOUBT, N_("{category}, {theme}: names no need although towns commission it."), said
    return _OK, N_("{category}, {theme}."), said


def period_fits(case: Case, rule: EligibilityRule) -> Answer:
    """The project lies within the call's days and lasts as long as the call wants."""
    project, terms = case.whole.project, case.terms
    months = months_of(project.starts_on, project.ends_on)
    said: dict[str, object] = {
        "first": project.starts_on.isoformat(),
        "last": project.ends_on.isoformat(),
        "months": months,
        "least": terms.months_least,
        "most": terms.months_most,
    }
    within = terms.starts_on <= project.starts_on and project.ends_on <= terms.ends_on
    passes = within and terms.months_least <= months <= terms.months_most
    message = N_("{first} to {last}: {months} months; {least} to {most} are wanted.")
    return (_OK if passes else _NO), message, said


def months_of(first: date, last: date) -> int:
    """How many months a project lasts; a month that is begun counts from its sixteenth day on.

    Example: 2027-03-01 to 2027-10-31 are 8 months, to 2027-11-14 still 8, to 2027-11-20 9.
    """
    whole = (last.year - first.year) * 12 + last.month - first.month
    days = last.day - first.day + 1
    return whole + (1 if days > 15 else 0) - (1 if days < -15 else 0)


def budget_keeps_the_shares(case: Case, rule: EligibilityRule) -> Answer:
    """The lines of the budget keep what the call lets them take (domain §3.4)."""
    found = budget_findings(case.whole.budget, case.terms, case.whole.project.category)
    if not found:
        return _OK, N_("All lines of the budget keep their shares."), {}
    first = found[0]
    if len(found) == 1:
        return _NO, first.message, dict(first.params)
    return (
        _NO,
        N_("{count} places of the budget do not keep the rules; see the budget."),
        {"count": len(found)},
    )


def enough_full_time_staff(case: Case, rule: EligibilityRule) -> Answer:
    """The agency has enough full-time staff, and somebody works on the project full-time."""
    staff = case.whole.agency.full_time_staff
    on_it = sum(member.full_time for member in case.whole.team.members)
    said = {"staff": staff, "on_it": on_it, "least": rule.figure or 0}
    passes = staff >= (rule.figure or 0) and on_it >= 1
    return (
        (_OK if passes else _NO),
        N_("{staff} full-time, {on_it} of them on the project; at least {least}."),
        said,
    )


def papers_are_complete(case: Case, rule: EligibilityRule) -> Answer:
    """Every paper that the call needs is attached."""
    missing = [one.name for one in case.terms.files if one.needed and one.code not in case.papers]
    if missing:
        return _NO, N_("Missing: {papers}."), {"papers": "、".join(missing)}
    return (
        _OK,
        N_("All {count} papers are attached."),
        {"count": sum(one.needed for one in case.terms.files)},
    )


def is_not_funded_already(case: Case, rule: EligibilityRule) -> Answer:
    """Its text is not that of a funded project (likeness of character pairs)."""
    alike = case.alike
    if alike is None:
        return _OK, N_("There is no funded project to compare with."), {}
    said = {
        "share": f"{alike.permille // 10}%",
        "number": alike.funded.number,
        "title": alike.funded.title,
    }
    message = N_("Most like {number} “{title}”: {share}.")
    close = alike.permille >= case.terms.similarity_permille
    return (_NO if close else _OK), message, said


Rule = Callable[[Case, EligibilityRule], Answer]

RULES: Mapping[str, Rule] = {
    rule.__name__: rule
    for rule in (
        registered_long_enough,
        inspection_was_passed,
        grade_is_high_enough,
        stands_on_no_list,
        no_project_was_ended_for_cause,
        no_fraud_was_found,
        owes_no_refund,
        one_project_a_year,
        amount_is_within_cap,
        category_is_open_to_it,
        period_fits,
        budget_keeps_the_shares,
        enough_full_time_staff,
        papers_are_complete,
        is_not_funded_already,
    )
}


def check_application(case: Case) -> list[Finding]:
    """What every check of the terms finds, in the order of the rules.

    A check that only looks never stops; one that is off is not made.
    """
    findings = []
    for name, rule in RULES.items():
        about = case.terms.eligibility.get(name, EligibilityRule())
        if about.level == "off":
            continue
        mark, message, params = rule(case, about)
        if mark is Mark.STOP and about.level == "look":
            mark = Mark.LOOK
        findings.append(Finding(name, mark, message, params))
    return findings
