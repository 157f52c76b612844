"""Tables of the plumbing: history, events, duties, policies, attachments, inbox, mail, jobs."""

from __future__ import annotations

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grants.platform import columns as c


class NumberSeries(Table, tablename="number_series"):
    """Counters of document numbers; gapless because the row is locked while counting."""

    id = c.key()
    series = c.text(unique=True)
    last = c.number()


class RowHistory(Table, tablename="row_history"):
    """Every change of every row, written by a trigger alone."""

    id = c.key()
    table_name = c.text()
    row_id = c.id_elsewhere()
    operation = c.text()
    before = c.document()
    after = c.document()
    user_id = c.id_elsewhere()
    request_id = c.text(default="")
    at = c.moment()


class HistorySeal(Table, tablename="history_seal"):
    """SHA-256 over a block of the row history, chained to the block before."""

    id = c.key()
    first_id = c.id_elsewhere()
    last_id = c.id_elsewhere()
    digest = c.text(unique=True)
    sealed_at = c.moment()
    history_seal_range = Check("first_id <= last_id")


class CaseEvent(Table, tablename="case_event"):
    """Why something happened: one act on one case, with its reason."""

    id = c.key()
    case_kind = c.text()
    case_id = c.id_elsewhere()
    verb = c.text()
    state_before = c.maybe_text()
    state_after = c.maybe_text()
    reason = c.text(default="")
    facts = c.document()
    user_id = c.id_elsewhere()
    person_id = c.id_elsewhere()
    role = c.maybe_text()
    delegation_id = c.maybe_number()
    request_id = c.text(default="")
    at = c.moment()


class HeldDuty(Table, tablename="held_duty"):
    """One natural person holds at most one duty on one case (separation of duties)."""

    id = c.key()
    case_kind = c.text()
    case_id = c.id_elsewhere()
    person_id = c.id_elsewhere()
    duty = c.text()
    held_duty_one_per_person = Unique(["case_kind", "case_id", "person_id"])


class PolicyVersion(Table, tablename="policy_version"):
    """A rule's figures by date; bodies are pydantic models, one per kind."""

    id = c.key()
    kind = c.text()
    scope = c.text(default="")
    starts_on = c.day()
    ends_on = c.maybe_day()
    body = c.document()
    legal_basis = c.text()
    mark = c.text()
    policy_version_mark = Check("mark IN ('seed', 'V', 'V-x', 'K', 'D')")
    policy_version_dates = Check("ends_on IS NULL OR ends_on > starts_on")


class Attachment(Table, tablename="attachment"):
    """A file that belongs to a case; its content lies under its SHA-256."""

    id = c.key()
    case_kind = c.text()
    case_id = c.id_elsewhere()
    purpose = c.text(default="")
    name = c.text()
    media_type = c.text()
    size_bytes = c.large_number()
    sha256 = c.text(index=True)
    user_id = c.id_elsewhere()
    uploaded_at = c.moment()
    attachment_size = Check("size_bytes > 0 AND size_bytes <= 20971520")
    attachment_once = Unique(["case_kind", "case_id", "sha256"])


class InboxMessage(Table, tablename="inbox_message"):
    """A message to one user, sent once for its key."""

    id = c.key()
    user_id = c.id_elsewhere()
    message_key = c.text()
    message = c.text()
    params = c.document()
    link = c.text()
    sent_at = c.moment()
    read_at = c.maybe_moment()
    inbox_message_once = Unique(["user_id", "message_key"])


class Mail(Table, tablename="mail"):
    """A message of the inbox on its way to one address; `subject` and `body` as they are sent.

    `next_try_at` is also how long a sender has it to himself.
    """

    id = c.key()
    user_id = c.id_elsewhere()
    message_key = c.text()
    address = c.text()
    subject = c.text()
    body = c.text()
    state = c.text()
    tries = c.number(default=0)
    last_error = c.text(default="")
    queued_at = c.moment()
    next_try_at = c.moment()
    sent_at = c.maybe_moment()
    mail_once = Unique(["user_id", "message_key"])
    mail_state = Check("state IN ('WAITING','SENT','FAILED')")
    mail_sent = Check("(state = 'SENT') = (sent_at IS NOT NULL)")


class JobRun(Table, tablename="job_run"):
    """One run of one job for one period: two schedulers do it once."""

    id = c.key()
    job = c.text()
    period = c.text()
    started_at = c.moment()
    finished_at = c.maybe_moment()
    outcome = c.maybe_text()
    job_run_once = Unique(["job", "period"])
