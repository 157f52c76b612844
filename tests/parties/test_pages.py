"""Pages of organisations, accounts and likely duplicates, as people use them."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from grants.kernel.identity import Actor, Role
from grants.parties import actions, duplicates, pages, queries
from grants.parties.actions import AccountDetails, OrganisationDetails
from grants.people.actions import add_person
from grants.platform.sections import Section
from grants.platform.sheets import read_sheet
from tests.parties.conftest import Browser
from tests.world import add_actor

NAME = "太仓市示例晨曦社会工作服务中心"
USCC = "52320585MJ9000014P"
OTHER_USCC = "51320585MJ9000022M"
NUMBER = "3205850000000077"
PDF = b"%PDF-1.7\n%%EOF\n"

BrowserOf = Callable[..., Browser]


@pytest.fixture
async def officer(empty: None) -> Actor:
    """Who enters."""
    return await add_actor(Role.OFFICER, name="示例·张一")


@pytest.fixture
async def finance(empty: None) -> Actor:
    """Who verifies."""
    return await add_actor(Role.FIN_OFFICER, name="示例·李二")


@pytest.fixture
async def organisation(officer: Actor) -> int:
    """An organisation on record."""
    return await actions.register_organisation(officer, OrganisationDetails(NAME, USCC))


@pytest.fixture
async def account(officer: Actor, organisation: int) -> int:
    """An account that waits for its verification."""
    details = AccountDetails(NAME, NUMBER, "示例银行太仓支行", "999305285003", "开户许可证")
    return await actions.enter_account(officer, details, organisation_id=organisation)


async def test_a_new_organisation_leads_to_its_page(officer: Actor, browser_of: BrowserOf) -> None:
    browser = browser_of(officer)
    answer = await browser.post(
        "/organisations/new", {"name": NAME, "uscc": " 52320585mj9000014p", "phone": "13912345678"}
    )
    assert answer.status_code == 303
    shown = await browser.get(answer.headers["location"])
    assert shown.status_code == 200
    for said in (NAME, USCC, "Private non-enterprise unit", "139****5678"):
        assert said in shown.text


async def test_a_wrong_check_character_is_said_beside_the_field_and_nothing_typed_is_lost(
    officer: Actor, browser_of: BrowserOf
) -> None:
    answer = await browser_of(officer).post(
        "/organisations/new",
        {"name": NAME, "uscc": "52320585MJ9000014X", "town": "浏河镇", "registered_on": "bad"},
    )
    assert answer.status_code == 422
    for said in (
        'id="uscc-error">The check character does not fit',
        'id="registered_on-error">Enter a day',
        'value="52320585MJ9000014X"',
        f'value="{NAME}"',
        'value="浏河镇"',
    ):
        assert said in answer.text
    assert not await queries.organisations(officer, queries.OrganisationFilter())


async def test_a_known_code_and_a_contradicting_kind_are_said_beside_their_fields(
    officer: Actor, organisation: int, browser_of: BrowserOf
) -> None:
    browser = browser_of(officer)
    known = await browser.post("/organisations/new", {"name": "别的中心", "uscc": USCC})
    assert known.status_code == 422 and 'id="uscc-error">An organisation with' in known.text
    other = await browser.post(
        "/organisations/new", {"name": "别的中心", "uscc": OTHER_USCC, "kind": "COMPANY"}
    )
    assert other.status_code == 422 and 'id="kind-error">A credit code beginning' in other.text


@pytest.mark.parametrize(
    "form",
    [
        {"name": "长" * 5000, "uscc": USCC},
        {"name": "\x00\x01\u202e", "uscc": USCC},
        {"name": NAME, "uscc": "Ａ" * 5000},
        {"name": NAME, "uscc": USCC, "kind": "'; DROP TABLE organisation; --"},
        {"name": NAME, "uscc": USCC, "registered_on": "9999-99-99"},
        {"name": NAME, "uscc": USCC, "phone": "1" * 400},
        {},
    ],
)
async def test_nasty_input_is_refused_beside_its_field(
    officer: Actor, browser_of: BrowserOf, form: dict[str, str]
) -> None:
    answer = await browser_of(officer).post("/organisations/new", form)
    assert answer.status_code == 422
    assert 'class="error"' in answer.text


async def test_names_are_kept_without_control_characters_and_shown_escaped(
    officer: Actor, browser_of: BrowserOf
) -> None:
    browser = browser_of(officer)
    answer = await browser.post(
        "/organisations/new", {"name": " <b>示例</b>\r\n\u202e中心\x07 ", "uscc": USCC}
    )
    shown = await browser.get(answer.headers["location"])
    assert "&lt;b&gt;示例&lt;/b&gt; 中心" in shown.text
    assert "<b>示例</b>" not in shown.text


async def test_a_stale_form_is_a_conflict(
    officer: Actor, organisation: int, browser_of: BrowserOf
) -> None:
    browser = browser_of(officer)
    form = {"name": "新名称中心", "uscc": USCC, "version": "1"}
    assert (await browser.post(f"/organisations/{organisation}/edit", form)).status_code == 303
    stale = await browser.post(f"/organisations/{organisation}/edit", {**form, "name": "旧名"})
    assert stale.status_code == 409
    assert "Somebody changed" in stale.text


async def test_grade_inspection_and_standing_are_recorded_on_the_page(
    officer: Actor, organisation: int, browser_of: BrowserOf
) -> None:
    browser, home = browser_of(officer), f"/organisations/{organisation}"
    for path, form in (
        ("grade", {"grade": "4A", "expires_on": "2030-06-30", "version": "1"}),
        ("inspection", {"year": "2025", "result": "BASIC", "version": "2"}),
        ("standing", {"standing": "ABNORMAL", "note": "太民公告〔2026〕3号", "version": "3"}),
    ):
        assert (await browser.post(f"{home}/{path}", form)).status_code == 303
    shown = (await browser.get(home)).text
    for said in (
        "Grade 4A, until 2030-06-30",
        "Annual inspection 2025: Basically qualified",
        "On the list of abnormal activity: 太民公告〔2026〕3号",
        "recorded the standing",
    ):
        assert said in shown


async def test_a_grade_without_its_last_day_is_said_in_the_dialog(
    officer: Actor, organisation: int, browser_of: BrowserOf
) -> None:
    answer = await browser_of(officer).post(
        f"/organisations/{organisation}/grade", {"grade": "4A", "version": "1"}
    )
    assert answer.status_code == 422
    assert 'id="expires_on-error">A grade needs' in answer.text
    assert 'id="grade-form" popover' in answer.text and "open data-open" in answer.text


async def test_the_list_filters_searches_sorts_and_exports_what_it_shows(
    officer: Actor, organisation: int, account: int, browser_of: BrowserOf
) -> None:
    browser = browser_of(officer)
    await actions.register_organisation(officer, OrganisationDetails("浏河志愿者协会", OTHER_USCC))
    everything = (await browser.get("/organisations")).text
    assert NAME in everything and "浏河志愿者协会" in everything
    for query, found in (
        ("q=晨曦", True),
        (f"q={USCC.lower()}", True),
        ("kind=ASSOCIATION", False),
        ("account=waiting", True),
        ("account=none", False),
        ("standing=GOOD&order=-number", True),
    ):
        shown = (await browser.get(f"/organisations?{query}")).text
        assert (NAME in shown) is found, query
    sheet = read_sheet(
        "organisations.xlsx", (await browser.get("/organisations.xlsx?q=晨曦")).content
    )
    assert [row.cells[:3] for row in sheet.rows] == [(NAME, USCC, "Private non-enterprise unit")]


@pytest.mark.parametrize(
    "query", ["order=evil", "page=-1", "page=99999999", "kind=%00", "q=%25", "q=%00", "q=%5C"]
)
async def test_strange_addresses_of_the_list_answer_quietly(
    officer: Actor, organisation: int, browser_of: BrowserOf, query: str
) -> None:
    assert (await browser_of(officer).get(f"/organisations?{query}")).status_code == 200


async def test_an_account_is_entered_with_its_paper_and_verified_by_another(
    officer: Actor, finance: Actor, organisation: int, browser_of: BrowserOf
) -> None:
    entering, verifying = browser_of(officer), browser_of(finance)
    answer = await entering.post(
        f"/accounts/new?organisation={organisation}",
        {
            "holder_name": NAME,
            "number": "3205 8500-0000 0077",
            "bank_name": "示例银行太仓支行",
            "cnaps": "999305285003",
            "evidence": "开户许可证复印件",
        },
        files={"file": ("开户许可证.pdf", PDF, "application/pdf")},
    )
    assert answer.status_code == 303
    path = answer.headers["location"]
    worklist = (await verifying.get("/accounts")).text
    assert NAME in worklist and NUMBER not in worklist and "0077" in worklist
    own = (await entering.get(path)).text
    assert "verify-form" not in own and NUMBER not in own
    shown = (await verifying.get(path)).text
    assert "verify-form" in shown and NUMBER not in shown and "开户许可证.pdf" in shown
    wrong = await verifying.post(f"{path}/verify", {"number": "3205850000000078"})
    assert wrong.status_code == 422 and 'id="number-error">This is not the number' in wrong.text
    assert (await verifying.post(f"{path}/verify", {"number": NUMBER})).status_code == 303
    assert await queries.verified_accounts(organisation, None)


async def test_the_enterer_learns_why_the_account_is_not_theirs_to_verify(
    account: int, officer: Actor, browser_of: BrowserOf
) -> None:
    both = await add_actor(
        Role.OFFICER, Role.FIN_OFFICER, name="示例·张一", person_id=officer.person_id
    )
    browser = browser_of(both)
    shown = (await browser.get(f"/accounts/{account}")).text
    assert "You entered this account; another person has to verify it." in shown
    answer = await browser.post(f"/accounts/{account}/verify", {"number": NUMBER})
    assert answer.status_code == 403


async def test_a_refused_file_leaves_no_account_behind(
    officer: Actor, organisation: int, browser_of: BrowserOf
) -> None:
    answer = await browser_of(officer).post(
        f"/accounts/new?organisation={organisation}",
        {"holder_name": NAME, "number": NUMBER, "bank_name": "示例银行", "evidence": "许可证"},
        files={"file": ("a.pdf", b"MZ\x90", "application/pdf")},
    )
    assert answer.status_code == 422
    assert 'id="file-error">This kind of file' in answer.text
    assert f'value="{NUMBER}"' in answer.text
    assert await queries.accounts_of(organisation, None) == []


async def test_refusing_and_retiring_need_a_reason(
    finance: Actor, account: int, browser_of: BrowserOf
) -> None:
    browser = browser_of(finance)
    assert (await browser.post(f"/accounts/{account}/refuse", {"reason": " "})).status_code == 422
    assert (
        await browser.post(f"/accounts/{account}/refuse", {"reason": "户名不符"})
    ).status_code == 303
    again = await browser.post(f"/accounts/{account}/retire", {"reason": "户名不符"})
    assert again.status_code == 409


async def test_an_account_of_a_person_is_entered_too(
    officer: Actor, finance: Actor, browser_of: BrowserOf
) -> None:
    person = await add_person(officer, "示例·孙六")
    answer = await browser_of(officer).post(
        f"/accounts/new?person={person}",
        {
            "holder_name": "示例·孙六",
            "number": "6200003205850000012",
            "bank_name": "示例银行",
            "evidence": "社保卡复印件",
        },
    )
    shown = (await browser_of(finance).get(answer.headers["location"])).text
    assert "its length or check digit is unusual" in shown
    assert f"/persons/{person}" in shown


async def test_an_account_page_warns_of_another_holder_and_of_a_shared_number(
    officer: Actor, finance: Actor, account: int, browser_of: BrowserOf
) -> None:
    other = await actions.register_organisation(officer, OrganisationDetails("邻家", OTHER_USCC))
    second = await actions.enter_account(
        officer, AccountDetails(NAME, NUMBER, "示例银行"), organisation_id=other
    )
    shown = (await browser_of(finance).get(f"/accounts/{second}")).text
    assert f"The payee is “邻家”, but the account belongs to “{NAME}”" in shown
    assert f"The same number belongs to: {NAME}" in shown


async def test_an_agency_is_led_to_itself_and_finds_nobody_else(
    officer: Actor, organisation: int, account: int, browser_of: BrowserOf
) -> None:
    other = await actions.register_organisation(officer, OrganisationDetails("邻家", OTHER_USCC))
    agency = await add_actor(Role.APPLICANT_ORG, name="邻家·王三", organisation_id=other)
    browser = browser_of(agency)
    led = await browser.get("/organisations")
    assert (led.status_code, led.headers["location"]) == (303, f"/organisations/{other}")
    own = await browser.get(f"/organisations/{other}")
    assert own.status_code == 200 and "put it on record" not in own.text
    for path in (
        f"/organisations/{organisation}",
        f"/accounts/{account}",
        "/duplicates",
        "/organisations/999999",
    ):
        assert (await browser.get(path)).status_code == 404, path
    assert NAME not in (await browser.get("/accounts")).text
    assert NAME not in str(read_sheet("a.xlsx", (await browser.get("/organisations.xlsx")).content))
    assert (await browser.get("/organisations/new")).status_code == 403


async def test_papers_open_only_within_ones_scope(
    officer: Actor, organisation: int, account: int, browser_of: BrowserOf
) -> None:
    browser = browser_of(officer)
    for path in (f"/organisations/{organisation}", f"/accounts/{account}"):
        done = await browser.post(
            f"{path}/attachments", {}, files={"file": ("证书.pdf", PDF, "application/pdf")}
        )
        assert done.status_code == 303
    links = [
        part.split('"')[0]
        for path in (f"/organisations/{organisation}", f"/accounts/{account}")
        for part in (await browser.get(path)).text.split('href="')
        if part.startswith("/attachments/")
    ]
    assert len(links) == 2
    for link in links:
        got = await browser.get(link)
        assert (got.status_code, got.content) == (200, PDF)
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["content-disposition"].startswith("attachment;")
    other = await actions.register_organisation(officer, OrganisationDetails("邻家", OTHER_USCC))
    outside = browser_of(
        await add_actor(Role.APPLICANT_ORG, name="邻家·王三", organisation_id=other)
    )
    own = browser_of(
        await add_actor(Role.APPLICANT_ORG, name="晨曦·吴八", organisation_id=organisation)
    )
    assert [(await outside.get(link)).status_code for link in links] == [404, 404]
    # The paper of an account shows the number in full: not even to the agency.
    assert [(await own.get(link)).status_code for link in links] == [200, 404]


async def test_no_file_chosen_is_said_beside_the_field(
    officer: Actor, organisation: int, browser_of: BrowserOf
) -> None:
    answer = await browser_of(officer).post(f"/organisations/{organisation}/attachments", {})
    assert answer.status_code == 422 and 'id="file-error"' in answer.text


async def test_two_records_are_compared_and_decided_on(
    officer: Actor, organisation: int, browser_of: BrowserOf
) -> None:
    browser = browser_of(officer)
    answer = await browser.post("/organisations/new", {"name": NAME, "uscc": OTHER_USCC})
    shown = (await browser.get(answer.headers["location"])).text
    assert "It looks like" in shown
    [pair] = await duplicates.duplicates(officer)
    assert NAME in (await browser.get("/duplicates")).text
    compared = (await browser.get(f"/duplicates/{pair.id}")).text
    for said in (USCC, OTHER_USCC, "Same name", "same"):
        assert said in compared
    path = f"/duplicates/{pair.id}"
    assert (await browser.post(path, {"decision": "same"})).status_code == 422
    decided = await browser.post(path, {"decision": "same", "note": "换证前后的同一机构"})
    assert decided.status_code == 303
    assert "换证前后的同一机构" in (await browser.get(f"/organisations/{organisation}")).text
    assert "换证前后的同一机构" in (await browser.get("/duplicates?state=SAME")).text
    again = await browser.post(path, {"decision": "different", "note": "其实不同"})
    assert again.status_code in (404, 409)


async def test_finance_sees_pairs_but_cannot_decide_on_organisations(
    officer: Actor, finance: Actor, organisation: int, browser_of: BrowserOf
) -> None:
    await actions.register_organisation(officer, OrganisationDetails(NAME, OTHER_USCC))
    [pair] = await duplicates.duplicates(finance)
    browser = browser_of(finance)
    assert "What they are" not in (await browser.get(f"/duplicates/{pair.id}")).text
    answer = await browser.post(
        f"/duplicates/{pair.id}", {"decision": "same", "note": "同一家机构"}
    )
    assert answer.status_code == 403


async def test_a_form_without_its_token_is_refused(officer: Actor, browser_of: BrowserOf) -> None:
    answer = await browser_of(officer).post(
        "/organisations/new", {"csrf_token": "", "name": NAME, "uscc": USCC}
    )
    assert answer.status_code == 403


async def test_higher_features_add_sections_to_the_payee(
    officer: Actor,
    organisation: int,
    browser_of: BrowserOf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def awards(actor: Actor, organisation_id: int) -> Section:
        return Section("Awards of the payee", "parties/_accounts.html", {"n": organisation_id})

    async def nothing(actor: Actor, organisation_id: int) -> None:
        return None

    monkeypatch.setattr(pages, "SECTIONS", [awards, nothing])
    shown = await browser_of(officer).get(f"/organisations/{organisation}")
    assert "Awards of the payee" in shown.text


async def test_pages_stand_in_chinese_too(
    officer: Actor, organisation: int, account: int, browser_of: BrowserOf
) -> None:
    browser = browser_of(officer, "zh")
    for path, said in (
        ("/organisations", "收款单位"),
        (f"/organisations/{organisation}", "民办非企业单位"),
        (f"/accounts/{account}", "待核验"),
        ("/accounts", "待核验账户"),
        ("/duplicates", "疑似重复"),
        ("/organisations/new", "统一社会信用代码"),
        (f"/accounts/new?organisation={organisation}", "联行号"),
    ):
        answer = await browser.get(path)
        assert answer.status_code == 200 and said in answer.text, path


async def test_a_sheet_is_a_real_workbook(
    officer: Actor, organisation: int, browser_of: BrowserOf
) -> None:
    answer = await browser_of(officer).get("/organisations.xlsx")
    assert io.BytesIO(answer.content).read(2) == b"PK"
