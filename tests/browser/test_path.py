"""The whole path in a browser: from an instalment to the bank's receipt."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk


def first_open_instalment(page: Page) -> None:
    """Open an active award of which an instalment can still be asked for."""
    page.goto("/awards?state=ACTIVE&q=社会组织培育·桥畔")
    page.click("table a.open >> nth=0")
    page.wait_for_url(re.compile(r"/awards/\d+$"))


def open_first_ready(page: Page) -> None:
    """Open the first waiting request that nothing stops; which one that is depends on the day."""
    links = page.locator("table a.open").all()
    for address in [link.get_attribute("href") for link in links]:
        page.goto(str(address))
        if page.locator("form[action$='/approve'] button.primary").count():
            return
    raise AssertionError("every waiting request is stopped")


def test_a_payment_goes_from_instalment_to_receipt(desk: Desk, tmp_path: Path) -> None:
    officer = desk.sign_in("officer")
    first_open_instalment(officer)
    officer.click("button[data-opens^='condition-'] >> nth=0")
    form = officer.locator("dialog form[action$='/condition']").first
    form.locator("input[name=evidence]").fill("协议已签订，已归档")
    form.locator("button.primary").click()
    officer.click("a[href$='/request'] >> nth=0")
    officer.fill("#invoice_amount_fen", "abc")
    officer.fill("#purpose", "社会组织培育 首期")
    officer.click("main form[action$='/request'] button.primary")
    expect(officer.locator("#invoice_amount_fen-error")).to_be_visible()
    expect(officer.locator("#purpose")).to_have_value("社会组织培育 首期")
    officer.fill("#invoice_amount_fen", "12万")
    officer.fill("#invoice_no", "26329999999999990001")
    officer.click("main form[action$='/request'] button.primary")
    officer.wait_for_url(re.compile(r"/payments/\d+$"))
    submit_and_pay(desk, officer, tmp_path)


def submit_and_pay(desk: Desk, officer: Page, folder: Path) -> None:
    """From a draft that the officer looks at to the bank's receipt, everybody in turn."""
    payment = officer.url.removeprefix(desk.server)
    number = officer.locator(".case .number").inner_text()
    officer.click("form[action$='/submit'] button")
    expect(officer.locator(".chain .here")).to_contain_text("科室负责人")
    assert officer.locator("form[action$='/approve']").count() == 0

    for username in ("section", "finance", "deputy", "findeputy", "leader"):
        page = desk.sign_in(username)
        page.goto(payment)
        if page.locator("form[action$='/approve']").count():
            page.click("form[action$='/approve'] button.primary")
            expect(page.locator("#notices")).to_contain_text(number)
    page.goto(payment)
    expect(page.locator(".case .pill").first).to_contain_text("已批准")
    send_and_book(desk, payment, number, folder)


def send_and_book(desk: Desk, payment: str, number: str, folder: Path) -> None:
    """A batch of one approved payment, sent to the bank, whose answer books it."""
    finance = desk.sign_in("finance")
    finance.goto("/batches")
    finance.check(f"input[aria-label*='{number}']")
    finance.click("form[action='/batches'] button.primary")
    finance.wait_for_url(re.compile(r"/batches/\d+$"))
    batch = finance.url.removeprefix(desk.server)
    finance.click("form[action$='/freeze'] button")
    expect(finance.locator("form[action$='/send']")).to_have_count(0)

    cashier = desk.sign_in("cashier")
    cashier.goto(batch)
    with cashier.expect_download() as download:
        cashier.click("a[href$='/file']")
    content = Path(download.value.path()).read_bytes().decode("gb18030")
    cashier.click("form[action$='/send'] button")
    shown = cashier.locator("main table").first.inner_text()
    item = re.search(r"B\d{8}-\d{4}-\d{4}", shown)
    amount = re.search(r"\d{1,3}(?:,\d{3})*\.\d{2}", shown)
    assert item is not None and amount is not None
    assert item[0] in content

    answer = folder / "回单.csv"
    answer.write_bytes(
        f"明细编号,金额,状态,原因,流水号,入账日期\r\n{item[0]},{amount[0].replace(',', '')},成功,,"
        f"HD{item[0]},{cashier.evaluate('new Date().toLocaleDateString(`sv-SE`)')}\r\n".encode(
            "gb18030"
        )
    )
    cashier.goto("/batches")
    cashier.set_input_files("input[type=file]", answer)
    cashier.click("form[action='/batches/results'] button")
    expect(cashier.locator("#notices")).to_contain_text("已付 1")
    cashier.goto(payment)
    expect(cashier.locator(".case .pill").first).to_contain_text("已支付")


def test_picked_requests_are_approved_with_a_result_for_each(desk: Desk) -> None:
    page = desk.sign_in("section")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.click("form[action='/payments/approve'] .dock button.primary")
    expect(page.locator("main table tbody tr")).to_have_count(2)


def test_a_request_is_approved_without_script(desk: Desk) -> None:
    page = desk.sign_in("deputy", scripts=False)
    open_first_ready(page)
    page.click("form[action$='/approve'] button.primary")
    expect(page.locator("#notices .notice")).to_be_visible()


def test_a_stale_page_is_told_so(desk: Desk) -> None:
    first, second = desk.sign_in("leader"), desk.sign_in("leader")
    open_first_ready(first)
    second.goto(first.url)
    second.click("form[action$='/approve'] button.primary")
    first.click("form[action$='/approve'] button.primary")
    expect(first.locator(".trouble")).to_contain_text("409")


def test_an_expired_session_keeps_what_was_typed(desk: Desk) -> None:
    page = desk.sign_in("officer")
    page.goto("/awards/new")
    page.fill("#title", "写到一半的项目")
    page.context.clear_cookies()
    page.evaluate("document.querySelectorAll('[required]').forEach(e => e.required = false)")
    page.click("main form[action='/awards'] button.primary")
    page.fill("#username", "officer")
    page.fill("#password", "Taicang-2026")
    page.click("form[action='/sign-in'] button.primary")
    expect(page.locator("main")).to_contain_text("写到一半的项目")


def test_an_agency_sees_only_its_own(desk: Desk) -> None:
    page = desk.sign_in("agency")
    page.click("table a.open >> nth=0")
    own = page.url
    number = int(own.rsplit("/", 1)[1])
    statuses = set()
    for other in range(max(1, number - 6), number):
        answer = page.goto(f"/payments/{other}")
        assert answer is not None
        statuses.add(answer.status)
    assert 404 in statuses


def test_every_list_is_saved_as_a_sheet(desk: Desk) -> None:
    page = desk.sign_in("finance")
    for path in ("/payments", "/awards", "/budget", "/batches", "/organisations", "/months"):
        page.goto(path)
        with page.expect_download() as download:
            page.click("a[download] >> nth=0")
        assert Path(download.value.path()).read_bytes()[:2] == b"PK", path


def test_the_language_is_switched_on_the_same_page(desk: Desk) -> None:
    page = desk.sign_in("finance")
    page.goto("/batches")
    page.click("a.tongue")
    expect(page.locator("h1")).to_have_text("Batches and receipts")
