"""The office takes a round from screening to a signed agreement and the first instalment paid."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk, Installation
from tests.browser.deciding import TO_SIGN
from tests.browser.test_path import submit_and_pay


def played(installation: Installation, *step: object) -> Any:
    """One step that others than the office take, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.deciding", *map(str, step)],
        env=installation.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def screen(officer: Page, round_id: int) -> None:
    """Pass both applications, and begin the review."""
    officer.goto(f"/rounds/{round_id}")
    officer.click("main a[href*='/applications?'] >> nth=0")
    links = officer.locator("table a[href^='/applications/']").all()
    for address in [str(link.get_attribute("href")) for link in links]:
        officer.goto(address)
        if officer.locator("form[action$='/screen'] button.primary").count():
            officer.click("form[action$='/screen'] button.primary >> nth=0")
            expect(officer.locator("#notices .notice")).to_be_visible()
    officer.goto(f"/rounds/{round_id}")
    officer.click("form[action$='/begin-review'] button")
    expect(officer.locator("#notices .notice")).to_be_visible()


def decide(desk: Desk, officer: Page, round_id: int) -> str:
    """A variant of the line goes before the meeting; another person adopts it."""
    officer.goto(f"/rounds/{round_id}/line")
    officer.fill("main form[action$='/variants'] input[name=name]", "按名额")
    officer.click("main form[action$='/variants'] button")
    officer.wait_for_url(re.compile(r"/variants/\d+$"))
    officer.click("a[href$='/meeting']")
    officer.fill("#minutes_no", "局长办公会纪要〔示例〕31号")
    officer.fill("#met_on", str(officer.evaluate("new Date().toLocaleDateString(`sv-SE`)")))
    officer.click("form[action$='/meeting'] button.primary")
    officer.wait_for_url(re.compile(r"/decisions/\d+$"))
    decision = officer.url.removeprefix(desk.server)
    assert officer.locator("form[action$='/adopt']").count() == 0
    head = desk.sign_in("section")
    head.goto(decision)
    head.click("form[action$='/adopt'] button")
    expect(head.locator("main .pill").first).to_contain_text("已通过")
    return decision


def publish(desk: Desk, officer: Page, decision: str) -> int:
    """The officer draws the notice up, the head of the section publishes it."""
    officer.goto(decision)
    officer.click(f"form[action='{decision}/notice'] button")
    officer.wait_for_url(re.compile(r"/publicity/\d+$"))
    notice = officer.url.removeprefix(desk.server)
    assert officer.locator("form[action$='/publish']").count() == 0
    head = desk.sign_in("section")
    head.goto(notice)
    head.click("form[action$='/publish'] button")
    expect(head.locator("#notices .notice")).to_be_visible()
    visitor = desk.visit()
    visitor.goto(f"/notices/{notice.rsplit('/', 1)[1]}")
    expect(visitor.locator("main")).to_contain_text("微光服务社")
    return int(notice.rsplit("/", 1)[1])


def sign(desk: Desk, officer: Page, decision: str, folder: Path) -> str:
    """Agreements are drawn up and issued; one is printed, sealed by both and put into force."""
    officer.goto(decision)
    officer.click(f"form[action='{decision}/agreements'] button")
    officer.wait_for_url(re.compile(r"/agreements\?"))
    officer.click(f"form[action='{decision}/agreements/issue'] button")
    agency = desk.sign_in(f"head-of-agency-{TO_SIGN}")
    agency.click("nav.piles a[href^='/agreements']")
    agency.click("table a.open >> nth=0")
    agreement = agency.url.removeprefix(desk.server)
    paper = folder / "协议.pdf"
    paper.write_bytes(agency.request.get(f"{agreement}/agreement.pdf").body())
    for page, scan in ((agency, "agency-scan"), (officer, "office-scan")):
        page.goto(agreement)
        page.set_input_files(f"form[action$='/{scan}'] input[type=file]", paper)
        page.click(f"form[action$='/{scan}'] button")
        expect(page.locator("#notices .notice")).to_be_visible()
    head = desk.sign_in("section")
    head.goto(agreement)
    head.click("form[action$='/activate'] button")
    head.wait_for_url(re.compile(r"/awards/\d+$"))
    return head.url.removeprefix(desk.server)


def test_a_round_is_screened_decided_and_publicised(desk: Desk, installation: Installation) -> None:
    officer = desk.sign_in("officer")
    round_id = int(played(installation, "closed")["round"])
    screen(officer, round_id)
    played(installation, "scored", round_id)
    decision = decide(desk, officer, round_id)
    publish(desk, officer, decision)
    officer.goto(decision)
    assert officer.locator("form[action$='/agreements'] button").count() == 0


def test_a_project_is_signed_by_both_and_its_first_part_is_paid(
    desk: Desk, installation: Installation, tmp_path: Path
) -> None:
    officer = desk.sign_in("officer")
    decision = f"/decisions/{played(installation, 'publicised')['decision']}"
    officer.goto(sign(desk, officer, decision, tmp_path))
    officer.click("a[href$='/request'] >> nth=0")
    officer.fill("#purpose", "公益微创投 首期")
    officer.fill("#invoice_amount_fen", "6万")
    officer.fill("#invoice_no", f"2632999999999999{TO_SIGN:04d}")
    officer.click("main form[action$='/request'] button.primary")
    officer.wait_for_url(re.compile(r"/payments/\d+$"))
    submit_and_pay(desk, officer, tmp_path)
