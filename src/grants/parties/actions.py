"""What the office does with organisations and likely duplicates; accounts are in `accounts`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, RuleBroken
from grants.kernel.identifiers import is_phone, masked_phone, plain_identifier
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.parties import duplicates, queries, rules
from grants.parties.accounts import (
    AccountDetails,
    enter_account,
    refuse_account,
    retire_account,
    verify_account,
)
from grants.parties.imported import register_imported_organisations
from grants.parties.queries import PHONE_SECRET, Organisation
from grants.parties.rules import Grade, Inspection, Kind, Standing, plain_name
from grants.platform import crypto, db
from grants.platform.audit import Case, record

__all__ = [
    "AccountDetails",
    "OrganisationDetails",
    "change_organisation",
    "decide_duplicate",
    "enter_account",
    "flag_all_duplicates",
    "record_inspection",
    "refuse_account",
    "register_imported_organisations",
    "register_organisation",
    "retire_account",
    "set_grade",
    "set_standing",
    "verify_account",
]

_KNOWN = N_("An organisation with this credit code is on record already.")

db.explain_constraint("organisation_uscc_key", Conflict, "organisation.known", _KNOWN)
db.explain_constraint(
    "organisation_external_id_key",
    Conflict,
    "organisation.known_elsewhere",
    N_("An organisation with this number is on record already."),
)


@dataclass(frozen=True)
class OrganisationDetails:
    """What is written down about an organisation.

    `kind` None means what the credit code tells; `phone` "" leaves the present one.
    """

    name: str
    uscc: str | None = None
    kind: Kind | None = None
    town: str | None = None
    registered_on: date | None = None
    phone: str = ""


@dataclass(frozen=True)
class CheckedDetails:
    """Details as they are written: numbers plain, the kind settled."""

    name: str
    uscc: str | None
    kind: Kind
    town: str | None
    registered_on: date | None
    phone: str


def checked_details(details: OrganisationDetails) -> CheckedDetails:
    """The details, or the first rule they break."""
    uscc = plain_identifier(details.uscc) if details.uscc else None
    kind = details.kind or rules.implied_kind(uscc) or Kind.OTHER
    phone = plain_identifier(details.phone)
    if not plain_name(details.name):
        raise RuleBroken("organisation.name", N_("An organisation needs a name."))
    fault = (rules.uscc_fault(uscc) if uscc else None) or rules.kind_fault(kind, uscc)
    if fault:
        raise fault
    if phone and not is_phone(phone):
        raise RuleBroken("organisation.phone", N_("This is not a mobile number."))
    return CheckedDetails(
        details.name.strip(), uscc, kind, details.town or None, details.registered_on, phone
    )


def _phone_columns(phone: str) -> tuple[bytes | None, bytes | None, str | None]:
    if not phone:
        return None, None, None
    return (
        crypto.encrypt(PHONE_SECRET, phone),
        crypto.blind_index(PHONE_SECRET, phone),
        masked_phone(phone),
    )


async def register_organisation(
    actor: Actor,
    details: OrganisationDetails,
    *,
    external_id: str | None = None,
    is_demo: bool = False,
) -> int:
    """Put an organisation on record and flag what it looks like; answers its id.

    Raises RuleBroken for a wrong credit code, a kind that contradicts it or a wrong phone, and
    Conflict `organisation.known` for a code that is on record.
    """
    actor.need(P.ORGANISATION_EDIT)
    checked = checked_details(details)
    if checked.uscc is None and not external_id:
        raise RuleBroken("organisation.unidentified", N_("An organisation needs a credit code."))
    async with db.unit_of_work(actor):
        return await insert_organisation(actor, checked, external_id=external_id, is_demo=is_demo)


async def insert_organisation(
    actor: Actor,
    checked: CheckedDetails,
    *,
    external_id: str | None = None,
    is_demo: bool = False,
) -> int:
    """The same within the caller's unit of work."""
    organisation_id = await db.value(
        """
        INSERT INTO organisation (name, uscc, external_id, kind, town, registered_on, standing,
                                  standing_note, phone, phone_index, phone_masked, version,
                                  is_demo)
        VALUES ($1, $2, $3, $4, $5, $6, 'GOOD', '', $7, $8, $9, 1, $10) RETURNING id
        """,
        checked.name,
        checked.uscc,
        external_id,
        checked.kind,
        checked.town,
        checked.registered_on,
        *_phone_columns(checked.phone),
        is_demo,
    )
    await record(
        actor,
        Case("organisation", organisation_id),
        "register",
        facts={"name": checked.name, "number": checked.uscc or external_id},
    )
    await duplicates.flag("organisation", organisation_id)
    return int(organisation_id)


async def write_representative(actor: Actor, organisation_id: int, person_id: int | None) -> None:
    """Record who legally represents an organisation, within the caller's unit of work."""
    await db.execute(
        "UPDATE organisation SET representative = $2, version = version + 1 WHERE id = $1",
        organisation_id,
        person_id,
    )
    await record(
        actor,
        Case("organisation", organisation_id),
        "representative",
        facts={"person_id": person_id},
    )


async def _fresh(actor: Actor, organisation_id: int, seen_version: int) -> Organisation:
    """The locked organisation, if nobody changed it since the page was loaded."""
    organisation = await queries.organisation(actor, organisation_id, lock=True)
    if organisation.version != seen_version:
        raise Conflict(
            "organisation.stale",
            N_("Somebody changed “{name}” since you opened this page. Look again."),
            name=organisation.name,
        )
    return organisation


