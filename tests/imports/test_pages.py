"""The pages of the import, from the upload to the result."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from grants.imports.background import finish_imports
from grants.imports.columns import all_fields
from grants.kernel.identity import Actor, Role
from grants.platform import db
from grants.platform.sheets import read_sheet
from tests.imports.office import CHOICE, GOOD, HEAD, MIXED, Office, fields_of
from tests.world import furnished

pytestmark = pytest.mark.usefixtures("empty")


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    """The case officer's browser."""
    office = Office(await furnished(), Role.OFFICER)
    async with office.browser:
        yield office


async def test_the_upload_page_offers_programmes_funds_and_the_template(office: Office) -> None:
    shown = await office.browser.get("/imports/new")
    assert shown.status_code == 200
    assert all(t in shown.text for t in ('value="NH"', 'value="G"', "/imports/template.xlsx"))


async def test_the_template_can_be_fetched_and_read(office: Office) -> None:
    got = await office.browser.get("/imports/template.xlsx")
    assert len(read_sheet("t.xlsx", got.content).headers) == len(all_fields())


async def test_a_preview_shows_verdicts_and_writes_nothing(office: Office) -> None:
    shown = await office.look(MIXED)
    assert shown.status_code == 200
    assert "The amount is 0.00; an award is more than zero." in shown.text
    assert "One line is refused" in shown.text
    assert 'action="/imports"' not in shown.text
    assert await db.value("SELECT count(*) FROM award") == 0


async def test_a_confirmed_preview_is_imported_with_its_options(office: Office) -> None:
    shown = await office.look(MIXED, skip="on")
    assert "Writes one award, 60,000.00 yuan" in shown.text
    done = await office.browser.post("/imports", data=fields_of(shown.text, "/imports"))
    assert done.status_code == 303
    await finish_imports()
    result = await office.browser.get(done.headers["location"])
    assert "Import written" in result.text and "60,000.00" in result.text
    assert await db.value("SELECT count(*) FROM award") == 1
    assert "a.csv" in (await office.browser.get("/imports")).text


async def test_an_imported_file_is_no_longer_kept(office: Office) -> None:
    fields = fields_of((await office.look(GOOD)).text, "/imports")
    await office.browser.post("/imports", data=fields)
    await finish_imports()
    again = await office.browser.post("/imports", data=fields)
    assert (again.status_code, "no longer kept" in again.text) == (409, True)


async def test_a_preview_can_be_narrowed_to_refused_lines_and_searched(office: Office) -> None:
    address = (await office.send(MIXED)).headers["location"]
    refused = await office.browser.get(f"{address}&verdict=refused")
    assert "老年餐" in refused.text and "邻里家园" not in refused.text
    found = await office.browser.get(f"{address}&q=邻里")
    assert "邻里家园" in found.text and "老年餐" not in found.text


async def test_a_list_with_other_headers_is_mapped_on_the_page(office: Office) -> None:
    content = GOOD.replace(HEAD.encode(), "甲,乙,丙,丁,戊".encode())
    sent = await office.send(content)
    asked = await office.browser.get(sent.headers["location"])
    assert asked.status_code == 422
    assert 'name="map_amount"' in asked.text
    named = {"external_id": "甲", "title": "乙", "payee_name": "丙", "amount": "丁"}
    chosen = {f"map_{field}": header for field, header in named.items()}
    shown = await office.browser.get(
        sent.headers["location"], params={**chosen, "map_decided_on": "戊"} | _query(sent)
    )
    assert "Writes one award, 60,000.00 yuan" in shown.text


def _query(sent: httpx.Response) -> dict[str, str]:
    return dict(httpx.URL(sent.headers["location"]).params)


async def test_a_file_that_cannot_be_read_comes_back_beside_its_field(office: Office) -> None:
    sent = await office.send(b"%PDF-1.7", name="a.pdf")
    assert sent.status_code == 422
    assert 'id="list-error"' in sent.text
    broken = await office.send(b'{"grants": [', name="a.json")
    assert "The JSON breaks off" in broken.text


async def test_a_form_without_a_file_keeps_what_was_chosen(office: Office) -> None:
    sent = await office.browser.post("/imports/new", data=CHOICE)
    assert sent.status_code == 422
    assert '<option value="NH" selected>' in sent.text


async def test_nobody_sees_the_kept_file_of_another(office: Office) -> None:
    address = (await office.send(GOOD)).headers["location"]
    async with Office(office.world, Role.CASHIER).browser as stranger:
        assert (await stranger.get(address)).status_code == 403
    world = office.world
    world.people[Role.CASHIER] = Actor(
        user_id=world[Role.CASHIER].user_id,
        person_id=world[Role.CASHIER].person_id,
        name="示例·另一经办人",
        roles=frozenset({Role.OFFICER}),
    )
    async with Office(world, Role.CASHIER).browser as colleague:
        assert (await colleague.get(address)).status_code == 409


async def test_a_file_name_that_is_a_path_stays_a_name(office: Office) -> None:
    for wanted in ("../../etc/passwd", "0" * 63, ""):
        shown = await office.browser.get(
            "/imports/preview", params={**CHOICE, "name": "a.csv", "file": wanted}
        )
        assert shown.status_code == 409


async def test_text_of_a_list_is_never_html(office: Office) -> None:
    nasty = GOOD.replace("邻里家园".encode(), b"<script>alert(1)</script>")
    shown = await office.look(nasty)
    assert "&lt;script&gt;alert(1)" in shown.text
    assert "<script>alert" not in shown.text
