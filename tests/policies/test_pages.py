"""Pages of the rules: read in words, proposed field by field, decided by another person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from grants.figures.shapes import Widget, shape_of
from grants.kernel import calendar
from grants.kernel.identity import Role
from grants.platform import db
from grants.policies import queries
from grants.policies.kinds import KINDS
from tests.app import browsing, send
from tests.world import DAY, World, bureau
from tests.world_policies import AHEAD, proposed

pytestmark = pytest.mark.usefixtures("empty")


@pytest.fixture(autouse=True)
def on_the_day(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pages read the clock; here it stands still."""
    monkeypatch.setattr(calendar, "today", lambda: DAY)
    yield


async def form_of(kind: str, **changed: Any) -> dict[str, Any]:
    """The form as the page fills it, with some fields changed; names with dots after `__`."""
    body = (await queries.versions(kind))[0].body
    form: dict[str, Any] = {
        "starts_on": AHEAD.isoformat(),
        "legal_basis": "太社工〔2026〕21号",
        "mark": "seed",
        "reason": "明年起调整",
    }
    for leaf in shape_of(KINDS[kind].model, body, KINDS[kind].words).every_leaf():
        if leaf.widget in (Widget.PICKS, Widget.CHAIN):
            form[leaf.path] = list(leaf.chosen)
        elif leaf.widget is not Widget.FLAG or leaf.value:
            form[leaf.path] = "on" if leaf.widget is Widget.FLAG else leaf.text
    return {**form, **{name.replace("__", "."): value for name, value in changed.items()}}


async def sent(world: World, kind: str, form: dict[str, Any], by: Role = Role.FIN_HEAD) -> Any:
    async with browsing(world[by]) as client:
        return await send(client, f"/policies/{kind}/proposals", form)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_every_kind_is_read_and_proposed_without_json(kind: str, lang: str) -> None:
    world = await bureau()
    async with browsing(world[Role.FIN_HEAD], lang) as client:
        for path in (f"/policies/{kind}", f"/policies/{kind}/new"):
            page = await client.get(path)
            assert page.status_code == 200
            assert "&#34;" not in page.text and "{'" not in page.text
        (version,) = await queries.versions(kind)
        assert (await client.get(f"/policies/{kind}/versions/{version.id}")).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
async def test_the_form_as_it_comes_changes_nothing(kind: str) -> None:
    world = await bureau()
    version = (await queries.versions(kind))[0]
    form = await form_of(kind, legal_basis=version.legal_basis, mark=version.mark)
    got = await sent(world, kind, form)
    assert got.status_code == 422
    assert "Nothing is changed." in got.text


@pytest.mark.parametrize(
    ("kind", "changed", "reason"),
    [
        ("payment_gate", {"repeat_days": "many"}, "Enter a whole number."),
        ("payment_gate", {"repeat_days": "-1"}, "Enter a whole number."),
        ("payment_gate", {"repeat_days": "0"}, "At least 1."),
        ("payment_gate", {"year_end_cutoff_month": "2", "year_end_cutoff_day": "30"}, "every year"),
        ("payment_gate", {"rules__names_agree__level": "nonsense"}, "Choose one."),
        ("payment_gate", {"rules__names_agree__waivable_by": ["OFFICER"]}, "Choose one."),
        ("payment_gate", {"rules__cash_plan_has_room__level": "warning"}, "guards the money"),
        ("payment_gate", {"rules__account_is_verified__waivable_by": ["FIN_HEAD"]}, "nobody may"),
        ("payment_gate", {"invoice_instruments": ["NONSENSE"]}, "Choose one."),
        ("approval_tiers", {"tiers__0__up_to_fen": "abc"}, "is not an amount"),
        ("approval_tiers", {"tiers__0__up_to_fen": "0"}, "At least 1."),
        ("approval_tiers", {"tiers__1__up_to_fen": "50000"}, "T2 has to reach higher"),
        ("approval_tiers", {"tiers__3__up_to_fen": "900000"}, "without limit"),
        ("approval_tiers", {"tiers__1__up_to_fen": ""}, "Only the last tier"),
        ("approval_tiers", {"tiers__1__code": "T1"}, "same name"),
        ("approval_tiers", {"tiers__1__code": "?"}, "right form"),
        ("approval_tiers", {"tiers__0__chain": []}, "Somebody has to approve."),
        ("approval_tiers", {"tiers__0__chain": ["SECTION_HEAD"] * 2}, "stands twice"),
        ("approval_tiers", {"tiers__0__chain": ["CASHIER"]}, "Choose one."),
        ("payment_clock", {"days_after_trigger": "1000"}, "At most 366."),
        ("fund_matrix", {"cells__VENTURE__GENERAL__verdict": ""}, "Choose one."),
        ("budget_codes", {"codes__0__code": "2080206"}, "stands twice"),
        ("payer_account", {"cnaps": "123"}, "routing number"),
        ("sign_in", {"password_length": "4"}, "At least 8."),
        ("budget_approval", {"fiscal_year": "20226"}, "At most 2100."),
        ("sign_in", {"starts_on": "soon"}, "Enter a day"),
        ("sign_in", {"locked_minutes": "60", "starts_on": "2026-06-14"}, "is over"),
        ("sign_in", {"locked_minutes": "60", "legal_basis": " "}, "At least"),
        ("sign_in", {"locked_minutes": "60", "legal_basis": ""}, "at least 4"),
        ("sign_in", {"locked_minutes": "60", "reason": ""}, "at least 5"),
        ("sign_in", {"locked_minutes": "60", "mark": "X"}, "Choose one."),
    ],
)
async def test_bad_input_is_refused_beside_its_field_and_nothing_is_lost(
    kind: str, changed: dict[str, Any], reason: str
) -> None:
    world = await bureau()
    got = await sent(world, kind, await form_of(kind, **changed))
    assert got.status_code == 422
    assert re.search(reason, got.text, re.I)
    assert "明年起调整" in got.text or "reason" in changed
    assert await db.value("SELECT count(*) FROM policy_proposal") == 0


