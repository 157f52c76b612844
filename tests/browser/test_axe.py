"""No page breaks an accessibility rule that axe knows, and none runs over on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response

from grants.kernel import calendar
from tests.browser.conftest import Desk
from tests.browser.review import Laid

AXE = (Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js").read_text()

PAGES = {
    "officer": (
        "/",
        "/awards",
        "/awards/new",
        "/awards/1",
        "/awards/111/change",
        "/clawbacks",
        "/instalments/417/request",
        "/budget/documents/new",
        "/imports",
        "/imports/new",
        "/organisations",
        "/organisations/1",
        "/organisations/new",
        "/duplicates/1",
        "/rounds",
        "/rounds/1",
        "/rounds/1/preview",
        "/rounds/1/ranking",
        "/rounds/1/line",
        "/applications",
        "/needs",
        "/needs/1",
        "/experts",
        "/registrations",
        "/calls/1",
        "/applications/1",
        "/panels/1",
        "/decisions/1",
        "/publicity",
        "/publicity/1",
        "/objections/1",
        "/agreements",
        "/agreements/1",
        "/projects",
        "/projects/1",
        "/projects/1 > /spendings/",
        "/projects/1 > /reports/",
        "/projects/1 > /project-changes/",
        "/projects/2 > /settlements/",
        "/evaluations",
        "/evaluations > /evaluations/",
    ),
    "finance": (
        "/",
        "/payments",
        "/payments/1",
        "/payments/1/refund",
        "/batches",
        "/batches/3",
        "/months",
        "/refunds",
        "/accounts/20",
        "/me",
    ),
    "finhead": (
        "/budget",
        "/budget/1",
        f"/budget/years/{calendar.today().year}/end",
        "/overview",
        "/policies",
        "/policies/payment_gate",
        "/policies/payment_gate/new",
        "/policies/approval_tiers/new",
        "/policies/venture_agreement",
        "/policies/venture_delivery",
        "/policies/venture_evaluation",
        "/policies/proposals/3",
        "/accounts",
        "/duplicates",
    ),
    "auditor": ("/verify", "/history", "/persons", "/people"),
    "secadmin": ("/people", "/people/2"),
    "sysadmin": ("/outbox", "/outbox/1"),
    "agency": (
        "/",
        "/payments",
        "/awards",
        "/me",
        "/applications",
        "/applications/1",
        "/applications/175",
        "/applications/175/project",
        "/applications/175/goals",
        "/applications/175/plan",
        "/applications/175/budget",
        "/applications/175/indicators",
        "/applications/175/files",
        "/applications/175/check",
        "/applications/176",
        "/colleagues",
        "/needs/new",
        "/agreements",
        "/agreements/1",
        "/projects",
        "/projects/1",
        "/projects/1/report",
    ),
    "evaluator": ("/", "/evaluations", "/evaluations?state=ASSIGNED > /evaluations/"),
    "expert": ("/", "/reviews", "/reviews/2", "/reviews/sheets/1114"),
    "town": ("/needs", "/needs/new", "/rounds", "/applications"),
}


def faults(page: Page) -> list[str]:
    """What axe finds on the page as it stands."""
    page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{page.url} {rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]
    ]


def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def open_page(page: Page, path: str) -> Response | None:
    """Open a page; "list > start" opens the first link of a list that starts so.

    Early in a year some lists are still empty: then the list itself is what is looked at.
    """
    first, _, start = path.partition(" > ")
    answer = page.goto(first)
    links = page.locator(f'main a[href^="{start}"]') if start else None
    if links is None or not links.count():
        return answer
    return page.goto(links.first.get_attribute("href") or first)


def faults_on(page: Page, paths: Iterable[str]) -> list[str]:
    """What is wrong with these pages: they do not open, axe objects, or they are too wide."""
    found: list[str] = []
    for path in paths:
        answer = open_page(page, path)
        if answer is None or answer.status != 200:
            found.append(f"{path} does not open")
            continue
        found += faults(page)
        if overflow(page) > 0:
            found.append(f"{path} is {overflow(page)} pixels too wide")
    return found


@pytest.mark.parametrize("username", PAGES)
@pytest.mark.parametrize(("width", "scheme", "lang"), [(1440, "light", "zh"), (390, "dark", "en")])
def test_pages_break_no_rule_of_axe(
    desk: Desk, username: str, width: int, scheme: str, lang: str
) -> None:
    page = desk.sign_in(username, width=width, scheme=scheme, lang=lang, bypass=True)
    assert faults_on(page, PAGES[username]) == []


@pytest.mark.parametrize(("width", "scheme", "lang"), [(1440, "dark", "zh"), (390, "light", "en")])
def test_pages_for_everybody_break_no_rule_of_axe(
    desk: Desk, width: int, scheme: str, lang: str
) -> None:
    page = desk.visit(width=width, scheme=scheme, lang=lang)
    assert faults_on(page, ("/sign-in", "/calls", "/calls/1", "/notices", "/register")) == []


@pytest.mark.parametrize(("width", "scheme", "lang"), [(1440, "light", "zh"), (390, "dark", "en")])
def test_the_pages_of_a_review_break_no_rule_of_axe(
    desk: Desk, review: Laid, width: int, scheme: str, lang: str
) -> None:
    of_office = (
        f"/rounds/{review.round_id}",
        f"/panels/{review.scoring}",
        f"/panels/{review.opened}",
        f"/rounds/{review.round_id}/ranking",
        f"/rounds/{review.round_id}/line",
        f"/variants/{review.variant}",
    )
    scoring = (f"/reviews/{review.scoring}", f"/reviews/sheets/{review.sheet}")
    seen = (
        ("officer", of_office),
        (review.members[0], scoring),
        (review.declaring_members[0], (f"/reviews/{review.declaring}",)),
        (review.opened_members[0], (f"/reviews/{review.opened}",)),
    )
    found: list[str] = []
    for username, paths in seen:
        page = desk.sign_in(username, width=width, scheme=scheme, lang=lang, bypass=True)
        found += faults_on(page, paths)
    assert found == []


@pytest.mark.parametrize(
    ("width", "scheme", "lang"),
    [(1440, "dark", "zh"), (1440, "light", "en"), (390, "light", "zh")],
)
def test_the_payment_case_breaks_no_rule_in_any_dress(
    desk: Desk, width: int, scheme: str, lang: str
) -> None:
    page = desk.sign_in("finance", width=width, scheme=scheme, lang=lang, bypass=True)
    page.click("table a.open >> nth=0")
    page.wait_for_url(re.compile(r"/payments/\d+$"))
    assert faults(page) == []
    assert overflow(page) <= 0
