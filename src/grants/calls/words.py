"""The vocabulary of a call's terms: fields, rows, choices, and what helps to fill them in."""

from __future__ import annotations

from collections.abc import Mapping

from grants.figures.words import MARKS, Words
from grants.kernel.errors import N_

#: The checks of applications (domain §3.3); the rules stand in `applications.eligibility`.
CHECKS: Mapping[str, str] = {
    "registered_long_enough": N_("Registered with civil affairs for long enough"),
    "inspection_was_passed": N_("Last year's annual inspection was passed"),
    "grade_is_high_enough": N_("The assessed grade is high enough and valid"),
    "stands_on_no_list": N_("On no list of abnormal activity or serious breaches"),
    "no_project_was_ended_for_cause": N_("No project was ended early for cause"),
    "no_fraud_was_found": N_("No project was ended for fraud"),
    "owes_no_refund": N_("No refund is overdue"),
    "one_project_a_year": N_("At most so many projects of one agency a year"),
    "amount_is_within_cap": N_("The amount is within the cap of the category"),
    "category_is_open_to_it": N_("Category and field of work are those of the call"),
    "period_fits": N_("The project's period fits the call"),
    "budget_keeps_the_shares": N_("The budget keeps the shares of its lines"),
    "enough_full_time_staff": N_("Enough full-time staff"),
    "papers_are_complete": N_("All papers are attached"),
    "is_not_funded_already": N_("Not the same content as a funded project"),
}
#: What the figure of a check means.
FIGURES: Mapping[str, str] = {
    "registered_long_enough": N_("{figure} years or more"),
    "grade_is_high_enough": N_("{figure}A or above, valid on the closing day"),
    "no_project_was_ended_for_cause": N_("in the last {figure} years"),
    "no_fraud_was_found": N_("in the last {figure} years"),
    "one_project_a_year": N_("{figure} in a year"),
    "enough_full_time_staff": N_("at least {figure}"),
}
LEVELS: Mapping[str, str] = {
    "fail": N_("fails the application"),
    "look": N_("has to be looked at"),
    "off": N_("is not made"),
}
OPENED_BY: Mapping[str, str] = {
    "AGREEMENT": N_("the signed agreement"),
    "MIDTERM": N_("the mid-term evaluation"),
    "FINAL": N_("the final evaluation and audit"),
}

FIELDS: Mapping[str, str] = {
    "title": N_("Title"),
    "summary": N_("What it is about"),
    "line_id": N_("Budget line"),
    "total_fen": N_("Money of the round"),
    "opens_at": N_("Opens at"),
    "closes_at": N_("Closes at"),
    "starts_on": N_("Projects begin from"),
    "ends_on": N_("Projects end by"),
    "office": N_("Office in charge"),
    "phone": N_("Telephone"),
    "address": N_("Address"),
    "blind": N_("Experts read documents without names"),
    "defence": N_("Applicants present their projects"),
    "categories": N_("Categories"),
    "themes": N_("Fields of work"),
    "code": N_("Code"),
    "name": N_("Name"),
    "cap_fen": N_("At most"),
    "places": N_("Places"),
    "commissioned": N_("Asked for by towns"),
    "months_least": N_("Shortest project, months"),
    "months_most": N_("Longest project, months"),
    "own_least_permille": N_("Own contribution, at least"),
    "supplement_workdays": N_("Days to supplement, working days"),
    "publicity_workdays": N_("Public notice, working days"),
    "verification_workdays": N_("Days to look into an objection, working days"),
    "similarity_permille": N_("Likeness from which a project is looked at"),
    "panel_size": N_("Members of a panel"),
    "panel_least_finance": N_("of them in finance, at least"),
    "panel_least_social_work": N_("of them in social work, at least"),
    "panel_least_community": N_("of them from communities, at least"),
    "panel_most_bureau_permille": N_("of them from the bureau, at most"),
    "document_permille": N_("Weight of the documents in the score"),
    "trims_from": N_("Highest and lowest left out, from so many scores"),
    "spread_limit": N_("Spread that the chair has to explain, points"),
    "pass_mark": N_("Pass mark, points"),
    "eligibility": N_("Checks of applications"),
    "level": N_("How strict"),
    "figure": N_("Figure"),
    "basis": N_("Basis"),
    "mark": N_("How well founded"),
    "forbidden_items": N_("What no grant pays for"),
    "budget_lines": N_("Lines of a project's budget"),
    "least_permille": N_("At least"),
    "most_permille": N_("At most"),
    "unit_cap_fen": N_("Unit price at most"),
    "unit": N_("Unit"),
    "may_rise": N_("May be raised later"),
    "rubric": N_("Rubric"),
    "points": N_("Points"),
    "anchors": N_("What points stand for"),
    "tie_order": N_("Decides between equals, place"),
    "instalments": N_("Instalments"),
    "share_permille": N_("Share"),
    "condition": N_("Condition"),
    "opened_by": N_("Opened by"),
    "files": N_("Papers"),
    "needed": N_("Needed"),
    "identifying": N_("Names the applicant"),
}

WORDS = Words(
    fields=FIELDS,
    rows={
        "categories": N_("Category {key}"),
        "themes": N_("Field {key}"),
        "budget_lines": N_("Line {key}"),
        "rubric": N_("Criterion {key}"),
        "instalments": N_("Part {key}"),
        "files": N_("Paper {key}"),
    },
    keys={"eligibility": CHECKS},
    choices={"level": LEVELS, "opened_by": OPENED_BY, "mark": MARKS},
    absent={"level": "fail", "mark": "D"},
    long=frozenset({"summary", "anchors"}),
    tones={"fail": "", "look": "warn", "off": ""},
    hints={
        "summary": N_(
            "What the city seeks, for whom, and who may apply: as applicants will read it."
        ),
        "total_fen": N_("No decision of this round can exceed it."),
        "closes_at": N_("To the second: nothing is taken from this moment on."),
        "forbidden_items": N_("Words with “、” between them; items that name one are looked at."),
        "own_least_permille": N_("Of a project's whole budget."),
        "blind": N_("Names and identifying papers are hidden until the documents are scored."),
    },
)

#: The single fields as the form groups them.
GROUPS: Mapping[str, tuple[str, ...]] = {
    N_("The call"): ("title", "summary", "office", "phone", "address"),
    N_("Money and days"): (
        "line_id",
        "total_fen",
        "opens_at",
        "closes_at",
        "starts_on",
        "ends_on",
        "months_least",
        "months_most",
        "own_least_permille",
        "forbidden_items",
    ),
    N_("Review"): (
        "blind",
        "defence",
        "panel_size",
        "panel_least_finance",
        "panel_least_social_work",
        "panel_least_community",
        "panel_most_bureau_permille",
        "document_permille",
        "trims_from",
        "spread_limit",
        "pass_mark",
        "similarity_permille",
    ),
    N_("Clocks"): ("supplement_workdays", "publicity_workdays", "verification_workdays"),
}