async def test_a_figure_is_changed_by_two_people() -> None:
    world = await bureau()
    got = await sent(world, "payment_gate", await form_of("payment_gate", repeat_days="120"))
    assert got.status_code == 303
    path = got.headers["location"]
    async with browsing(world[Role.FIN_DEPUTY]) as client:
        page = (await client.get(path)).text
        assert "<del>90</del>" in page and "<ins>120</ins>" in page
        assert (await send(client, f"{path}/approve", {"seen_version": "1"})).status_code == 303
        assert "from 2027-01-01" in (await client.get("/policies")).text
    new, old = await queries.versions("payment_gate")
    assert (old.ends_on, new.starts_on, new.body["repeat_days"]) == (AHEAD, AHEAD, 120)


async def test_rows_are_added_and_removed_before_anything_is_proposed() -> None:
    world = await bureau()
    form = await form_of("approval_tiers")
    more = await sent(world, "approval_tiers", {**form, "act": "add:tiers"})
    less = await sent(world, "approval_tiers", {**form, "act": "remove:tiers.2"})
    assert more.status_code == less.status_code == 200
    assert 'name="tiers.4.code"' in more.text and 'name="tiers.4.code"' not in less.text
    assert 'name="tiers.3.code"' not in less.text and "明年起调整" in less.text


@pytest.mark.parametrize("act", ["add:", "remove:", "add:nonsense", "remove:tiers.x", "nonsense:"])
async def test_an_odd_act_shows_the_form_again(act: str) -> None:
    world = await bureau()
    got = await sent(world, "approval_tiers", {**(await form_of("approval_tiers")), "act": act})
    assert got.status_code == 200 and 'name="tiers.3.code"' in got.text


async def test_odd_names_in_a_form_are_passed_over() -> None:
    world = await bureau()
    odd = {
        "rules": "x",
        "rules.names_agree": "y",
        "a.b.c.d.e.f": "z",
        "rules.nonsense.level": "off",
    }
    form = await form_of("payment_gate", repeat_days="100")
    got = await sent(world, "payment_gate", {**odd, **form})
    assert got.status_code in (303, 422)
    odd = {"tiers.²": "1", "tiers.9": "1", "tiers.0.chain.x": "1", "tiers.0.code.z": "1"}
    got = await sent(world, "approval_tiers", {**(await form_of("approval_tiers")), **odd})
    assert got.status_code in (303, 422)


async def test_what_would_change_is_shown_before_proposing() -> None:
    world = await bureau()
    form = await form_of("sign_in", locked_minutes="60", reason="")
    got = await sent(world, "sign_in", {**form, "act": "look"})
    assert got.status_code == 200
    assert "<ins>60</ins>" in got.text and "Passwords that are set" in got.text
    assert await db.value("SELECT count(*) FROM policy_proposal") == 0


async def test_a_kind_whose_proposal_waits_leads_to_it() -> None:
    world = await bureau()
    proposal = await proposed(world, repeat_days=120)
    async with browsing(world[Role.FIN_HEAD]) as client:
        got = await client.get("/policies/payment_gate/new")
        assert got.headers["location"] == f"/policies/proposals/{proposal}"
        assert "it waits for a decision" in (await client.get("/policies/payment_gate")).text


async def test_a_stale_page_decides_nothing() -> None:
    world = await bureau()
    proposal = await proposed(world, repeat_days=120)
    async with browsing(world[Role.MAIN_LEADER]) as client:
        path = f"/policies/proposals/{proposal}/approve"
        assert (await send(client, path, {"seen_version": "7"})).status_code == 409
        assert (await send(client, path, {"seen_version": "x"})).status_code == 422


async def test_rejecting_needs_a_reason_which_stays_on_the_page() -> None:
    world = await bureau()
    proposal = await proposed(world, repeat_days=120)
    async with browsing(world[Role.MAIN_LEADER]) as client:
        path = f"/policies/proposals/{proposal}"
        assert (await send(client, f"{path}/reject", {"seen_version": "1"})).status_code == 422
        reason = {"seen_version": "1", "reason": "依据不足，请补充文件"}
        assert (await send(client, f"{path}/reject", reason)).status_code == 303
        assert "依据不足，请补充文件" in (await client.get(path)).text


async def test_a_version_ahead_is_taken_back_on_its_page() -> None:
    world = await bureau()
    proposal = await proposed(world, repeat_days=120)
    async with browsing(world[Role.MAIN_LEADER]) as client:
        path = f"/policies/proposals/{proposal}"
        await send(client, f"{path}/approve", {"seen_version": "1"})
        assert "not yet in force" in (await client.get(path)).text
        reason = {"seen_version": "2", "reason": "推迟到下一年度"}
        assert (await send(client, f"{path}/take-back", reason)).status_code == 303
    (version,) = await queries.versions("payment_gate")
    assert version.ends_on is None


async def test_who_may_not_propose_sees_no_form() -> None:
    world = await bureau()
    async with browsing(world[Role.OFFICER]) as client:
        assert (await client.get("/policies/sign_in")).status_code == 200
        assert (await client.get("/policies/sign_in/new")).status_code == 403


async def test_an_unknown_kind_or_version_is_not_found() -> None:
    world = await bureau()
    (version,) = await queries.versions("sign_in")
    async with browsing(world[Role.FIN_HEAD]) as client:
        for path in ("nonsense", "nonsense/new", f"payment_gate/versions/{version.id}"):
            assert (await client.get(f"/policies/{path}")).status_code == 404
