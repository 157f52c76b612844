"""What the parts of reports and of the rules for running projects are called."""

from __future__ import annotations

from grants.figures.words import Words
from grants.kernel.errors import N_

WORDS = Words(
    fields={
        "changes_most": N_("Changes of a project at most"),
        "freeze_days": N_("Last days in which nothing is changed"),
        "notice_workdays": N_("Working days by which a change is asked for before"),
        "receipt_days": N_("Days after the end until which receipts are dated"),
        "start_days": N_("Days within which a project begins after its agreement"),
        "staff_permille": N_("Share of the staff that may change unasked"),
        "moved_permille": N_("Share of a cost line that may move unasked"),
        "moved_fen": N_("Amount of a cost line that may move unasked"),
    },
)

REPORT_WORDS = Words(
    fields={
        "period_from": N_("From"),
        "period_to": N_("Until"),
        "summary": N_("What was done"),
        "difficulties": N_("What is difficult, and what you do about it"),
        "activities": N_("Activities that were held"),
        "what": N_("What"),
        "held_on": N_("Day"),
        "place": N_("Place"),
        "person_times": N_("Person-times"),
        "reached": N_("Indicators so far"),
        "name": N_("Indicator"),
        "so_far": N_("So far"),
    },
    rows={"activities": N_("Activity {key}"), "reached": N_("Indicator {key}")},
    long=frozenset({"summary", "difficulties"}),
)
