"""What the parts of the agreement's template are called where rules are read and proposed."""

from __future__ import annotations

from grants.figures.words import Words
from grants.kernel.errors import N_

WORDS = Words(
    fields={
        "title": N_("Title"),
        "first_payment_workdays": N_("Working days until the first part is due"),
        "final_payment_days": N_("Days after the end until the last part is due"),
        "clauses": N_("Articles"),
        "code": N_("Code"),
        "heading": N_("Heading"),
        "text": N_("Text"),
    },
    rows={"clauses": N_("Article {key}")},
    long=frozenset({"text"}),
)
