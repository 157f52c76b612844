"""Who registers for an organisation, who confirms it, and whom an agency brings in itself."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from grants.agencies import actions, queries
from grants.agencies.actions import Registered
from grants.demo.names import demo_resident_id
from grants.kernel.errors import Conflict, NotAllowed, NotFound, RuleBroken
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.parties import queries as parties
from grants.parties.actions import OrganisationDetails
from grants.people.enrolment import NewColleague
from grants.people.queries import account
from grants.platform import files
from grants.platform.audit import Case
from tests.app import send, visiting
from tests.world import DAY, add_actor, bureau, furnished

pytestmark = pytest.mark.usefixtures("empty")

USCC = "52320585MJ9000014P"
PASSWORD = "Taicang-2026"
PDF = b"%PDF-1.7\n" + b"x" * 100


def person(n: int = 1, **changes: str) -> NewColleague:
    made = NewColleague(
        name=f"示例·许{n}",
        username=f"xu{n}",
        password=PASSWORD,
        id_number=demo_resident_id(n),
        phone="13800000001",
    )
    return replace(made, **changes)


async def register(n: int = 1, *, uscc: str = USCC, representative: bool = True) -> Registered:
    return await actions.register(
        OrganisationDetails("示例新风社会工作服务中心", uscc),
        person(n),
        is_representative=representative,
        address="10.0.0.1",
    )


async def actor_of(done: Registered) -> Actor:
    return Actor(
        done.user_id,
        done.person_id,
        "示例·许1",
        frozenset({Role.APPLICANT_ORG}),
        organisation_id=done.organisation_id,
    )


async def is_open(user_id: int) -> bool:
    return (await account(user_id, DAY)).is_active


async def test_a_new_organisation_begins_at_once() -> None:
    world = await bureau()
    done = await register()
    assert done.usable and await is_open(done.user_id)
    assert not await queries.is_confirmed(done.organisation_id)
    found = await queries.registrations(world[Role.OFFICER], ["PENDING"])
    await actions.decide_registration(world[Role.OFFICER], found[0].id, "confirm")
    assert await queries.is_confirmed(done.organisation_id)
    assert await queries.representative_of(done.organisation_id) == (done.person_id, "示例·许1")


async def test_an_organisation_on_record_lets_nobody_in_unconfirmed() -> None:
    world = await bureau()
    first = await register()
    second = await register(2, representative=False)
    assert not second.usable and not await is_open(second.user_id)
    assert second.organisation_id == first.organisation_id
    await actions.decide_registration(await actor_of(first), second.registration_id, "confirm")
    assert await is_open(second.user_id)
    assert len(await queries.registrations(world[Role.OFFICER], ["PENDING"])) == 1


async def test_a_second_representative_is_confirmed_by_the_office_alone() -> None:
    world = await bureau()
    first, second = await register(), await register(2)
    with pytest.raises(NotAllowed, match="not_representative"):
        await actions.decide_registration(await actor_of(first), second.registration_id, "confirm")
    await actions.decide_registration(world[Role.OFFICER], second.registration_id, "confirm")
    representative = await queries.representative_of(first.organisation_id)
    assert representative is not None and representative[0] == second.person_id


async def test_nobody_confirms_himself() -> None:
    await bureau()
    done = await register()
    with pytest.raises(NotAllowed):
        await actions.decide_registration(await actor_of(done), done.registration_id, "confirm")


async def test_other_agencies_are_not_found() -> None:
    await bureau()
    done = await register()
    other = await register(2, uscc="51320585MJ9000022M")
    with pytest.raises(NotFound):
        await actions.decide_registration(await actor_of(other), done.registration_id, "confirm")


async def test_refusing_gives_its_reason_and_closes_the_account() -> None:
    world = await bureau()
    done = await register()
    with pytest.raises(RuleBroken, match=r"registration\.reason"):
        await actions.decide_registration(world[Role.OFFICER], done.registration_id, "refuse")
    await actions.decide_registration(
        world[Role.OFFICER], done.registration_id, "refuse", note="证书与机构不符"
    )
    assert not await is_open(done.user_id)
    assert await queries.representative_of(done.organisation_id) is None


async def test_nobody_of_the_office_registers_for_an_agency() -> None:
    await bureau()
    officer = await add_actor(Role.FIN_OFFICER, name="示例·会计")
    await _give_id(officer, demo_resident_id(1))
    with pytest.raises(RuleBroken, match="agency_in_office"):
        await actions.register(
            OrganisationDetails("示例新风社会工作服务中心", USCC),
            person(1, name="示例·会计"),
            is_representative=True,
        )


async def _give_id(actor: Actor, number: str) -> None:
    from grants.platform import crypto, db

    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "UPDATE person SET id_number_index = $2 WHERE id = $1",
            actor.person_id,
            crypto.blind_index("id_number", number),
        )


async def test_a_known_id_number_with_another_name_is_refused_and_nothing_is_written() -> None:
    await bureau()
    await register()
    with pytest.raises(Conflict, match="other_name"):
        await actions.register(
            OrganisationDetails("示例他家社会工作服务中心", "51320585MJ9000022M"),
            person(1, name="示例·别人", username="other"),
            is_representative=True,
        )
    assert await queries.organisation_with_code("51320585MJ9000022M") is None


async def test_an_hour_takes_only_so_many_registrations_from_one_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await bureau()
    monkeypatch.setattr(actions, "_MOST_AN_HOUR", 1)
    await register()
    with pytest.raises(RuleBroken, match="too_many"):
        await register(2)


async def test_the_representative_brings_colleagues_in_and_lets_them_go() -> None:
    await bureau()
    done = await register()
    boss = await actor_of(done)
    user = await actions.bring_in(boss, person(5))
    colleague = replace(boss, user_id=user, person_id=999)
    with pytest.raises(NotAllowed, match="not_representative"):
        await actions.bring_in(colleague, person(6))
    with pytest.raises(NotAllowed, match="own_account"):
        await actions.let_go(boss, done.user_id, reason="试试")
    await actions.let_go(boss, user, reason="离职")
    assert not await is_open(user)
    with pytest.raises(NotFound):
        await actions.let_go(boss, user, reason="离职")


async def test_the_office_records_a_representative_among_its_people_only() -> None:
    world = await furnished()
    agency = await add_actor(
        Role.APPLICANT_ORG, name="示例·理事长", organisation_id=world.organisation
    )
    await actions.set_representative(world[Role.OFFICER], world.organisation, agency.person_id)
    assert (await queries.representative_of(world.organisation) or (0,))[0] == agency.person_id
    with pytest.raises(NotFound):
        await actions.set_representative(
            world[Role.OFFICER], world.organisation, world[Role.CASHIER].person_id
        )


FORM = {
    "name": "示例新风社会工作服务中心",
    "uscc": USCC,
    "town": "城厢镇",
    "registered_on": "2019-03-01",
    "person_name": "示例·许1",
    "id_number": demo_resident_id(1),
    "phone": "13800000001",
    "username": "xu1",
    "password": PASSWORD,
    "is_representative": "on",
    "agrees": "on",
}


async def sent(form: dict[str, str], certificate: bytes = PDF) -> httpx.Response:
    async with visiting() as client:
        await client.get("/register")
        return await send(
            client,
            "/register",
            form,
            files={"certificate": ("证书.pdf", certificate, "application/pdf")},
        )


async def test_an_organisation_registers_on_the_public_page() -> None:
    world = await bureau()
    assert (await sent(FORM)).status_code == 303
    organisation = await queries.organisation_with_code(USCC)
    assert organisation is not None
    papers = await files.list_attachments(Case("organisation", organisation))
    assert [paper.purpose for paper in papers] == ["certificate"]
    assert (await parties.organisation(world[Role.OFFICER], organisation)).town == "城厢镇"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("uscc", "52320585MJ9000014X"),
        ("id_number", "320585198506129970"),
        ("phone", "12345"),
        ("username", "有空格 的"),
        ("password", "short"),
        ("registered_on", "yesterday"),
        ("agrees", ""),
        ("name", ""),
    ],
)
async def test_a_wrong_entry_is_said_beside_its_field_and_nothing_is_lost(
    field: str, value: str
) -> None:
    await bureau()
    got = await sent({**FORM, field: value})
    assert got.status_code == 422
    assert f'id="{field}-error"' in got.text
    assert PASSWORD not in got.text
    if field != "name":
        assert FORM["name"] in got.text
    assert await queries.organisation_with_code(USCC) is None


async def test_a_certificate_that_is_no_paper_is_refused_before_anything_is_written() -> None:
    await bureau()
    got = await sent(FORM, b"MZ this is a program")
    assert got.status_code == 422 and 'id="certificate-error"' in got.text
    assert await queries.organisation_with_code(USCC) is None


async def test_a_taken_user_name_is_said_beside_its_field() -> None:
    await bureau()
    await register()
    got = await sent({**FORM, "uscc": "51320585MJ9000022M", "id_number": demo_resident_id(9)})
    assert got.status_code == 422 and 'id="username-error"' in got.text
