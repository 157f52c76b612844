"""Tables of applications: drafts in sections, what was submitted, how it was screened."""

from __future__ import annotations

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grants.calls.tables import CallRevision, CallRound, Need
from grants.parties.tables import Organisation
from grants.platform import columns as c


class Application(Table, tablename="application"):
    """A project for which an agency asks money in a round.

    `title` to `ends_on` follow the draft's sections, so that lists need not read them;
    `revision` names the terms under which it was submitted.
    """

    id = c.key()
    number = c.text(unique=True)
    round = c.refers_to(CallRound)
    organisation = c.refers_to(Organisation)
    need = c.may_refer_to(Need)
    title = c.text(default="")
    category = c.text(default="")
    theme = c.text(default="")
    community = c.text(default="")
    asked_fen = c.fen(default=0)
    own_fen = c.fen(default=0)
    starts_on = c.maybe_day()
    ends_on = c.maybe_day()
    state = c.text()
    revision = c.may_refer_to(CallRevision)
    submitted_at = c.maybe_moment()
    supplement_until = c.maybe_day()
    supplement_note = c.text(default="")
    created_by_person = c.id_elsewhere()
    created_at = c.moment()
    version = c.number(default=1)
    application_state = Check(
        "state IN ('DRAFT','DISCARDED','LAPSED','SUBMITTED','SUPPLEMENT','ELIGIBLE','INELIGIBLE',"
        "'PROPOSED','RESERVE','REJECTED','APPROVED','DROPPED','AWARDED')"
    )
    application_submitted = Check(
        "state IN ('DRAFT','DISCARDED','LAPSED') "
        "OR (submitted_at IS NOT NULL AND revision IS NOT NULL)"
    )
    application_supplement = Check("state <> 'SUPPLEMENT' OR supplement_until IS NOT NULL")
    application_amounts = Check("asked_fen >= 0 AND own_fen >= 0")


class ApplicationSection(Table, tablename="application_section"):
    """One section of a draft as it was typed: field by field, right or wrong."""

    id = c.key()
    application = c.refers_to(Application)
    section = c.text()
    typed = c.document()
    whole = c.flag()
    version = c.number(default=1)
    saved_by_person = c.id_elsewhere()
    saved_at = c.moment()
    application_section_once = Unique(["application", "section"])


class Submission(Table, tablename="submission"):
    """What was submitted, word for word, with its SHA-256; a later one replaces none."""

    id = c.key()
    application = c.refers_to(Application)
    sequence = c.number()
    revision = c.refers_to(CallRevision)
    content = c.document()
    digest = c.text()
    declared_by_person = c.id_elsewhere()
    submitted_at = c.moment()
    submission_once = Unique(["application", "sequence"])


class Screening(Table, tablename="screening"):
    """A verdict of the office on a submission, with what every check found."""

    id = c.key()
    application = c.refers_to(Application)
    submission = c.refers_to(Submission)
    verdict = c.text()
    findings = c.document("[]")
    reason = c.text(default="")
    decided_by_person = c.id_elsewhere()
    decided_at = c.moment()
    screening_verdict = Check("verdict IN ('PASS','FAIL','SUPPLEMENT','RECONSIDER')")
    screening_reason = Check("verdict = 'PASS' OR reason <> ''")
