"""Pages: filters, answers, refusals, navigation, assets, lists, and the script's amounts."""

import gzip
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Request
from litestar.testing import RequestFactory, create_test_client
from markupsafe import Markup
from py_mini_racer import MiniRacer

from grants.kernel.calendar import today as this_day
from grants.kernel.errors import NotFound, RuleBroken
from grants.kernel.identity import Actor, Permission, Role
from grants.kernel.money import Fen, amount_in_capitals, yuan_text
from grants.platform import assets, pages
from grants.platform.lists import Column, Listing, View

OFFICER = Actor(user_id=7, person_id=7, name="示例·李", roles=frozenset({Role.FIN_OFFICER}))
COLUMNS = (
    Column("number", "Number", sortable=True, always=True),
    Column("amount_fen", "Amount", sortable=True, numeric=True),
    Column("payee", "Payee"),
)


def ask(
    path: str = "/payments",
    *,
    actor: Actor | None = OFFICER,
    headers: dict[str, str] | None = None,
    cookies: str = "",
    query: dict[str, str | list[str]] | None = None,
) -> Request[Any, Any, Any]:
    """A request as the application would hand it to a handler."""
    said = {**(headers or {}), **({"cookie": cookies} if cookies else {})}
    request = RequestFactory().get(path, headers=said, query_params=query or {})
    request.state.actor = actor
    request.state.request_id = "r-1"
    request.state.csrf_token = "token-1"
    return request


def said_by(template: str, lang: str = "en", **context: object) -> str:
    """What a template of one line says."""
    return pages.environment(lang).from_string(template).render(context)


# Filters


@pytest.mark.parametrize(
    ("template", "value", "text"),
    [
        ("{{ v|yuan }}", 123456, "1,234.56"),
        ("{{ v|yuan }}", None, "—"),
        ("{{ v|wan }}", 1_200_000_000, "1,200.00"),
        ("{{ v|capitals }}", 10_000_000, "人民币壹拾万元整"),
        ("{{ v|day }}", date(2026, 11, 18), "2026-11-18"),
        ("{{ v|day }}", datetime(2026, 11, 17, 18, tzinfo=UTC), "2026-11-18"),
        ("{{ v|moment }}", datetime(2020, 11, 18, 1, 12, tzinfo=UTC), "2020-11-18 09:12"),
        ("{{ v|percent }}", 846, "84.6%"),
        ("{{ v|percent }}", -5, "-0.5%"),
        ("{{ v|percent }}", 1000, "100.0%"),
        ("{{ v|mask4 }}", "6222000011110011", "••••0011"),
        ("{{ v|mask4 }}", "", "—"),
    ],
)
def test_filters_say_figures_as_people_write_them(template: str, value: object, text: str) -> None:
    assert said_by(template, v=value) == text


def test_moment_of_this_year_leaves_the_year_out() -> None:
    noon = datetime(this_day().year, 6, 1, 4, 0, tzinfo=UTC)
    assert pages.moment(noon) == "06-01 12:00"


def test_masked_text_of_a_person_is_escaped() -> None:
    assert said_by("{{ v|mask4 }}", v="a<b>") == "••••a&lt;b&gt;"


def test_stored_message_is_translated_with_its_parameters() -> None:
    template = "{{ m|t(**p) }}"
    assert said_by(template, "zh", m="{amount} yuan remain", p={"amount": "5"}) == "使用后剩余 5 元"


# Answers


def test_page_says_the_language_in_its_root() -> None:
    body = pages.failed(ask()).content
    assert '<html lang="zh-CN">' in body
    assert '<html lang="en">' in pages.failed(ask(cookies="lang=en")).content


def test_language_of_the_state_goes_before_the_cookie() -> None:
    request = ask(cookies="lang=en")
    request.state.lang = "zh"
    assert pages.language_of(request) == "zh"
    assert pages.language_of(ask(cookies="lang=xx")) == "zh"


def test_pages_of_a_signed_in_person_are_never_stored() -> None:
    assert pages.failed(ask()).headers["Cache-Control"] == "no-store"
    assert pages.failed(ask(actor=None)).headers["Cache-Control"] == "no-cache"


