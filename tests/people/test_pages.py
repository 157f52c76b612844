"""Signing in, one's own account, accounts and persons, as browsers meet them."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NoReturn

import httpx
import pyotp
import pytest

from grants.kernel import calendar
from grants.kernel.identity import SYSTEM, Actor, Role
from grants.people import actions, signing_in
from grants.platform import access, db
from grants.settings import settings
from tests.app import (
    ADDRESS,
    browsing,
    form_token,
    hidden_fields,
    send,
    signed_in,
    visiting,
)
from tests.world import add_actor, add_organisation

pytestmark = pytest.mark.usefixtures("empty")

PASSWORD = "Right-horse-7"
ID_NUMBER = "11010519491231002X"


@pytest.fixture
async def zhang(empty: None) -> Actor:
    """A cashier with a password."""
    admin = await add_actor(Role.SYS_ADMIN, name="示例·系统管理员")
    person = await actions.add_person(admin, "示例·张三")
    user = await actions.add_account(admin, "zhang", person, PASSWORD, organisation_id=None)
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            'INSERT INTO role_grant ("user", role, starts_on, granted_by) '
            "VALUES ($1, 'CASHIER', '2020-01-01', 1)",
            user,
        )
    return Actor(user, person, "示例·张三", frozenset({Role.CASHIER}))


@pytest.fixture
async def visitor(empty: None) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which nobody is signed in, with the sign-in page open."""
    async with visiting() as client:
        await client.get("/sign-in")
        yield client


@pytest.fixture
async def admin(empty: None) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of the system administrator."""
    async with browsing(await add_actor(Role.SYS_ADMIN, name="示例·管理")) as client:
        yield client


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Second factors are switched on."""
    changed = settings.model_copy(update={"second_factor": True})
    monkeypatch.setattr(signing_in, "settings", changed)


async def sign_in(
    client: httpx.AsyncClient, password: str = PASSWORD, **more: str
) -> httpx.Response:
    return await send(client, "/sign-in", {"username": "zhang", "password": password, **more})


# Signing in and out


async def test_signing_in_leads_to_the_page_that_was_asked_for(
    zhang: Actor, visitor: httpx.AsyncClient
) -> None:
    asked = await visitor.get("/payments", params={"state": "SUBMITTED", "search": "张"})
    form = dict(hidden_fields((await visitor.get(asked.headers["location"])).text, "/sign-in"))
    answer = await sign_in(visitor, next=form["next"])
    assert answer.status_code == 303
    assert answer.headers["location"] == "/payments?state=SUBMITTED&search=%E5%BC%A0"
    assert (await visitor.get(answer.headers["location"])).status_code == 200


async def test_the_cookie_of_the_session_is_closed_to_scripts(
    zhang: Actor, visitor: httpx.AsyncClient
) -> None:
    cookie = (await sign_in(visitor)).headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "max-age" not in cookie.lower()


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example"])
async def test_signing_in_never_leads_elsewhere(
    zhang: Actor, visitor: httpx.AsyncClient, path: str
) -> None:
    shown = await visitor.get("/sign-in", params={"next": path})
    assert dict(hidden_fields(shown.text, "/sign-in"))["next"] == "/"
    assert (await sign_in(visitor, next=path)).headers["location"] == "/"


async def test_a_wrong_password_keeps_the_name_and_not_the_password(
    zhang: Actor, visitor: httpx.AsyncClient
) -> None:
    answer = await sign_in(visitor, "Wrong-horse-7", next="/me")
    assert answer.status_code == 422
    assert "Name or password is wrong." in answer.text
    assert 'value="zhang"' in answer.text
    assert "Wrong-horse-7" not in answer.text
    assert dict(hidden_fields(answer.text, "/sign-in"))["next"] == "/me"


async def test_a_wrong_name_and_a_wrong_password_show_the_same_page(
    zhang: Actor, visitor: httpx.AsyncClient
) -> None:
    known = await sign_in(visitor, "Wrong-horse-7")
    unknown = await send(visitor, "/sign-in", {"username": "gnahz", "password": "Wrong-horse-7"})
    assert unknown.status_code == known.status_code
    assert unknown.text.replace("gnahz", "zhang") == known.text


async def test_a_locked_account_says_so(zhang: Actor, visitor: httpx.AsyncClient) -> None:
    for _ in range(5):
        await sign_in(visitor, "Wrong-horse-7")
    answer = await sign_in(visitor)
    assert answer.status_code == 422
    assert "locked for 30 minutes" in answer.text


