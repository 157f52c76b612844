"""Persons: encrypted, found by number, unmasked for a reason."""

from __future__ import annotations

import json

import pytest

from grants.kernel.errors import Conflict, NotAllowed, Refusal, RuleBroken
from grants.kernel.identity import Actor, Role
from grants.people import actions
from grants.platform import access, crypto, db
from grants.platform.audit import Case, timeline
from tests.people.office import (
    ID_NUMBER,
    PASSWORD,
)
from tests.world import (
    add_actor,
)

pytestmark = pytest.mark.usefixtures("empty")


async def test_an_id_number_stands_nowhere_in_the_clear(admin: Actor) -> None:
    person = await actions.add_person(admin, "示例·赵六", id_number=ID_NUMBER, phone="13800000000")
    row = await db.row("SELECT * FROM person WHERE id = $1", person)
    history = await db.rows("SELECT * FROM row_history WHERE table_name = 'person'")
    events = await db.rows("SELECT * FROM case_event")
    assert row is not None and history and events
    kept = [b"".join(v for v in row.values() if isinstance(v, bytes)).decode("latin-1")]
    kept += [json.dumps([str(v) for v in r.values()]) for r in (row, *history, *events)]
    for secret in (ID_NUMBER, "13800000000"):
        assert not any(secret in text or secret.encode().hex() in text for text in kept)
    assert crypto.decrypt("id_number", row["id_number"]) == ID_NUMBER
    assert (row["id_number_last4"], row["phone_masked"]) == ("002X", "138****0000")


@pytest.mark.parametrize(
    "written", [ID_NUMBER.lower(), "１１０１０５１９４９１２３１００２ｘ", " 110105 19491231 002X "]
)
async def test_a_person_is_found_however_the_number_is_written(admin: Actor, written: str) -> None:
    person = await actions.add_person(admin, "示例·赵六", id_number=ID_NUMBER)
    assert await actions.find_person(written) == person


async def test_a_person_is_known_once(admin: Actor) -> None:
    await actions.add_person(admin, "示例·赵六", id_number=ID_NUMBER)
    with pytest.raises(Refusal) as refused:
        await actions.add_person(admin, "示例·赵六", id_number=ID_NUMBER.lower())
    assert refused.value.status == 409
    assert await db.value("SELECT count(*) FROM person WHERE name = '示例·赵六'") == 1


async def test_persons_without_a_number_do_not_collide(admin: Actor) -> None:
    first = await actions.add_person(admin, "示例·赵六")
    assert await actions.add_person(admin, "示例·赵六") != first


async def test_a_refused_account_leaves_no_person_behind(zhang: Actor, admin: Actor) -> None:
    with pytest.raises(Conflict) as refused:
        await actions.open_account(admin, name="示例·赵六", username="zhang", password=PASSWORD)
    assert refused.value.code == "people.name_taken"
    assert await db.value("SELECT count(*) FROM person WHERE name = '示例·赵六'") == 0


async def test_an_id_number_of_another_name_opens_no_account(admin: Actor) -> None:
    await actions.add_person(admin, "示例·赵六", id_number=ID_NUMBER)
    with pytest.raises(Conflict) as refused:
        await actions.open_account(
            admin, name="示例·钱七", username="qian", password=PASSWORD, id_number=ID_NUMBER
        )
    assert refused.value.code == "person.other_name"


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ({"id_number": "110105194912310021"}, "person.id_number"),
        ({"phone": "23800000000"}, "person.phone"),
    ],
)
async def test_a_wrong_number_is_refused(admin: Actor, numbers: dict[str, str], code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        await actions.add_person(admin, "示例·赵六", **numbers)  # type: ignore[arg-type]
    assert refused.value.code == code


async def test_unmasking_shows_the_numbers_and_keeps_the_reason(admin: Actor) -> None:
    person = await actions.add_person(admin, "示例·赵六", id_number=ID_NUMBER, phone="13800000000")
    auditor = await add_actor(Role.AUDITOR, name="示例·审计")
    assert await actions.unmask(auditor, person, reason="核对补贴名单") == (
        ID_NUMBER,
        "13800000000",
    )
    [event, *_] = await timeline(Case("person", person))
    assert (event.verb, event.reason, event.who) == ("unmask", "核对补贴名单", "示例·审计")


async def test_unmasking_needs_a_reason(admin: Actor) -> None:
    person = await actions.add_person(admin, "示例·赵六", id_number=ID_NUMBER)
    auditor = await add_actor(Role.AUDITOR, name="示例·审计")
    with pytest.raises(RuleBroken):
        await actions.unmask(auditor, person, reason="  看  ")
    verbs = [event.verb for event in await timeline(Case("person", person))]
    assert "unmask" not in verbs


async def test_unmasking_needs_the_permission(admin: Actor) -> None:
    person = await actions.add_person(admin, "示例·赵六", id_number=ID_NUMBER)
    officer = await add_actor(Role.OFFICER, name="示例·经办人")
    with pytest.raises(NotAllowed):
        await actions.unmask(officer, person, reason="核对补贴名单")


def test_the_cookie_of_a_session_is_closed_to_scripts_and_other_sites() -> None:
    cookie = access.session_cookie("t")
    assert (cookie.httponly, cookie.samesite, cookie.path) == (True, "lax", "/")