def test_fragment_goes_alone_to_htmx_and_the_page_to_everybody_else() -> None:
    shown = {"status_code": 409, "heading": "Not found", "reason": "", "code": "", "back": "/"}
    call = dict(template="errors/page.html", fragment="errors/_notice.html", who_can_help="")
    whole = pages.page(ask(), **call, **shown).content  # type: ignore[arg-type]
    alone = pages.page(ask(headers={"HX-Request": "true"}), **call, **shown)  # type: ignore[arg-type]
    assert "<html" in whole
    assert "<html" not in alone.content


def test_redirect_is_303_and_its_notice_is_shown_once() -> None:
    answer = pages.redirect("/payments/7", "{amount} yuan remain", amount="12.00")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/payments/7")
    carried = answer.cookies[0]
    assert carried.httponly
    shown = pages.failed(ask(cookies=f"notice={carried.value}"))
    assert "使用后剩余 12.00 元" in shown.content
    assert any(c.key == "notice" and c.max_age == 0 for c in shown.cookies)


@pytest.mark.parametrize(
    "cookie", ["", "x", "e30", "W10", "WzEsMl0", "!!!", "IntieCI", "WyJhIixbXV0="]
)
def test_spoilt_notice_cookie_is_nothing(cookie: str) -> None:
    assert pages.read_notice(cookie) is None


def test_notice_that_is_no_message_of_ours_is_not_filled() -> None:
    answer = pages.redirect("/", "{a.__class__} {b:>99999999}", a="x", b="y")
    assert pages.read_notice(answer.cookies[0].value) is None


def test_notice_with_a_place_that_is_not_filled_shows_no_fault() -> None:
    answer = pages.redirect("/", "{amount} yuan remain")
    assert pages.failed(ask(cookies=f"notice={answer.cookies[0].value}")).status_code == 500


# Refusals


def test_refusal_says_why_who_can_help_and_its_number() -> None:
    refusal = RuleBroken("payment.late", "{amount} yuan remain", amount="<5>")
    answer = pages.refused(ask(), refusal)
    assert answer.status_code == 409
    for part in ("使用后剩余 &lt;5&gt; 元", "payment.late", "r-1", "请重新载入页面"):
        assert part in answer.content


def test_refusal_may_name_who_can_help() -> None:
    assert (
        "系统管理员"
        in pages.refused(
            ask(),
            NotFound(),
            "Nothing was changed. Send the number below to the system administrator.",
        ).content
    )


def test_refusal_for_htmx_goes_to_the_notices() -> None:
    answer = pages.refused(ask(headers={"HX-Request": "true"}), NotFound())
    assert answer.headers["HX-Retarget"] == "#notices"
    assert answer.content.lstrip().startswith('<div class="notice bad"')


@pytest.mark.parametrize(
    ("referer", "link"),
    [
        ("http://testserver.local/payments/7?a=1", "/payments/7?a=1"),
        ("https://elsewhere.example/payments", "/"),
        ("http://testserver.local//elsewhere.example/", "/elsewhere.example/"),
        ("", "/"),
    ],
)
def test_loading_again_leads_to_the_page_before_and_never_elsewhere(
    referer: str, link: str
) -> None:
    request = ask("/payments/7/approve", headers={"Referer": referer, "Host": "testserver.local"})
    body = pages.refused(request, RuleBroken("x", "Not found")).content
    assert f'<a class="btn primary" href="{link}">' in body


@pytest.mark.parametrize("status", [400, 404, 405, 413, 429, 500, 503, 418])
def test_every_error_has_a_page_in_both_languages(status: int) -> None:
    for lang in ("zh", "en"):
        answer = pages.failed(ask(actor=None, cookies=f"lang={lang}"), status)
        assert answer.status_code == status
        assert "<h1" in answer.content


# Navigation


def test_navigation_holds_only_what_the_person_may_open() -> None:
    pages.set_navigation(
        [("/", "Worklist"), ("/payments", "Payments", Permission.PAYMENT_SEE),
         ("/people", "People", Permission.PEOPLE_SEE)]
    )  # fmt: skip
    lines = pages.navigation_of(OFFICER, "/payments/7", {"/": 14})
    assert [(line.path, line.current, line.count) for line in lines] == [
        ("/", False, 14),
        ("/payments", True, 0),
    ]
    assert pages.navigation_of(None, "/") == []