async def test_signing_out_ends_the_session_on_the_server(zhang: Actor) -> None:
    async with browsing(zhang) as client:
        token = client.cookies[access.SESSION_COOKIE]
        assert (await send(client, "/sign-out")).headers["location"] == "/sign-in"
        client.cookies.set(access.SESSION_COOKIE, token)
        assert (await client.get("/me")).status_code == 303


async def test_one_ends_another_of_ones_sessions_from_the_page(zhang: Actor) -> None:
    async with browsing(zhang) as here, browsing(zhang) as there:
        shown = (await here.get("/me")).text
        found = re.search(r"/me/sessions/(\d+)/end", shown)
        assert found is not None
        assert (await send(here, found[0])).status_code == 303
        assert (await there.get("/me")).status_code == 303
        assert (await here.get("/me")).status_code == 200


# The second step


async def half_way(client: httpx.AsyncClient) -> str:
    """Sign in as far as the second step, and answer the key that its page shows."""
    answer = await sign_in(client)
    assert answer.headers["location"].startswith("/sign-in/second")
    return key_on((await client.get("/sign-in/second")).text)


async def enter(client: httpx.AsyncClient, code: str, **more: str) -> httpx.Response:
    """Send the second step; its form hangs on the visitor, as no session is whole yet."""
    token = access.form_token(client.cookies[access.VISITOR_COOKIE])
    return await send(client, "/sign-in/second", {"csrf_token": token, "code": code, **more})


def key_on(page: str) -> str:
    found = re.search(r"<code>([A-Z2-7]{32})</code>", page)
    return found[1] if found else ""


async def test_the_app_is_enrolled_with_the_picture_and_a_code(
    zhang: Actor, visitor: httpx.AsyncClient, strict: None
) -> None:
    await sign_in(visitor)
    page = (await visitor.get("/sign-in/second")).text
    assert 'src="data:image/png;base64,' in page
    code = pyotp.TOTP(key_on(page)).now()
    done = await enter(visitor, code, next="/me")
    assert done.status_code == 200
    assert len(re.findall(r"<code>[0-9A-F]{4}-[0-9A-F]{4}</code>", done.text)) == 10
    assert (await visitor.get("/me")).status_code == 200


async def test_half_a_session_opens_nothing_else(
    zhang: Actor, visitor: httpx.AsyncClient, strict: None
) -> None:
    await half_way(visitor)
    for path in ("/", "/me", "/payments", "/batches"):
        answer = await visitor.get(path)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in"), path
    assert (await send(visitor, "/me/messages/read")).status_code == 401


async def test_after_a_wrong_code_the_app_keeps_its_key(
    zhang: Actor, visitor: httpx.AsyncClient, strict: None
) -> None:
    key = await half_way(visitor)
    again = await enter(visitor, "wrong", next="/payments")
    assert again.status_code == 422
    assert key_on(again.text) == key
    assert dict(hidden_fields(again.text, "/sign-in/second"))["next"] == "/payments"
    code = pyotp.TOTP(key).now()
    assert (await enter(visitor, code)).status_code == 200


async def test_an_enrolled_key_is_never_shown_again(
    zhang: Actor, visitor: httpx.AsyncClient, strict: None
) -> None:
    key = await half_way(visitor)
    await enter(visitor, pyotp.TOTP(key).now())
    async with visiting() as other:
        await other.get("/sign-in")
        assert await half_way(other) == ""
        assert key not in (await other.get("/sign-in/second")).text


async def test_the_second_step_without_the_first_leads_to_signing_in(
    visitor: httpx.AsyncClient,
) -> None:
    assert (await visitor.get("/sign-in/second")).headers["location"].startswith("/sign-in?")
    assert (await enter(visitor, "123456")).status_code == 401


async def test_who_is_signed_in_has_no_second_step_to_take(zhang: Actor) -> None:
    async with browsing(zhang) as client:
        assert (await client.get("/sign-in/second")).headers["location"] == "/"
        assert (await send(client, "/sign-in/second", {"code": "123456"})).status_code == 303


async def test_the_page_that_was_asked_for_survives_the_second_step(
    zhang: Actor, visitor: httpx.AsyncClient, strict: None
) -> None:
    answer = await sign_in(visitor, next="/payments?state=PAID&search=%E5%BC%A0")
    page = (await visitor.get(answer.headers["location"])).text
    assert dict(hidden_fields(page, "/sign-in/second"))["next"] == (
        "/payments?state=PAID&search=%E5%BC%A0"
    )


