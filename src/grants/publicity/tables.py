"""Tables of public notices: the notice, the lines of its list, the objections to them."""

from __future__ import annotations

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grants.platform import columns as c


class PublicNotice(Table, tablename="public_notice"):
    """A notice (公示) of what shall be given to whom. Once published it never changes.

    `case_kind` and `case_id` name what it was drawn up for; `heads` those of its list.
    The digest is the SHA-256 of all that was published, attachments included.
    """

    id = c.key()
    number = c.text(unique=True)
    case_kind = c.text()
    case_id = c.id_elsewhere()
    title = c.text()
    body = c.text()
    heads = c.document("[]")
    workdays = c.number()
    verify_workdays = c.number()
    office = c.text()
    phone = c.text()
    address = c.text()
    state = c.text()
    first_day = c.maybe_day()
    last_day = c.maybe_day()
    digest = c.text(default="")
    made_by_person = c.id_elsewhere()
    published_by_person = c.maybe_number()
    published_at = c.maybe_moment()
    withdrawn_reason = c.text(default="")
    version = c.number(default=1)
    public_notice_state = Check("state IN ('DRAFT','PUBLISHED','ENDED','WITHDRAWN','DISCARDED')")
    public_notice_workdays = Check("workdays BETWEEN 1 AND 60 AND verify_workdays BETWEEN 1 AND 60")
    public_notice_period = Check("last_day IS NULL OR last_day > first_day")
    public_notice_published = Check(
        "state IN ('DRAFT','DISCARDED') OR (first_day IS NOT NULL AND last_day IS NOT NULL "
        "AND published_by_person IS NOT NULL AND digest <> '')"
    )
    public_notice_two_people = Check(
        "published_by_person IS NULL OR published_by_person <> made_by_person"
    )
    public_notice_withdrawn = Check("state <> 'WITHDRAWN' OR withdrawn_reason <> ''")


class NoticeEntry(Table, tablename="notice_entry"):
    """One line of a notice's list: the case that it is about, and its cells."""

    id = c.key()
    notice = c.refers_to(PublicNotice)
    sequence = c.number()
    case_kind = c.text()
    case_id = c.id_elsewhere()
    cells = c.document("[]")
    notice_entry_once = Unique(["notice", "case_kind", "case_id"])
    notice_entry_sequence = Unique(["notice", "sequence"])


class Objection(Table, tablename="objection"):
    """What somebody says by name against a line of a notice, or against all of it.

    The name stands in the clear for the office alone; telephone and address are encrypted.
    """

    id = c.key()
    number = c.text(unique=True)
    notice = c.refers_to(PublicNotice)
    entry = c.may_refer_to(NoticeEntry)
    name = c.text()
    contact = c.secret()
    content = c.text()
    channel = c.text()
    received_on = c.day()
    due_on = c.day()
    state = c.text()
    finding = c.text(default="")
    network = c.text(default="")
    entered_by_person = c.id_elsewhere()
    entered_at = c.moment()
    decided_by_person = c.maybe_number()
    decided_at = c.maybe_moment()
    objection_channel = Check("channel IN ('ONLINE','LETTER','VISIT','PHONE')")
    objection_state = Check("state IN ('RECEIVED','UPHELD','DISMISSED','TAKEN_BACK')")
    objection_named = Check("name <> '' AND content <> ''")
    objection_decided = Check(
        "(state = 'RECEIVED') = (decided_at IS NULL) AND (state = 'RECEIVED' OR finding <> '')"
    )
    objection_upheld_names_a_line = Check("state <> 'UPHELD' OR entry IS NOT NULL")