def test_longest_path_is_the_current_one() -> None:
    pages.set_navigation([("/payments", "Payments"), ("/payments/returned", "Returned")])
    lines = pages.navigation_of(OFFICER, "/payments/returned/3")
    assert [line.current for line in lines] == [False, True]


# Assets


def test_assets_are_kept_for_good_and_come_compressed() -> None:
    with create_test_client(assets.ROUTES) as client:
        answer = client.get(assets.address("app.css"))
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-encoding"] == "gzip"
        assert ":root" in answer.text
        plain = client.get(assets.address("app.js"), headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert "customElements.define" in plain.text


def test_asset_of_another_digest_is_not_found() -> None:
    with create_test_client(assets.ROUTES) as client:
        assert client.get("/static/000000000000/app.css").status_code == 404
        assert client.get(assets.address("app.css").replace("app.css", "x")).status_code == 404


def test_styles_and_scripts_stay_below_60_kilobytes_compressed() -> None:
    served = assets.all_assets()
    assert len(served["app.css"].compressed) + len(served["app.js"].compressed) < 60 * 1024
    assert gzip.decompress(served["app.js"].compressed) == served["app.js"].body


def test_policy_forbids_everything_inline_and_from_elsewhere() -> None:
    policy = assets.security_headers()["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def _templates() -> list[Path]:
    every = sorted(pages.TEMPLATES_DIR.glob("**/*.html"))
    return [path for path in every if "pdf" not in path.parts]


@pytest.mark.parametrize(
    "path", _templates(), ids=lambda p: str(p.relative_to(pages.TEMPLATES_DIR))
)
def test_template_is_well_formed_and_has_nothing_inline(path: Path) -> None:
    pages.environment("en").get_template(str(path.relative_to(pages.TEMPLATES_DIR)))
    inline = re.findall(r"\sstyle=|\son[a-z]+=|<style|<script(?! src=)", path.read_text())
    assert inline == []


# Lists


def listing(**query: str | list[str]) -> Listing:
    return Listing.of(
        ask("/payments", query=query),
        filters=("q", "state"),
        columns=COLUMNS,
        order="-number",
        size=10,
    )


def test_list_takes_its_state_from_the_address() -> None:
    now = listing(q=" 晨曦 ", state="PAID", order="amount_fen", page="2", other="x").counted(34)
    assert now.filters == {"q": "晨曦", "state": "PAID"}
    assert (now.order, now.descending, now.offset, now.size) == ("amount_fen", False, 10, 10)
    assert (now.first, now.last, now.pages) == (11, 20, 4)


@pytest.mark.parametrize("order", ["payee", "1;drop", "-nothing", "", "--number"])
def test_list_sorts_only_by_columns_that_may(order: str) -> None:
    assert listing(order=order).order_text == "-number"


@pytest.mark.parametrize("page", ["0", "-1", "x", "９", "99999999999", ""])
def test_page_that_is_no_number_is_the_first(page: str) -> None:
    assert listing(page=page).page == 1


def test_address_keeps_what_is_not_changed_and_drops_what_is_usual() -> None:
    now = listing(state="PAID", page="3")
    assert now.address() == "/payments?state=PAID&page=3"
    assert now.address(page=1) == "/payments?state=PAID"
    assert now.address(state=None, q="a&b") == "/payments?q=a%26b"
    assert now.address("/payments/export") == "/payments/export?state=PAID&page=3"


def test_second_click_on_a_heading_turns_the_order() -> None:
    assert listing().order_address("number") == "/payments?order=number"
    assert listing(order="number").order_address("number") == "/payments"
    assert listing().order_address("amount_fen") == "/payments?order=amount_fen"


def test_chosen_columns_stay_in_the_address() -> None:
    now = listing(columns=["payee"])
    assert now.shows("number") and now.shows("payee") and not now.shows("amount_fen")
    assert now.address(state="PAID") == "/payments?columns=number&columns=payee&state=PAID"


def test_saved_view_that_is_shown_is_marked() -> None:
    views = [View("All", ""), View("Paid", "state=PAID", 3)]
    body = said_by("{{ ui.views(l, v) }}", l=listing(state="PAID"), v=views)
    assert 'href="/payments?state=PAID" aria-current="true"' in body


def test_list_with_a_region_changes_that_alone_and_without_it_the_page() -> None:
    template = "{{ ui.pager(l) }}{{ ui.sort_header(l, 'number', 'Number') }}{{ ui.filters(l) }}"
    plain = listing().counted(30)
    within = said_by(template, l=replace(plain, region="list"))
    assert within.count('hx-target="#list" hx-select="#list"') == 3
    assert "hx-" not in said_by(template, l=plain)


# Components


def test_error_stands_beside_its_field_and_the_typed_text_stays() -> None:
    body = said_by(
        "{{ ui.field('name', 'Name', typed, e) }}", typed='"x"', e={"name": "Too <long>"}
    )
    assert 'value="&#34;x&#34;"' in body
    assert 'aria-invalid="true"' in body
    assert 'aria-describedby="name-error' in body
    assert "Too &lt;long&gt;" in body


def test_summary_of_errors_links_to_each_field() -> None:
    body = said_by("{{ ui.error_summary(e, {'a': 'Amount'}) }}", e={"a": "Missing", "b": "Wrong"})
    assert '<a href="#a">Amount: Missing</a>' in body
    assert '<a href="#b">Wrong</a>' in body
    assert said_by("{{ ui.error_summary({}) }}").strip() == ""


def test_bar_is_drawn_without_a_style_and_says_its_figures() -> None:
    body = said_by("{{ ui.budget_bar('Line', 5000, 1000, 3000, 1000) }}")
    assert 'class="committed" x="600.0" width="300.0"' in body
    assert 'aria-label="Line: paid 50.00, in bank 0.00, payable 10.00, committed 30.00,' in body


def test_text_of_a_person_never_becomes_markup_in_components() -> None:
    evil = "<img src=x>"
    body = said_by(
        "{{ ui.pill(v) }}{{ ui.notice(v) }}{{ ui.facts([(v, v)]) }}{{ ui.closed(v, v, v) }}"
        "{{ ui.textarea('t', v, v) }}{{ ui.select('s', v, [(v, v)]) }}{{ ui.pick('p', 1, 2, v) }}",
        v=evil,
    )
    assert "<img" not in body
    assert body.count("&lt;img src=x&gt;") >= 10


def test_pill_answers_markup_that_facts_let_through() -> None:
    body = said_by("{{ ui.facts([('a', ui.pill('Good', 'good'))]) }}")
    assert '<span class="pill good">Good</span>' in body
    assert isinstance(pages.yuan(1), Markup)


# The script's amounts are those of kernel/money.py


@pytest.fixture(scope="module")
def script() -> MiniRacer:
    engine = MiniRacer()
    engine.eval((assets.STATIC_DIR / "js" / "amounts.js").read_text())
    return engine


def test_script_writes_every_amount_as_the_kernel_does(script: MiniRacer) -> None:
    @given(st.integers(0, 10**17 - 1) | st.integers(0, 10**9).map(lambda n: n * 10**7))
    def compare(fen: int) -> None:
        said = script.eval(f"amounts.yuanText({fen}n) + ' ' + amounts.amountInCapitals({fen}n)")
        assert said == f"{yuan_text(Fen(fen))} {amount_in_capitals(Fen(fen))}"

    compare()


@pytest.mark.parametrize(
    ("text", "fen"),
    [("60000", 6000000), ("60,000", 6000000), ("6万", 6000000), ("１.５万元", 1500000),
     ("¥ 1.05", 105), ("0.001", None), ("6,00", None), ("abc", None), ("", None), ("-1", None),
     ("1亿", 10**10), ("999999999999999.99", 10**17 - 1), ("1000000000000000", None)],
)  # fmt: skip
def test_script_reads_amounts_as_the_kernel_does(
    script: MiniRacer, text: str, fen: int | None
) -> None:
    assert script.eval(f"String(amounts.fenFrom({text!r}))") == (
        "null" if fen is None else str(fen)
    )
