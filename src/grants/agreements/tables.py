"""Tables of agreements."""

from __future__ import annotations

from piccolo.constraints import Check
from piccolo.table import Table

from grants.applications.tables import Application
from grants.awards.tables import Award
from grants.parties.tables import Organisation
from grants.platform import columns as c


class Agreement(Table, tablename="agreement"):
    """What a decided project and the office sign, in that order.

    Once issued the content is frozen under its SHA-256; both scans are known by the code on the
    paper. `award` is what it became when it was activated.
    """

    id = c.key()
    number = c.text(unique=True)
    application = c.refers_to(Application)
    organisation = c.refers_to(Organisation)
    content = c.document()
    template_version = c.id_elsewhere()
    edition = c.number(default=1)
    digest = c.text(default="")
    state = c.text()
    agency_scan_sha256 = c.text(default="")
    agency_signed_at = c.maybe_moment()
    office_scan_sha256 = c.text(default="")
    office_signed_at = c.maybe_moment()
    award = c.may_refer_to(Award, unique=True)
    drawn_up_by_person = c.id_elsewhere()
    drawn_up_at = c.moment()
    activated_by_person = c.maybe_number()
    activated_at = c.maybe_moment()
    reason = c.text(default="")
    version = c.number(default=1)
    agreement_state = Check("state IN ('DRAFT','ISSUED','AGENCY_SIGNED','SIGNED','ACTIVE','VOID')")
    agreement_issued = Check("state IN ('DRAFT','VOID') OR digest <> ''")
    agreement_signed_in_order = Check(
        "(state NOT IN ('AGENCY_SIGNED','SIGNED','ACTIVE') OR agency_scan_sha256 <> '') "
        "AND (state NOT IN ('SIGNED','ACTIVE') OR office_scan_sha256 <> '')"
    )
    agreement_active = Check("(state = 'ACTIVE') = (award IS NOT NULL)")
    agreement_two_people = Check(
        "activated_by_person IS NULL OR activated_by_person <> drawn_up_by_person"
    )
    agreement_void = Check("state <> 'VOID' OR reason <> ''")