async def change_organisation(
    actor: Actor, organisation_id: int, details: OrganisationDetails, *, seen_version: int
) -> None:
    """Correct what is on record; the event keeps what stood before.

    Raises as `register_organisation`, and Conflict `organisation.stale` on a stale page.
    """
    actor.need(P.ORGANISATION_EDIT)
    checked = checked_details(details)
    async with db.unit_of_work(actor):
        before = await _fresh(actor, organisation_id, seen_version)
        if checked.uscc is None and before.external_id is None:
            raise RuleBroken(
                "organisation.unidentified", N_("An organisation needs a credit code.")
            )
        await db.execute(
            """
            UPDATE organisation SET name = $2, uscc = $3, kind = $4, town = $5, registered_on = $6,
                phone = coalesce($7, phone), phone_index = coalesce($8, phone_index),
                phone_masked = coalesce($9, phone_masked), version = version + 1
            WHERE id = $1
            """,
            organisation_id,
            checked.name,
            checked.uscc,
            checked.kind,
            checked.town,
            checked.registered_on,
            *_phone_columns(checked.phone),
        )
        changed = {
            name: [str(getattr(before, name) or ""), str(getattr(checked, name) or "")]
            for name in ("name", "uscc", "kind", "town", "registered_on")
            if (getattr(before, name) or None) != getattr(checked, name)
        }
        await record(
            actor,
            Case("organisation", organisation_id),
            "change",
            facts=changed | ({"phone": "changed"} if checked.phone else {}),
        )
        await duplicates.flag("organisation", organisation_id)


async def set_grade(
    actor: Actor,
    organisation_id: int,
    grade: Grade | None,
    expires_on: date | None,
    *,
    seen_version: int,
) -> None:
    """Record the assessed grade and its last day; None takes the grade away."""
    actor.need(P.ORGANISATION_EDIT)
    if (grade is None) != (expires_on is None):
        raise RuleBroken("organisation.grade_end", N_("A grade needs the last day it holds."))
    async with db.unit_of_work(actor):
        before = await _fresh(actor, organisation_id, seen_version)
        await db.execute(
            "UPDATE organisation SET grade = $2, grade_expires_on = $3, version = version + 1 "
            "WHERE id = $1",
            organisation_id,
            grade,
            expires_on,
        )
        await record(
            actor,
            Case("organisation", organisation_id),
            "grade",
            facts={"grade": [before.grade, grade], "expires_on": expires_on},
        )


async def record_inspection(
    actor: Actor,
    organisation_id: int,
    year: int,
    result: Inspection,
    *,
    seen_version: int,
    today: date,
) -> None:
    """Record the result of the annual inspection for `year`, which is over by then."""
    actor.need(P.ORGANISATION_EDIT)
    if not 2000 <= year < today.year:
        raise RuleBroken(
            "organisation.inspection_year",
            N_("An inspection is about a year that is over, {last} at the latest."),
            last=today.year - 1,
        )
    async with db.unit_of_work(actor):
        before = await _fresh(actor, organisation_id, seen_version)
        await db.execute(
            "UPDATE organisation SET inspection_year = $2, inspection_result = $3, "
            "version = version + 1 WHERE id = $1",
            organisation_id,
            year,
            result,
        )
        await record(
            actor,
            Case("organisation", organisation_id),
            "inspection",
            facts={"result": [before.inspection_result, result], "year": year},
        )


async def set_standing(
    actor: Actor, organisation_id: int, standing: Standing, note: str, *, seen_version: int
) -> None:
    """Record how the registering body lists it, and where that is written."""
    actor.need(P.ORGANISATION_EDIT)
    if not note.strip():
        raise RuleBroken("organisation.standing_note", N_("Say where this is written."))
    async with db.unit_of_work(actor):
        before = await _fresh(actor, organisation_id, seen_version)
        await db.execute(
            "UPDATE organisation SET standing = $2, standing_note = $3, version = version + 1 "
            "WHERE id = $1",
            organisation_id,
            standing,
            note.strip(),
        )
        await record(
            actor,
            Case("organisation", organisation_id),
            "standing",
            reason=note.strip(),
            facts={"standing": [before.standing, standing]},
        )


async def flag_all_duplicates(actor: Actor) -> int:
    """Look through everybody on record; answers how many new flags there are."""
    async with db.unit_of_work(actor):
        return await duplicates.flag()


async def decide_duplicate(actor: Actor, flag_id: int, *, same: bool, note: str) -> None:
    """Decide whether two records are one, for all reasons for which they were flagged.

    Raises NotAllowed without the right to edit records of their kind, NotFound, RuleBroken
    without a reason, Conflict when somebody has decided.
    """
    if not note.strip():
        raise RuleBroken("duplicate.reason_missing", N_("Give the reason in a few words."))
    state = "SAME" if same else "DIFFERENT"
    async with db.unit_of_work(actor):
        pair = await duplicates.duplicate(actor, flag_id)
        actor.need(duplicates.DECIDED_WITH[pair.kind])
        done = await db.execute(
            """
            UPDATE duplicate_flag SET state = $4, decided_by = $5, decided_at = $6,
                decision_note = $7
            WHERE subject_kind = $1 AND first_id = $2 AND second_id = $3 AND state = 'OPEN'
            """,
            pair.kind,
            pair.first_id,
            pair.second_id,
            state,
            actor.person_id,
            calendar.now(),
            note.strip(),
        )
        if done == "UPDATE 0":
            raise Conflict("duplicate.decided", N_("Somebody has decided on this already."))
        for one, other in ((pair.first_id, pair.second_id), (pair.second_id, pair.first_id)):
            await record(
                actor,
                Case(pair.kind, one),
                "same" if same else "different",
                reason=note.strip(),
                facts={"other_id": other, "reasons": list(pair.reasons)},
            )
