"""Natural persons as payees: found by their numbers, encrypted, never shown in full."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date

import pytest

from grants.awards import queries as awards
from grants.imports.actions import run_import
from grants.imports.columns import all_fields
from grants.imports.report import ImportOptions, ImportReport
from grants.imports.template import column_title
from grants.kernel.errors import NotAllowed
from grants.kernel.identity import Role
from grants.people import actions as people
from grants.people.imported import NewPerson, add_persons, persons_on_record
from grants.platform import crypto, db
from grants.platform.sheets import Column, write_sheet
from tests.imports.office import Office
from tests.world import World, furnished

pytestmark = pytest.mark.usefixtures("empty")

ID_NUMBER = "320585198506129971"
OTHER_NUMBER = "32058519900101003X"
GRANT = {
    "external_id": "P-1",
    "title": "先进个人奖励",
    "payee_name": "示例·顾敏",
    "id_number": ID_NUMBER,
    "amount": "5000",
    "decided_on": "2024-03-01",
}


def template(*lines: Mapping[str, str], lang: str = "zh") -> bytes:
    """The template as somebody has filled it in."""
    columns = [Column(field, column_title(field, lang)) for field in all_fields()]
    empty = dict.fromkeys(all_fields(), "")
    return write_sheet("清单", columns, [{**empty, **line} for line in lines])


async def run(
    world: World, content: bytes, name: str = "p.xlsx", *, skip: bool = False
) -> ImportReport:
    options = ImportOptions(programme="NH", fund="G", skip_refused=skip)
    return await run_import(world[Role.OFFICER], name, content, options, today=date(2026, 6, 15))


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_an_award_to_a_person_comes_in_by_the_template(lang: str) -> None:
    world = await furnished()
    report = await run(world, template(GRANT, lang=lang))
    assert (report.state, report.accepted, report.new_payees) == ("DONE", 1, 1)
    (award,) = await awards.awards(world[Role.OFFICER], awards.AwardFilter())
    person_id = await people.find_person(ID_NUMBER)
    assert (award.person_id, award.organisation_id) == (person_id, None)
    assert award.payee_name == "示例·顾敏"


async def test_a_persons_number_is_kept_encrypted() -> None:
    world = await furnished()
    await run(world, template(GRANT))
    kept = await db.row(
        "SELECT id_number, id_number_last4 FROM person WHERE id_number_index = $1",
        crypto.blind_index("id_number", ID_NUMBER),
    )
    assert kept is not None
    assert crypto.decrypt("id_number", kept["id_number"]) == ID_NUMBER
    assert kept["id_number_last4"] == "9971"


async def test_no_row_of_any_table_holds_the_number() -> None:
    world = await furnished()
    wrong = {**GRANT, "external_id": "P-2", "id_number": "", "uscc": ID_NUMBER}
    report = await run(world, template(GRANT, wrong), skip=True)
    assert (report.accepted, report.refused) == (1, 1)
    tables = await db.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    holding = [
        r["tablename"]
        for r in tables
        if await db.value(
            f'SELECT count(*) FROM "{r["tablename"]}" t WHERE strpos(t::text, $1) > 0', ID_NUMBER
        )
    ]
    assert holding == []


async def test_pages_show_the_last_four_characters_only() -> None:
    world = await furnished()
    office = Office(world, Role.OFFICER)
    async with office.browser:
        shown = (await office.look(template(GRANT), name="p.xlsx")).text
    assert "••••9971" in shown and "示例·顾敏" in shown
    assert ID_NUMBER not in shown and ID_NUMBER[:14] not in shown


async def test_a_person_on_record_is_not_added_again() -> None:
    world = await furnished()
    known = await people.add_person(world[Role.OFFICER], "示例·顾敏", id_number=ID_NUMBER)
    before = await db.value("SELECT count(*) FROM person")
    report = await run(world, template(GRANT, {**GRANT, "external_id": "P-2"}))
    assert (report.accepted, report.new_payees) == (2, 0)
    assert await db.value("SELECT count(*) FROM person") == before
    assert await db.value("SELECT count(*) FROM award WHERE person = $1", known) == 2


async def test_a_csv_with_persons_and_organisations_comes_in_together() -> None:
    world = await furnished()
    content = (
        "编号,名称,收款单位,身份证号,金额,决定日期\n"
        f"A,甲,示例晨曦社会工作服务中心,,1,2024-01-01\n"
        f"B,乙,示例·新人,{OTHER_NUMBER.lower()},1,2024-01-01"
    )
    report = await run(world, content.encode(), "p.csv")
    assert (report.state, report.accepted) == ("DONE", 2)
    assert await people.find_person(OTHER_NUMBER) is not None


async def test_a_number_that_the_spreadsheet_shortened_is_refused() -> None:
    world = await furnished()
    content = "编号,名称,收款单位,身份证号,金额,决定日期\nB,乙,示例·新人,3.20585E+17,1,2024-01-01"
    report = await run(world, content.encode(), "p.csv")
    assert [r.code for r in report.rows[0].reasons] == ["import.digits_lost", "import.id_number"]


async def test_the_same_list_of_persons_again_changes_nothing() -> None:
    world = await furnished()
    await run(world, template(GRANT))
    again = await run(world, template(GRANT))
    assert (again.state, again.unchanged, again.rows[0].reasons) == ("UNCHANGED", 1, ())


def _giving(**individual: str) -> bytes:
    grant = {
        "id": "360G-X-1",
        "title": "A grant",
        "currency": "CNY",
        "amountAwarded": 15000,
        "awardDate": "2015-06-10",
        "recipientIndividual": [individual],
    }
    return json.dumps({"grants": [grant]}).encode()


async def test_a_360giving_grant_to_a_person_without_a_number_is_refused() -> None:
    world = await furnished()
    report = await run(world, _giving(id="360G-X-IND-1", name="示例·顾敏"), "g.json")
    assert (report.state, report.rows[0].reasons[0].code) == ("REFUSED", "import.individual")


async def test_a_360giving_grant_to_a_person_with_a_number_comes_in() -> None:
    world = await furnished()
    report = await run(world, _giving(id=ID_NUMBER, name="示例·顾敏"), "g.json")
    assert (report.state, report.rows[0].payee_last4) == ("DONE", "9971")
    assert await people.find_person(ID_NUMBER) is not None


async def test_persons_come_in_through_who_may_import_only() -> None:
    world = await furnished()
    with pytest.raises(NotAllowed):
        async with db.unit_of_work(world[Role.CASHIER]):
            await add_persons(world[Role.CASHIER], [NewPerson("示例·顾敏", ID_NUMBER)], {})
    assert await persons_on_record([ID_NUMBER]) == {}
