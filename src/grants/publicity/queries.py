"""Reads of notices, their lines and the objections to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from grants.kernel.errors import NotFound
from grants.platform import crypto, db
from grants.platform.audit import Case
from grants.publicity.workflow import NoticeState, ObjectionState

#: The purpose under which the contacts of those who object are encrypted.
CONTACT_SECRET = "objection contact"
#: Notices in these states are everybody's.
PUBLIC = (NoticeState.PUBLISHED, NoticeState.ENDED, NoticeState.WITHDRAWN)


@dataclass(frozen=True)
class Notice:
    """A public notice; `case` is what it was drawn up for."""

    id: int
    number: str
    case: Case
    title: str
    body: str
    heads: Sequence[str]
    workdays: int
    verify_workdays: int
    office: str
    phone: str
    address: str
    state: str
    first_day: date | None
    last_day: date | None
    digest: str
    made_by_person: int
    maker: str
    publisher: str | None
    published_at: datetime | None
    withdrawn_reason: str
    version: int
    objections: int
    objections_open: int

    @property
    def is_public(self) -> bool:
        """Whether everybody may read it."""
        return self.state in PUBLIC


_NOTICE = """
SELECT n.id, n.number, n.case_kind, n.case_id, n.title, n.body, n.heads, n.workdays,
       n.verify_workdays, n.office,
       n.phone, n.address, n.state, n.first_day, n.last_day, n.digest, n.made_by_person,
       p.name AS maker, q.name AS publisher, n.published_at, n.withdrawn_reason, n.version,
       (SELECT count(*) FROM objection o WHERE o.notice = n.id) AS objections,
       (SELECT count(*) FROM objection o WHERE o.notice = n.id AND o.state = 'RECEIVED')
           AS objections_open
FROM public_notice n JOIN person p ON p.id = n.made_by_person
LEFT JOIN person q ON q.id = n.published_by_person
"""


def _notice(found: db.Row) -> Notice:
    given = dict(found)
    return Notice(case=Case(given.pop("case_kind"), given.pop("case_id")), **given)


async def notice(notice_id: int, *, lock: bool = False) -> Notice:
    """One notice in any state; raises NotFound."""
    if lock:
        await db.value("SELECT id FROM public_notice WHERE id = $1 FOR NO KEY UPDATE", notice_id)
    found = await db.row(_NOTICE + "WHERE n.id = $1", notice_id)
    if found is None:
        raise NotFound()
    return _notice(found)


async def published_notice(notice_id: int) -> Notice:
    """One notice as everybody may read it; raises NotFound before it is published."""
    found = await notice(notice_id)
    if not found.is_public:
        raise NotFound()
    return found


async def notices(*, public: bool = False, limit: int = 100) -> list[Notice]:
    """Notices, newest first; with `public` those that everybody may read."""
    states = list(PUBLIC) if public else [one for one in NoticeState if one != "DISCARDED"]
    found = await db.rows(
        _NOTICE + "WHERE n.state = ANY($1) ORDER BY n.id DESC LIMIT $2", states, limit
    )
    return [_notice(r) for r in found]


async def notices_for(case: Case) -> list[Notice]:
    """The notices drawn up for a case, newest first; discarded ones are left out."""
    found = await db.rows(
        _NOTICE + "WHERE n.case_kind = $1 AND n.case_id = $2 AND n.state <> 'DISCARDED' "
        "ORDER BY n.id DESC",
        case.kind,
        case.id,
    )
    return [_notice(r) for r in found]


async def running_notices() -> list[int]:
    """Ids of the notices whose period runs, oldest first."""
    found = await db.rows("SELECT id FROM public_notice WHERE state = 'PUBLISHED' ORDER BY id")
    return [r["id"] for r in found]


@dataclass(frozen=True)
class Entry:
    """One line of a notice's list."""

    id: int
    sequence: int
    case: Case
    cells: Sequence[str]
    open_objections: int
    upheld: bool


async def entries(notice_id: int) -> list[Entry]:
    """The lines of a notice in their order; an objection to all of it is open on each."""
    found = await db.rows(
        """
        SELECT e.id, e.sequence, e.case_kind, e.case_id, e.cells,
               (SELECT count(*) FROM objection o WHERE o.notice = e.notice
                 AND o.state = 'RECEIVED' AND (o.entry = e.id OR o.entry IS NULL))
                   AS open_objections,
               EXISTS (SELECT 1 FROM objection o WHERE o.entry = e.id AND o.state = 'UPHELD')
                   AS upheld
        FROM notice_entry e WHERE e.notice = $1 ORDER BY e.sequence
        """,
        notice_id,
    )
    return [
        Entry(
            r["id"],
            r["sequence"],
            Case(r["case_kind"], r["case_id"]),
            r["cells"],
            r["open_objections"],
            r["upheld"],
        )
        for r in found
    ]


