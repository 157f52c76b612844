"""Seven experts score by keyboard: sheets keep themselves, scores stay sealed until all signed."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from grants.people.sign_in_pages import DEMO_PASSWORD
from tests.browser.conftest import Desk
from tests.browser.review import Laid

#: Points for the rubric's seven criteria; the first is an extreme, which asks for words.
POINTS = ("20", "12", "16", "12", "12", "8", "4")


def by_keyboard(page: Page, points: tuple[str, ...] = POINTS, words: str = "有入户调查") -> None:
    """Fill the sheet without a mouse: Tab into the rubric, digits, down; words and amount typed."""
    page.keyboard.press("Tab")
    while not page.evaluate("document.activeElement.closest('.criterion[data-top]') !== null"):
        page.keyboard.press("Tab")
    for place, given in enumerate(points):
        if place:
            page.keyboard.press("ArrowDown")
        page.keyboard.type(given)
    tab_to(page, "amount")
    page.keyboard.type("4万")
    for _ in range(len(points)):
        if page.evaluate("document.activeElement.name") == "words.NEED":
            break
        back_to(page, "words.NEED")
    page.keyboard.type(words)


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press Tab until the field of that name has the focus."""
    for _ in range(60):
        if page.evaluate("document.activeElement.name") == name:
            return
        page.keyboard.press(key)
    raise AssertionError(f"{name} is not reached by keyboard")


def back_to(page: Page, name: str) -> None:
    """The same, backwards."""
    tab_to(page, name, "Shift+Tab")


def sign(page: Page, panel: int) -> None:
    """Sign all sheets of a panel."""
    page.goto(f"/reviews/{panel}")
    page.click("button[data-opens='sign']")
    page.fill("#secret", DEMO_PASSWORD)
    page.click("dialog form[action$='/sign'] button.primary")
    expect(page.locator("#notices")).to_contain_text("已签")


def test_seven_experts_score_by_keyboard_and_the_last_signature_opens_the_ranking(
    desk: Desk, review: Laid
) -> None:
    officer = desk.sign_in("officer")
    for username in review.members:
        officer.goto(f"/rounds/{review.round_id}/ranking")
        expect(officer.locator("main")).to_contain_text("社区微项目评审组")
        expect(officer.locator("main")).not_to_contain_text("S 社区微项目")
        page = desk.sign_in(username)
        page.goto(f"/reviews/{review.scoring}")
        page.click("a.btn.primary[href^='/reviews/sheets/']")
        for _ in range(2):
            expect(page.locator("score-sheet")).to_be_visible()
            by_keyboard(page)
            expect(page.locator("[data-score-total]")).to_have_text("84")
            before = page.url
            page.keyboard.press("Enter")
            page.wait_for_url(lambda url, before=before: url != before)
        sign(page, review.scoring)
    officer.goto(f"/rounds/{review.round_id}/ranking")
    expect(officer.locator("main")).to_contain_text("S 社区微项目")
    expect(officer.locator("main")).not_to_contain_text("社区微项目评审组")