# A session that ends in the middle of a form


TYPED = {
    "username": "li",
    "name": '示例·"李四" <b>',
    "password": "Another-horse-8",
    "code": "A1",
}


async def test_what_was_typed_waits_behind_the_sign_in_but_not_the_password(
    visitor: httpx.AsyncClient,
) -> None:
    answer = await send(visitor, "/people", TYPED)
    assert answer.status_code == 401
    kept = dict(hidden_fields(answer.text, "/sign-in"))
    assert kept["kept:name"] == TYPED["name"]
    assert kept["kept:code"] == "A1"
    assert kept["next"] == "/people"
    assert "kept:password" not in kept and "kept:csrf_token" not in kept
    assert "Another-horse-8" not in answer.text


async def test_what_was_typed_is_shown_after_signing_in_and_sent_again(
    zhang: Actor, visitor: httpx.AsyncClient
) -> None:
    typed = {"role": "CASHIER", "reason": "外出学习", "starts_on": "bad"}
    waiting = await send(visitor, "/me/delegations", typed)
    carried = dict(hidden_fields(waiting.text, "/sign-in"))
    shown = await visitor.post(
        "/sign-in", data={**carried, "username": "zhang", "password": PASSWORD}
    )
    assert shown.status_code == 200
    assert "外出学习" in shown.text
    again = dict(hidden_fields(shown.text, "/me/delegations"))
    answer = await visitor.post("/me/delegations", data=again)
    assert answer.status_code == 422
    assert 'value="外出学习"' in answer.text


async def test_several_ticked_boxes_wait_behind_the_sign_in(
    zhang: Actor, visitor: httpx.AsyncClient
) -> None:
    typed = {"picked": ["7", "8", "9"]}
    waiting = await send(visitor, "/batches", typed)
    fields = hidden_fields(waiting.text, "/sign-in")
    assert [v for name, v in fields if name == "kept:picked"] == ["7", "8", "9"]
    shown = await sign_in(
        visitor,
        **{"next": "/batches", "kept:picked": ["7", "8", "9"]},  # type: ignore[arg-type]
    )
    again = hidden_fields(shown.text, "/batches")
    assert [v for name, v in again if name == "picked"] == ["7", "8", "9"]


async def test_what_was_typed_survives_the_second_step_too(
    zhang: Actor, visitor: httpx.AsyncClient, strict: None
) -> None:
    await half_way(visitor)
    key = key_on((await visitor.get("/sign-in/second")).text)
    await enter(visitor, pyotp.TOTP(key).now())
    visitor.cookies.delete(access.SESSION_COOKIE)
    more = {"next": "/me/delegations", "kept:reason": "外出学习"}
    asked = await sign_in(visitor, **more)
    carried = dict(hidden_fields(asked.text, "/sign-in/second"))
    assert carried["kept:reason"] == "外出学习"
    code = pyotp.TOTP(key).at(calendar.now() + timedelta(seconds=30))
    shown = await visitor.post("/sign-in/second", data={**carried, "code": code})
    assert dict(hidden_fields(shown.text, "/me/delegations"))["reason"] == "外出学习"