@dataclass(frozen=True)
class Objection:
    """An objection as the office reads it; the contact stays sealed until asked for."""

    id: int
    number: str
    notice_id: int
    notice_number: str
    entry_id: int | None
    line: Sequence[str]
    name: str
    content: str
    channel: str
    received_on: date
    due_on: date
    state: str
    finding: str
    entered_by_person: int
    decider: str | None
    decided_at: datetime | None


_OBJECTION = """
SELECT o.id, o.number, o.notice AS notice_id, n.number AS notice_number, o.entry AS entry_id,
       coalesce(e.cells, '[]') AS line, o.name, o.content, o.channel, o.received_on, o.due_on,
       o.state, o.finding, o.entered_by_person, p.name AS decider, o.decided_at
FROM objection o JOIN public_notice n ON n.id = o.notice
LEFT JOIN notice_entry e ON e.id = o.entry
LEFT JOIN person p ON p.id = o.decided_by_person
"""


async def objections(notice_id: int) -> list[Objection]:
    """The objections to a notice, oldest first."""
    found = await db.rows(_OBJECTION + "WHERE o.notice = $1 ORDER BY o.id", notice_id)
    return [Objection(**r) for r in found]


async def objection(objection_id: int, *, lock: bool = False) -> Objection:
    """One objection; raises NotFound."""
    if lock:
        await db.value("SELECT id FROM objection WHERE id = $1 FOR NO KEY UPDATE", objection_id)
    found = await db.row(_OBJECTION + "WHERE o.id = $1", objection_id)
    if found is None:
        raise NotFound()
    return Objection(**found)


async def overdue_objections(on: date) -> list[Objection]:
    """Objections that should have been verified before a day."""
    found = await db.rows(
        _OBJECTION + "WHERE o.state = 'RECEIVED' AND o.due_on < $1 ORDER BY o.id", on
    )
    return [Objection(**r) for r in found]


async def contact_of(objection_id: int) -> str:
    """How whoever objected is reached; the caller records that it was read."""
    sealed = await db.value("SELECT contact FROM objection WHERE id = $1", objection_id)
    if sealed is None:
        raise NotFound()
    return crypto.decrypt(CONTACT_SECRET, sealed)


async def recent_from(network: str, since: datetime) -> int:
    """How many objections came from one network address since a moment."""
    return int(
        await db.value(
            "SELECT count(*) FROM objection WHERE network = $1 AND network <> '' "
            "AND entered_at >= $2",
            network,
            since,
        )
    )


@dataclass(frozen=True)
class Publicity:
    """How the last notice that names a case went; `objections` is NONE, OPEN, CLOSED or UPHELD."""

    notice_id: int
    number: str
    state: str
    first_day: date
    last_day: date
    objections: str

    @property
    def cleared(self) -> bool:
        """Whether the period has ended and nothing said against it stands or is open."""
        return self.state == NoticeState.ENDED and self.objections in ("NONE", "CLOSED")


async def publicity_of(case: Case) -> Publicity | None:
    """The last published notice that names a case, if there is one."""
    found = await db.row(
        """
        SELECT n.id AS notice_id, n.number, n.state, n.first_day, n.last_day,
               coalesce(array_agg(o.state) FILTER (WHERE o.id IS NOT NULL), '{}') AS states
        FROM notice_entry e JOIN public_notice n ON n.id = e.notice
        LEFT JOIN objection o ON o.notice = n.id AND (o.entry = e.id OR o.entry IS NULL)
        WHERE e.case_kind = $1 AND e.case_id = $2 AND n.state IN ('PUBLISHED', 'ENDED')
        GROUP BY n.id ORDER BY n.id DESC LIMIT 1
        """,
        case.kind,
        case.id,
    )
    if found is None:
        return None
    given: Mapping[str, object] = {k: v for k, v in found.items() if k != "states"}
    states = set(found["states"])
    stands = (
        "UPHELD"
        if ObjectionState.UPHELD in states
        else "OPEN"
        if ObjectionState.RECEIVED in states
        else "CLOSED"
        if states
        else "NONE"
    )
    return Publicity(**given, objections=stands)  # type: ignore[arg-type]
