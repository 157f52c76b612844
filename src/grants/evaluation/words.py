"""What the parts of the rules for evaluations are called."""

from __future__ import annotations

from grants.figures.words import Words
from grants.kernel.errors import N_

WORDS = Words(
    fields={
        "midterm": N_("Criteria of the mid-term evaluation"),
        "final": N_("Criteria of the final evaluation"),
        "grades": N_("Grades"),
        "code": N_("Code"),
        "name": N_("Name"),
        "points": N_("Points"),
        "anchors": N_("What points stand for"),
        "tie_order": N_("Place among the tie-breakers"),
        "least": N_("From how many points"),
        "k_permille": N_("Share of the last part that is paid"),
        "spent_permille": N_("Share of the first part to be spent before the mid-term opens more"),
        "refund_workdays": N_("Working days in which a surplus comes back"),
        "independence_years": N_("Years for which a tie to the agency counts"),
        "rectify_days": N_("Days to put right what failed"),
    },
    rows={
        "midterm": N_("Criterion {key}"),
        "final": N_("Criterion {key}"),
        "grades": N_("Grade {key}"),
    },
)
