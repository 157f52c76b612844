"""Tables of the review: experts and their ties, panels, members, score sheets, the timetable."""

from __future__ import annotations

from piccolo.constraints import Check, Unique
from piccolo.table import Table

from grants.applications.tables import Application
from grants.calls.tables import CallRound
from grants.parties.tables import Organisation
from grants.people.tables import Person
from grants.platform import columns as c


class Expert(Table, tablename="expert"):
    """A person in the pool of experts; scores through an account with the expert's role."""

    id = c.key()
    person = c.refers_to(Person, unique=True)
    kind = c.text()
    themes = c.document("[]")
    employer = c.text(default="")
    is_active = c.flag(default=True)
    version = c.number(default=1)
    expert_kind = Check("kind IN ('FINANCE','SOCIAL_WORK','COMMUNITY','BUREAU','OTHER')")


class ExpertTie(Table, tablename="expert_tie"):
    """What ties an expert to an organisation: known to the office, or declared by himself."""

    id = c.key()
    expert = c.refers_to(Expert)
    organisation = c.refers_to(Organisation)
    kind = c.text()
    until = c.maybe_day()
    declared_by_himself = c.flag()
    recorded_by_person = c.id_elsewhere()
    recorded_at = c.moment()
    expert_tie_kind = Check("kind IN ('EMPLOYEE','DIRECTOR','SUPERVISOR','HOLDER','KIN')")
    expert_tie_once = Unique(["expert", "organisation", "kind"])


class Panel(Table, tablename="panel"):
    """A panel of a round, drawn from the pool by a recorded seed; scores certain categories.

    `pool` names every expert who was in the pool, who was kept away and why.
    """

    id = c.key()
    round = c.refers_to(CallRound)
    name = c.text()
    categories = c.document("[]")
    seed = c.text()
    pool = c.document("[]")
    state = c.text()
    drawn_by_person = c.id_elsewhere()
    drawn_at = c.moment()
    opened_at = c.maybe_moment()
    version = c.number(default=1)
    panel_state = Check("state IN ('DECLARING','DOCUMENTS','DEFENCE','OPENED','DISSOLVED')")
    panel_opened = Check("state <> 'OPENED' OR opened_at IS NOT NULL")


class PanelMember(Table, tablename="panel_member"):
    """An expert's seat in a panel: drawn, then declared without conflict, signed at the end.

    A substitute has the place in the draw that follows those before him.
    """

    id = c.key()
    panel = c.refers_to(Panel)
    expert = c.refers_to(Expert)
    place = c.number()
    is_chair = c.flag()
    state = c.text()
    declared_at = c.maybe_moment()
    reason = c.text(default="")
    documents_signed_at = c.maybe_moment()
    signed_at = c.maybe_moment()
    panel_member_once = Unique(["panel", "expert"])
    panel_member_state = Check("state IN ('DRAWN','CONFIRMED','RECUSED')")
    panel_member_signs_last = Check("signed_at IS NULL OR documents_signed_at IS NOT NULL")
    panel_member_recused_why = Check("state <> 'RECUSED' OR reason <> ''")


class Sheet(Table, tablename="score_sheet"):
    """What one member gives one application; sealed until every member has signed.

    `points` and `comments` by criterion, `defence` from 0 to 100 where the round has one.
    """

    id = c.key()
    panel = c.refers_to(Panel)
    member = c.refers_to(PanelMember)
    application = c.refers_to(Application)
    points = c.document()
    comments = c.document()
    defence = c.maybe_number()
    suggested_fen = c.fen(default=0)
    suggests = c.flag()
    comment = c.text(default="")
    state = c.text()
    reason = c.text(default="")
    version = c.number(default=1)
    saved_at = c.maybe_moment()
    score_sheet_once = Unique(["member", "application"])
    score_sheet_state = Check("state IN ('OPEN','RECUSED')")
    score_sheet_defence = Check("defence IS NULL OR defence BETWEEN 0 AND 100")
    score_sheet_suggested = Check("suggested_fen >= 0")
    score_sheet_recused_why = Check("state <> 'RECUSED' OR reason <> ''")


class ChairComment(Table, tablename="chair_comment"):
    """What the chair says about an application whose scores lie far apart."""

    id = c.key()
    panel = c.refers_to(Panel)
    application = c.refers_to(Application)
    comment = c.text()
    member = c.refers_to(PanelMember)
    written_at = c.moment()
    chair_comment_once = Unique(["panel", "application"])


class DefenceSlot(Table, tablename="defence_slot"):
    """When and where an application is presented; the order is drawn."""

    id = c.key()
    panel = c.refers_to(Panel)
    application = c.refers_to(Application)
    place = c.number()
    room = c.text()
    starts_at = c.moment()
    minutes = c.number()
    defence_slot_once = Unique(["panel", "application"])
    defence_slot_place = Unique(["panel", "place"])
    defence_slot_minutes = Check("minutes BETWEEN 1 AND 240")
