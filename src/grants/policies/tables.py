"""The table of proposals; versions in force stand in `policy_version` of the platform."""

from __future__ import annotations

from piccolo.constraints import Check
from piccolo.table import Table

from grants.platform import columns as c
from grants.platform.tables import PolicyVersion


class PolicyProposal(Table, tablename="policy_proposal"):
    """A version that one person proposes and another decides on.

    `replaces_version` is the id of the version after which it was made to stand: no reference,
    because a version that is taken back before its first day is deleted.
    """

    id = c.key()
    kind = c.text()
    scope = c.text(default="")
    starts_on = c.day()
    body = c.document()
    legal_basis = c.text()
    mark = c.text()
    reason = c.text()
    state = c.text()
    replaces_version = c.id_elsewhere()
    policy_version = c.may_refer_to(PolicyVersion, unique=True)
    proposed_by_person = c.id_elsewhere()
    proposed_at = c.moment()
    decided_by_person = c.maybe_number()
    decided_at = c.maybe_moment()
    version = c.number(default=1)
    policy_proposal_state = Check("state IN ('PROPOSED', 'APPROVED', 'REJECTED', 'WITHDRAWN')")
    policy_proposal_mark = Check("mark IN ('seed', 'V', 'V-x', 'K', 'D')")
    policy_proposal_basis = Check("legal_basis <> ''")
    policy_proposal_two_people = Check(
        "decided_by_person IS NULL OR decided_by_person <> proposed_by_person"
    )
    policy_proposal_has_version = Check(
        "(state = 'APPROVED') = (policy_version IS NOT NULL) "
        "AND (state <> 'APPROVED' OR decided_by_person IS NOT NULL)"
    )