async def test_a_button_alone_leads_to_the_worklist_after_signing_in(
    visitor: httpx.AsyncClient,
) -> None:
    waiting = await send(visitor, "/me/messages/read")
    assert waiting.status_code == 401
    assert dict(hidden_fields(waiting.text, "/sign-in"))["next"] == "/"


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {}]
)
async def test_a_form_of_another_site_never_waits_behind_the_sign_in(
    visitor: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    form = {"reason": "外站填写", "csrf_token": "made-up"}
    answer = await visitor.post("/me/delegations", data=form, headers=headers)
    assert answer.status_code == 401
    assert "外站填写" not in answer.text
    assert dict(hidden_fields(answer.text, "/sign-in"))["next"] == "/"


async def test_a_form_of_an_earlier_session_is_sent_again_in_the_present_one(zhang: Actor) -> None:
    async with browsing(zhang) as client:
        old = form_token(client)
        await signed_in(client, zhang.user_id)
        shown = await client.post(
            "/me/delegations",
            data={"reason": "外出学习", "to_user": "7", "csrf_token": old},
            headers={"origin": ADDRESS},
        )
        assert shown.status_code == 409
        again = dict(hidden_fields(shown.text, "/me/delegations"))
        assert (again["reason"], again["to_user"]) == ("外出学习", "7")
        assert (await client.post("/me/delegations", data=again)).status_code == 422


async def test_numbers_of_records_are_sent_again_but_not_shown(
    zhang: Actor, visitor: httpx.AsyncClient
) -> None:
    more = {"next": "/payments", "kept:reason": "外出学习", "kept:award_id": "987654"}
    shown = await sign_in(visitor, **more)
    assert ">外出学习<" in shown.text and ">987654<" not in shown.text
    assert dict(hidden_fields(shown.text, "/payments"))["award_id"] == "987654"


async def test_a_list_that_changes_in_place_goes_to_the_sign_in_as_a_page(
    visitor: httpx.AsyncClient,
) -> None:
    answer = await visitor.get("/payments?state=PAID", headers={"hx-request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in?next=/payments%3Fstate%3DPAID"


async def test_a_form_with_a_file_says_that_the_file_does_not_wait(
    visitor: httpx.AsyncClient,
) -> None:
    answer = await send(
        visitor, "/imports/new", {"note": "外出学习"}, files={"file": ("a.csv", b"1")}
    )
    assert answer.status_code == 401
    assert "texts are kept, files are not" in answer.text
    assert dict(hidden_fields(answer.text, "/sign-in"))["kept:note"] == "外出学习"


async def test_signing_in_again_ends_the_session_before(zhang: Actor) -> None:
    async with browsing(zhang) as client:
        before = client.cookies[access.SESSION_COOKIE]
        assert (await sign_in(client)).status_code == 303
    async with visiting() as other:
        other.cookies.set(access.SESSION_COOKIE, before)
        assert (await other.get("/me")).status_code == 303


# Languages


async def test_the_language_is_switched_and_the_page_stays(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/language/zh", params={"back": "/sign-in?next=/me"})
    assert answer.headers["location"] == "/sign-in?next=/me"
    assert "lang=zh" in answer.headers["set-cookie"]


async def test_an_unknown_language_changes_nothing(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/language/fr")
    assert answer.status_code == 303 and "set-cookie" not in answer.headers


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example"])
async def test_the_switch_never_leads_elsewhere(visitor: httpx.AsyncClient, back: str) -> None:
    answer = await visitor.get("/language/zh", params={"back": back})
    assert answer.headers["location"] == "/"


async def test_the_switch_keeps_a_search_in_chinese(zhang: Actor) -> None:
    async with browsing(zhang) as client:
        page = (await client.get("/payments", params={"search": "张 三&四"})).text
        found = re.search(r'href="(/language/zh\?back=[^"]*)"', page)
        assert found is not None
        answer = await client.get(html.unescape(found[1]))
        assert answer.status_code == 303
        back = await client.get(answer.headers["location"])
        assert back.status_code == 200
        assert dict(httpx.URL(str(back.url)).params)["search"] == "张 三&四"


# Refusals and faults in the layout


@pytest.mark.parametrize("path", ["/no-such-page", "/payments/999999", "/people/1"])
async def test_what_is_not_there_is_said_in_the_layout_with_a_number(path: str) -> None:
    auditor = await add_actor(Role.AUDITOR, name="示例·审计")
    async with browsing(auditor) as client:
        answer = await client.get(path)
    assert answer.status_code == 404
    in_the_layout(answer, "Not found")


def in_the_layout(answer: httpx.Response, title: str) -> None:
    assert f">{title}</h1>" in answer.text
    assert '<link rel="stylesheet"' in answer.text
    assert re.search(r"<dt>Trace number</dt><dd><code>[0-9a-f]{12}</code>", answer.text)
    assert answer.headers["content-type"].startswith("text/html")
    assert "content-security-policy" in answer.headers


async def test_what_is_not_allowed_is_said_in_the_layout_with_a_number(zhang: Actor) -> None:
    async with browsing(zhang) as client:
        answer = await client.get("/people")
    assert answer.status_code == 403
    in_the_layout(answer, "You may not do this")


async def test_what_is_not_possible_now_is_said_in_the_layout_with_a_number(zhang: Actor) -> None:
    security = await add_actor(Role.SEC_ADMIN, name="示例·安全")
    ending = f"/people/{zhang.user_id}/roles/999999/end"
    async with browsing(security) as client:
        answer = await send(client, ending, {"reason": "轮岗到别处"})
    assert answer.status_code == 409
    in_the_layout(answer, "Not possible now")


async def test_a_fault_of_ours_shows_its_number_and_nothing_of_the_inside(
    zhang: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> NoReturn:
        raise ZeroDivisionError("an inner secret")

    monkeypatch.setattr("grants.people.own_pages.inbox.messages", broken)
    async with browsing(zhang) as client:
        answer = await client.get("/me")
    assert answer.status_code == 500
    in_the_layout(answer, "Something went wrong")
    assert "inner secret" not in answer.text and "ZeroDivision" not in answer.text


async def test_a_wrong_method_is_said_in_the_layout(zhang: Actor) -> None:
    async with browsing(zhang) as client:
        answer = await client.get("/sign-out")
    assert answer.status_code == 405
    in_the_layout(answer, "This address cannot be used this way")


# One's own account


async def test_a_password_is_changed_on_ones_own_page(zhang: Actor) -> None:
    async with browsing(zhang) as client:
        form = {"old": PASSWORD, "new": "Another-horse-8"}
        assert (await send(client, "/me/password", form)).headers["location"] == "/me"
        assert (await client.get("/me")).status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("Wrong-horse-7", "Another-horse-8", "old"),
        (PASSWORD, "weak", "new"),
        (PASSWORD, PASSWORD, "new"),
    ],
)
async def test_a_refused_password_is_explained_beside_its_field_and_not_repeated(
    zhang: Actor, old: str, new: str, field: str
) -> None:
    async with browsing(zhang) as client:
        answer = await send(client, "/me/password", {"old": old, "new": new})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert PASSWORD not in answer.text and "Wrong-horse-7" not in answer.text


async def test_a_role_is_lent_and_taken_back_on_ones_own_page(zhang: Actor) -> None:
    giver = await add_actor(Role.CASHIER, name="示例·出纳")
    day = calendar.today()
    form = {
        "role": "CASHIER",
        "to_user": str(zhang.user_id),
        "starts_on": day.isoformat(),
        "ends_on": (day + timedelta(days=3)).isoformat(),
        "reason": "外出学习三天",
    }
    async with browsing(giver) as client:
        assert (await send(client, "/me/delegations", form)).status_code == 303
        found = re.search(r"/me/delegations/\d+/revoke", (await client.get("/me")).text)
        assert found is not None
        assert (await send(client, found[0])).status_code == 303
        assert "Taken back." in (await client.get("/me")).text


async def test_a_delegation_that_breaks_a_separation_is_explained_beside_its_field(
    zhang: Actor,
) -> None:
    giver = await add_actor(Role.FIN_OFFICER, name="示例·会计")
    day = calendar.today()
    form = {
        "role": "FIN_OFFICER",
        "to_user": str(zhang.user_id),
        "starts_on": day.isoformat(),
        "ends_on": (day + timedelta(days=3)).isoformat(),
        "reason": "外出学习三天",
    }
    async with browsing(giver) as client:
        answer = await send(client, "/me/delegations", form)
    assert answer.status_code == 422
    assert 'id="to_user-error"' in answer.text and 'value="外出学习三天"' in answer.text


async def test_new_recovery_codes_are_made_on_ones_own_page(
    zhang: Actor, visitor: httpx.AsyncClient, strict: None
) -> None:
    await enter(visitor, pyotp.TOTP(await half_way(visitor)).now())
    assert "10 recovery codes are left." in (await visitor.get("/me")).text
    wrong = await send(visitor, "/me/recovery-codes", {"password": "Wrong-horse-7"})
    assert wrong.status_code == 422 and 'id="password-error"' in wrong.text
    made = await send(visitor, "/me/recovery-codes", {"password": PASSWORD})
    assert len(re.findall(r"<code>[0-9A-F]{4}-[0-9A-F]{4}</code>", made.text)) == 10


# Accounts and persons


def account_form(username: str, **more: str) -> dict[str, str]:
    return {
        "name": "示例·赵六",
        "username": username,
        "password": PASSWORD,
        "id_number": ID_NUMBER,
        **more,
    }


async def test_a_second_account_finds_the_person_and_does_not_double_it(
    admin: httpx.AsyncClient,
) -> None:
    first = await send(admin, "/people", account_form("zhao"))
    lower = account_form("zhao-2", id_number="１１０１０５１９４９１２３１００２ｘ")
    second = await send(admin, "/people", lower)
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] != second.headers["location"]
    assert await db.value("SELECT count(*) FROM person WHERE name = '示例·赵六'") == 1
    assert await db.value("SELECT count(*) FROM app_user WHERE username LIKE 'zhao%'") == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"id_number": "110105194912310021"}, "id_number"),
        ({"phone": "123"}, "phone"),
        ({"password": "weak"}, "password"),
    ],
)
async def test_a_wrong_account_is_explained_beside_its_field(
    admin: httpx.AsyncClient, wrong: dict[str, str], field: str
) -> None:
    answer = await send(admin, "/people", account_form("zhao", **wrong))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert 'value="示例·赵六"' in answer.text
    assert PASSWORD not in answer.text
    assert await db.value("SELECT count(*) FROM app_user WHERE username = 'zhao'") == 0


