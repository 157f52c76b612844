"""Natural persons that come along with a list: found by their id numbers, added at once.

Set-based, inside the unit of work of whoever brings the list. Numbers are found by their
keyed index and kept encrypted; no question and no answer here is ever logged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grants.kernel.errors import N_, RuleBroken
from grants.kernel.identifiers import is_resident_id, last_four, plain_identifier
from grants.kernel.identity import Actor, Permission
from grants.platform import crypto, db
from grants.platform.audit import record_all


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person on record, as far as a list recognises them."""

    id: int
    name: str


async def persons_on_record(id_numbers: Sequence[str]) -> dict[str, KnownPerson]:
    """The persons on record, each by the id number that was asked for."""
    asked = {
        crypto.blind_index("id_number", plain_identifier(number)): number for number in id_numbers
    }
    found = await db.rows(
        "SELECT id, name, id_number_index FROM person WHERE id_number_index = ANY($1::bytea[]) "
        "ORDER BY id",
        list(asked),
    )
    return {asked[bytes(r["id_number_index"])]: KnownPerson(r["id"], r["name"]) for r in found}


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person that a list brings."""

    name: str
    id_number: str = field(repr=False)


async def add_persons(
    actor: Actor, new: Sequence[NewPerson], facts: Mapping[str, object]
) -> list[int]:
    """Add persons within the caller's unit of work; answers their ids in the same order.

    They have no account and no bank account: nothing is paid to them before one is verified.
    Raises NotAllowed, RuleBroken for a wrong number, Conflict where a number is known.
    """
    actor.need(Permission.AWARD_IMPORT)
    if not new:
        return []
    if not all(is_resident_id(person.id_number) for person in new):
        raise RuleBroken("person.id_number", N_("This is not a valid resident id number."))
    numbers = [plain_identifier(person.id_number) for person in new]
    found = await db.rows(
        """
        WITH given AS (
            SELECT g.*, nextval(pg_get_serial_sequence('person', 'id')) AS id
            FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[])
                 WITH ORDINALITY AS g(name, id_number, id_number_index, last4, place)
        ), added AS (
            INSERT INTO person (id, name, id_number, id_number_index, id_number_last4, is_demo)
            SELECT id, name, id_number, id_number_index, last4, false FROM given ORDER BY place
        )
        SELECT id FROM given ORDER BY place
        """,
        [person.name for person in new],
        [crypto.encrypt("id_number", number) for number in numbers],
        [crypto.blind_index("id_number", number) for number in numbers],
        [last_four(number) for number in numbers],
    )
    ids = [int(r["id"]) for r in found]
    await record_all(actor, "person", "import", [(i, None, facts) for i in ids])
    return ids
