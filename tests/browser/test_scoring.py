"""Seven experts score by keyboard: sheets keep themselves, scores stay sealed until all signed."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from grants.people.sign_in_pages import DEMO_PASSWORD
from tests.browser.conftest import Desk
from tests.browser.review import Laid

#: Points for the rubric's seven criteria; the first is an extreme, which asks for words.
POINTS = ("20", "12", "16", "12", "12", "8", "4")


def tab_to(page: Page, what: str, key: str = "Tab") -> None:
    """Press Tab until what has the focus matches a selector."""
    for _ in range(40):
        page.keyboard.press(key)
        if page.evaluate("what => document.activeElement.matches(what)", what):
            return
    raise AssertionError(f"{what} is not reached by keyboard")


def fill_by_keyboard(page: Page) -> None:
    """Give points and an amount without a mouse: jump to the rubric, digits, arrows, Tab."""
    tab_to(page, ".to-sheet")
    page.keyboard.press("Enter")
    tab_to(page, "[name='points.NEED']")
    for place, points in enumerate(POINTS):
        if place:
            page.keyboard.press("ArrowDown")
        page.keyboard.type(points)
    tab_to(page, "[name=amount]")
    page.keyboard.type("4万")


def give_words(page: Page) -> None:
    """Say why the first criterion got so much."""
    tab_to(page, "[name='words.NEED']", "Shift+Tab")
    page.keyboard.type("有入户调查，数据可核对")


def sign(page: Page, panel: int) -> None:
    """Sign all sheets of a panel."""
    page.goto(f"/reviews/{panel}")
    page.click("[data-opens='sign']")
    page.fill("#secret", DEMO_PASSWORD)
    page.click("form[action$='/sign'] button")
    expect(page.locator("#notices .notice")).to_be_visible()


def test_a_sheet_keeps_itself_and_asks_for_words_at_an_extreme(desk: Desk, review: Laid) -> None:
    page = desk.sign_in(review.members[0])
    page.goto(f"/reviews/sheets/{review.sheet}")
    expect(page.locator("[data-score-total]")).to_have_text("0")
    fill_by_keyboard(page)
    expect(page.locator("[data-score-total]")).to_have_text("84")
    expect(page.locator("[data-kept]")).to_contain_text("还有 1 项")
    page.reload()
    expect(page.locator("[data-score-total]")).to_have_text("84")
    expect(page.locator("#amount")).to_have_value("40,000.00")
    expect(page.locator("[name='words.NEED']")).to_be_visible()
    expect(page.locator("[name='words.GOALS']")).to_be_hidden()
    page.goto(f"/reviews/{review.scoring}")
    expect(page.locator("main table tbody tr").first).to_contain_text("未填")


def test_the_last_of_seven_signatures_opens_the_ranking(desk: Desk, review: Laid) -> None:
    officer = desk.sign_in("officer")
    ranking = officer.locator("main")
    for username in review.members:
        officer.goto(f"/rounds/{review.round_id}/ranking")
        expect(ranking).to_contain_text("社区微项目评审组")
        expect(ranking).not_to_contain_text("S 社区微项目")
        page = desk.sign_in(username)
        page.goto(f"/reviews/{review.scoring}")
        page.click("a.primary[href^='/reviews/sheets/']")
        page.wait_for_url(re.compile(r"/reviews/sheets/\d+$"))
        for _ in range(2):
            fill_by_keyboard(page)
            give_words(page)
            sheet = page.url
            page.keyboard.press("Enter")
            page.wait_for_url(lambda url, sheet=sheet: url != sheet)
        sign(page, review.scoring)
    officer.goto(f"/rounds/{review.round_id}/ranking")
    expect(ranking).not_to_contain_text("社区微项目评审组")
    expect(ranking).to_contain_text("S 社区微项目")