async def test_a_person_is_shown_masked_and_unmasked_only_with_a_reason() -> None:
    entering = await add_actor(Role.SYS_ADMIN, name="示例·系统管理员")
    person = await actions.add_person(entering, "示例·赵六", id_number=ID_NUMBER)
    async with browsing(await add_actor(Role.AUDITOR, name="示例·审计")) as client:
        assert ID_NUMBER not in (await client.get(f"/persons/{person}")).text
        without = await send(client, f"/persons/{person}/unmask", {"reason": ""})
        assert without.status_code == 422 and ID_NUMBER not in without.text
        shown = await send(client, f"/persons/{person}/unmask", {"reason": "核对补贴名单"})
        assert shown.status_code == 200 and ID_NUMBER in shown.text
        assert shown.headers["cache-control"] == "no-store"
        assert ID_NUMBER not in (await client.get(f"/persons/{person}")).text


async def test_a_role_is_granted_and_ended_on_the_page_of_the_account(zhang: Actor) -> None:
    security = await add_actor(Role.SEC_ADMIN, name="示例·安全")
    form = {"role": "FIN_OFFICER", "starts_on": calendar.today().isoformat()}
    async with browsing(security) as client:
        apart = await send(client, f"/people/{zhang.user_id}/roles", form)
        assert apart.status_code == 422 and 'id="role-error"' in apart.text
        lawful = {**form, "role": "OFFICER"}
        assert (await send(client, f"/people/{zhang.user_id}/roles", lawful)).status_code == 303
        twice = await send(client, f"/people/{zhang.user_id}/roles", lawful)
        assert twice.status_code == 422
        assert "holds the role in these days already" in twice.text


