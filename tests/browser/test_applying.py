"""An agency's way through the pages: registered, written, submitted, withdrawn, submitted again."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from playwright.sync_api import Page, expect

from grants.demo import names
from grants.demo.applications_of_the_year import a_whole_draft
from grants.people.sign_in_pages import DEMO_PASSWORD
from tests.browser.conftest import Desk

AGENCY = "太仓市示例新芽社会工作服务中心"
#: Beyond the numbers that the demonstration gives to its own.
NUMBER = 990


def register(page: Page, certificate: Path) -> None:
    """A visitor registers an agency and himself as its legal representative."""
    page.goto("/calls")
    page.click("a.primary[href='/register']")
    page.fill("#name", AGENCY)
    page.fill("#uscc", names.demo_uscc(NUMBER))
    page.fill("#registered_on", "2015-03-01")
    page.set_input_files("#certificate", certificate)
    page.fill("#person_name", "示例·林社长")
    page.fill("#id_number", names.demo_resident_id(NUMBER))
    page.fill("#phone", names.demo_phone(NUMBER))
    page.check("#is_representative")
    page.fill("main #username", "sprout")
    page.fill("main #password", DEMO_PASSWORD)
    page.check("#agrees")
    page.click("main form[action='/register'] button.primary")
    expect(page.locator("#notices")).to_contain_text("注册成功")


def write(page: Page, typed: dict[str, list[str]]) -> None:
    """Fill the fields of the section in view, row by row, and go on."""
    for path, (text, *_) in typed.items():
        field = page.locator(f"[name='{path}']")
        if not field.count():
            page.click(f"button[value='add:{path.split('.')[0]}']")
            field.wait_for()
        if field.get_attribute("type") == "checkbox":
            field.set_checked(bool(text))
        elif field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(text)
        else:
            field.fill(text)
    here = page.url
    page.click("button[value='next']")
    page.wait_for_url(lambda url: url != here)


def attach(page: Page, paper: Path) -> None:
    """Upload every paper that is needed."""
    needed = page.locator("main .card:has(.pill.warn)")
    for left in range(needed.count(), 0, -1):
        expect(needed).to_have_count(left)
        paper.write_bytes(b"%PDF-1.7\n" + str(left).encode())
        needed.first.locator("input[type=file]").set_input_files(paper)
        needed.first.locator("button:has-text('上传')").click()
    expect(needed).to_have_count(0)


def submit(page: Page) -> None:
    """Declare and submit from the page that checks everything once more."""
    page.check("#declared")
    page.click("form[action$='/submit'] button")
    page.wait_for_url(re.compile(r"/applications/\d+$"))


def test_an_agency_applies_from_registration_to_receipt_and_once_more(
    desk: Desk, tmp_path: Path
) -> None:
    paper = tmp_path / "登记证书.pdf"
    paper.write_bytes(b"%PDF-1.7\ncertificate")
    register(desk.visit(bypass=False), paper)

    officer = desk.sign_in("officer")
    officer.goto("/registrations")
    officer.click(f"tr:has-text('{AGENCY}') form button")
    expect(officer.locator("#notices")).to_contain_text("已确认")

    page = desk.sign_in("sprout")
    page.goto("/calls")
    page.click("li.card:has(.pill.good) h2 a")
    starts_on = page.locator("dt:has-text('项目最早开始') + dd").inner_text()
    page.click("form[action$='/applications'] button.primary")
    page.wait_for_url(re.compile(r"/applications/\d+$"))
    application = page.url
    draft = a_whole_draft(date.fromisoformat(starts_on), "弇山社区", 0)
    draft["project"]["need_id"] = [""]
    page.goto(f"{application}/project")
    for fields in draft.values():
        write(page, fields)
    attach(page, paper)

    page.click("a.primary[href$='/check']")
    expect(page.locator("main")).not_to_contain_text("尚未完成")
    submit(page)
    expect(page.locator(".case .pill").first).to_contain_text("已提交")
    receipt = page.request.get(str(page.locator("a[href*='/receipt.pdf']").get_attribute("href")))
    assert receipt.body().startswith(b"%PDF")

    page.click("form[action$='/withdraw'] button")
    expect(page.locator(".case .pill").first).to_contain_text("草稿")
    page.goto(f"{application}/project")
    expect(page.locator("[name=title]")).to_have_value(draft["project"]["title"][0])
    page.fill("[name=title]", "银龄守望（修改后）")
    page.click(".dock button[value='save']")
    page.goto(f"{application}/check")
    submit(page)
    expect(page.locator("h1")).to_have_text("银龄守望（修改后）")
    expect(page.locator("a[href*='/receipt.pdf']")).to_have_count(2)
