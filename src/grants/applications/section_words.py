"""What the fields of an application are called, what they offer, and what helps to fill them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from grants.calls.need_queries import Need
from grants.calls.terms import CallTerms
from grants.figures.words import Words
from grants.kernel.errors import N_

QUALIFICATIONS: Mapping[str, str] = {
    "NONE": N_("none"),
    "ASSISTANT": N_("assistant social worker"),
    "WORKER": N_("social worker"),
    "SENIOR": N_("senior social worker"),
    "OTHER": N_("another one"),
}
INDICATOR_KINDS: Mapping[str, str] = {
    "OUTPUT": N_("Output"),
    "QUALITY": N_("Quality"),
    "OUTCOME": N_("Effect"),
    "SATISFACTION": N_("Satisfaction"),
}

FIELDS: Mapping[str, str] = {
    "title": N_("Name of the project"),
    "category": N_("Category"),
    "theme": N_("Field of work"),
    "need_id": N_("Need that it answers"),
    "community": N_("Community in which it works"),
    "starts_on": N_("From"),
    "ends_on": N_("Until"),
    "summary": N_("The project in short"),
    "address": N_("Postal address"),
    "postcode": N_("Postcode"),
    "contact": N_("Whom to call"),
    "contact_phone": N_("Mobile number"),
    "office_phone": N_("Office telephone"),
    "email": N_("Email"),
    "full_time_staff": N_("Full-time staff of the agency"),
    "introduction": N_("The agency in short"),
    "leader": N_("Leader of the project"),
    "leader_phone": N_("Leader's mobile number"),
    "members": N_("Members of the team"),
    "name": N_("Name"),
    "education": N_("Education and subject"),
    "qualification": N_("Social-work qualification"),
    "role": N_("Task in the project"),
    "phone": N_("Phone"),
    "full_time": N_("Full-time on it"),
    "analysis": N_("Why it is needed"),
    "target_group": N_("For whom"),
    "direct_people": N_("People served directly"),
    "indirect_people": N_("People reached besides"),
    "overall": N_("Goal in the large"),
    "goals": N_("Goals that can be measured"),
    "goal": N_("Goal"),
    "measure": N_("How it is measured"),
    "target": N_("Target"),
    "method": N_("How it works"),
    "activities": N_("Activities"),
    "what": N_("Activity"),
    "place": N_("Place"),
    "person_times": N_("Person-times"),
    "output": N_("Output"),
    "innovation": N_("What is new in it"),
    "sustainability": N_("What remains after it"),
    "risks": N_("Risks"),
    "risk": N_("What may go wrong"),
    "response": N_("What you do then"),
    "rows": N_("Rows of the budget"),
    "line": N_("Cost line"),
    "item": N_("Item"),
    "unit_price_fen": N_("Unit price"),
    "quantity": N_("Quantity"),
    "unit": N_("Unit"),
    "grant_fen": N_("From the grant"),
    "own_fen": N_("Own money"),
    "basis": N_("How it was reckoned"),
    "indicators": N_("Indicators"),
    "kind": N_("Kind"),
    "evidence": N_("What proves it"),
}
_HINTS: Mapping[str, str] = {
    "title": N_("Short and telling; at most 60 characters."),
    "need_id": N_("Only if it answers a need that the city has published."),
    "summary": N_("At most 500 characters: for whom, what, how, to what end."),
    "introduction": N_("At most 500 characters."),
    "full_time_staff": N_("People with a contract and social insurance here."),
    "analysis": N_(
        "At most 2,000 characters: who was asked, what was found, what is there already."
    ),
    "overall": N_("At most 500 characters."),
    "method": N_("At most 2,000 characters: which professional method, in which steps."),
    "innovation": N_("At most 500 characters."),
    "sustainability": N_("At most 500 characters."),
}

_WORDS = Words(
    fields=FIELDS,
    rows={
        "members": N_("Member {key}"),
        "goals": N_("Goal {key}"),
        "activities": N_("Activity {key}"),
        "risks": N_("Risk {key}"),
        "rows": N_("Row {key}"),
        "indicators": N_("Indicator {key}"),
    },
    choices={"qualification": QUALIFICATIONS, "kind": INDICATOR_KINDS},
    long=frozenset(
        {
            "summary",
            "introduction",
            "analysis",
            "overall",
            "method",
            "innovation",
            "sustainability",
        }
    ),
    hints=_HINTS,
)


def section_words(terms: CallTerms, needs: Sequence[Need]) -> Words:
    """The vocabulary of sections under these terms: categories, fields, lines, needs to choose."""
    return replace(
        _WORDS,
        choices={
            **_WORDS.choices,
            "category": {one.code: f"{one.code} {one.name}" for one in terms.categories},
            "theme": {one.code: one.name for one in terms.themes},
            "line": {one.code: f"{one.code} {one.name}" for one in terms.budget_lines},
            "need_id": {str(one.id): f"{one.title}（{one.community}）" for one in needs},
        },
    )