async def test_an_account_of_an_agency_is_opened_by_its_name(admin: httpx.AsyncClient) -> None:
    agency = await add_organisation("示例晨曦社会工作服务中心")
    unknown = await send(admin, "/people", account_form("zhao", organisation="没有这一家"))
    assert unknown.status_code == 422 and 'id="organisation-error"' in unknown.text
    form = account_form("zhao", organisation="示例晨曦社会工作服务中心")
    assert (await send(admin, "/people", form)).status_code == 303
    kept = await db.value("SELECT organisation_id FROM app_user WHERE username = 'zhao'")
    assert kept == agency


async def test_a_forgotten_password_is_set_on_the_page_of_the_account(
    zhang: Actor, admin: httpx.AsyncClient
) -> None:
    setting = f"/people/{zhang.user_id}/password"
    weak = await send(admin, setting, {"password": "weak", "why": "忘记了密码"})
    assert weak.status_code == 422 and 'id="password-error"' in weak.text
    done = await send(admin, setting, {"password": "Another-horse-8", "why": "忘记了密码"})
    assert done.status_code == 303
    assert "set a new password" in (await admin.get(f"/people/{zhang.user_id}")).text


async def test_a_lost_second_factor_is_reset_on_the_page_of_the_account(zhang: Actor) -> None:
    security = await add_actor(Role.SEC_ADMIN, name="示例·安全")
    async with db.unit_of_work(SYSTEM):
        await db.execute(
            "UPDATE app_user SET totp_enrolled_at = now() WHERE id = $1", zhang.user_id
        )
    path = f"/people/{zhang.user_id}"
    async with browsing(security) as client:
        assert "Reset the second factor" in (await client.get(path)).text
        resetting = f"{path}/second-factor"
        assert (await send(client, resetting, {"reason": ""})).status_code == 422
        assert (await send(client, resetting, {"reason": "手机丢失了"})).status_code == 303
        assert "Reset the second factor" not in (await client.get(path)).text


async def test_a_closed_account_is_out_at_once(zhang: Actor, admin: httpx.AsyncClient) -> None:
    async with visiting() as client:
        await signed_in(client, zhang.user_id)
        assert (await client.get("/me")).status_code == 200
        closing = f"/people/{zhang.user_id}/close"
        assert (await send(admin, closing, {"reason": "调离"})).status_code == 422
        assert (await send(admin, closing, {"reason": "调离本单位"})).status_code == 303
        assert (await client.get("/me")).status_code == 303
