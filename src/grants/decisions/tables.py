"""Tables of the funding decision: the variants of a round's line."""

from __future__ import annotations

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grants.calls.tables import CallRound
from grants.platform import columns as c


class FundingVariant(Table, tablename="funding_variant"):
    """One way to draw a round's line, under a name; a thought, not yet a decision."""

    id = c.key()
    round = c.refers_to(CallRound)
    name = c.text()
    choice = c.document()
    made_by_person = c.id_elsewhere()
    saved_at = c.moment()
    version = c.number(default=1)
    funding_variant_once = Unique(["round", "name"])
    funding_variant_named = Check("name <> ''")
