"""The one guard: sessions, permissions, forms from elsewhere, paths that lead elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from grants.app import routes
from grants.kernel.identity import Permission, Role
from grants.platform import access
from grants.platform.access import local_path
from tests.app import ADDRESS, application, browsing, form_token, send, visiting
from tests.world import add_actor


@pytest.fixture
async def officer(empty: None) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of an officer."""
    async with browsing(await add_actor(Role.OFFICER, name="示例·经办人")) as client:
        yield client


POST = "/me/messages/read"


# Permissions


def test_every_route_declares_a_permission() -> None:
    assert access.undeclared(routes()) == []
    for handler in routes():
        access.permission_of(handler)


def test_only_these_routes_are_open_to_everybody() -> None:
    public = {
        path
        for handler in routes()
        if access.permission_of(handler) is Permission.PUBLIC
        for path in handler.paths
    }
    own = {path for path in public if not path.startswith("/static")}
    assert own == {
        "/healthz",
        "/readyz",
        "/language/{lang:str}",
        "/sign-in",
        "/sign-in/second",
        "/register",
        "/calls",
        "/calls/{round_id:int}",
        "/notices",
        "/notices/{notice_id:int}",
        "/notices/{notice_id:int}/notice.pdf",
        "/notices/{notice_id:int}/papers/{attachment_id:int}",
        "/notices/{notice_id:int}/objections",
        "/agreements/{agreement_id:int}/paper/{code:str}",
        "/{address:path}",  # nothing is there, and everybody may know that
    }


async def test_no_route_but_the_public_ones_opens_without_a_session(empty: None) -> None:
    wanting = [
        (method, path)
        for handler in routes()
        if access.permission_of(handler) is not Permission.PUBLIC
        for path in handler.paths
        for method in handler.http_methods - {"HEAD", "OPTIONS"}
    ]
    assert len(wanting) > 50
    async with visiting() as client:
        for method, path in wanting:
            address = path.replace("{", "").replace(":int}", "").replace(":str}", "")
            filled = "/".join("1" if "_id" in p or p == "year" else p for p in address.split("/"))
            answer = await client.request(method, filled)
            expected = (303, 404) if method == "GET" else (401, 404)
            assert answer.status_code in expected, (method, filled)
            if answer.status_code == 303:
                assert answer.headers["location"].startswith("/sign-in")


async def test_a_page_outside_ones_roles_is_refused(officer: httpx.AsyncClient) -> None:
    answer = await officer.get("/people")
    assert answer.status_code == 403
    assert "Your roles do not include this page." in answer.text


async def test_an_unknown_session_is_none(empty: None) -> None:
    async with visiting() as client:
        client.cookies.set(access.SESSION_COOKIE, "made-up")
        answer = await client.get("/payments")
        assert answer.headers["location"] == "/sign-in?next=/payments"


# Forms


async def test_a_form_of_ones_own_page_is_taken(officer: httpx.AsyncClient) -> None:
    assert (await send(officer, POST)).status_code == 303


async def test_a_form_without_a_token_is_refused(officer: httpx.AsyncClient) -> None:
    answer = await officer.post(POST)
    assert answer.status_code == 403
    assert "form.token" in answer.text


async def test_a_form_with_the_token_of_another_session_is_refused(
    officer: httpx.AsyncClient,
) -> None:
    async with browsing(await add_actor(Role.OFFICER, name="示例·另一人")) as other:
        answer = await send(officer, POST, {"csrf_token": form_token(other)})
    assert answer.status_code == 403


async def test_a_token_of_strange_letters_is_refused_like_any_other(
    officer: httpx.AsyncClient,
) -> None:
    assert (await send(officer, POST, {"csrf_token": "口令"})).status_code == 403


async def test_the_token_may_come_in_a_header(officer: httpx.AsyncClient) -> None:
    answer = await officer.post(POST, headers={"x-csrf-token": form_token(officer)})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://127.0.0.1:8001", "http://127.0.0.1:8000.evil.cn"]
)
async def test_a_form_from_another_address_is_refused(
    officer: httpx.AsyncClient, origin: str
) -> None:
    answer = await send(officer, POST, headers={"origin": origin})
    assert answer.status_code == 403
    assert "form.foreign" in answer.text


async def test_a_form_from_our_own_address_is_taken(officer: httpx.AsyncClient) -> None:
    answer = await send(officer, POST, headers={"origin": ADDRESS, "sec-fetch-site": "same-origin"})
    assert answer.status_code == 303


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_form_that_the_browser_calls_foreign_is_refused(
    officer: httpx.AsyncClient, site: str
) -> None:
    answer = await send(officer, POST, headers={"sec-fetch-site": site})
    assert answer.status_code == 403


async def test_signing_in_needs_a_token_too(empty: None) -> None:
    async with visiting() as client:
        await client.get("/sign-in")
        answer = await client.post("/sign-in", data={"username": "a", "password": "b"})
    assert answer.status_code == 403


def test_tokens_of_two_sessions_differ_and_do_not_show_the_session() -> None:
    assert access.form_token("a") != access.form_token("b")
    assert access.form_token("a") == access.form_token("a")
    assert "secret-token" not in access.form_token("secret-token")


# Paths


@pytest.mark.parametrize("path", ["/", "/payments/7?tab=acts", "/payments?search=张#x"])
def test_a_path_of_ours_is_followed(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "payments",
        "",
        "/\t/evil.example",
        "/\n/evil.example",
        "/payments\r\nSet-Cookie: a=b",
        " //evil.example",
    ],
)
def test_a_path_that_leads_elsewhere_leads_to_the_worklist(path: str) -> None:
    assert local_path(path) == "/"


# Headers


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sign-in", 200),
        ("/healthz", 200),
        ("/payments", 303),
        ("/no-such-page", 404),
        ("/static/no-such-file", 404),
        ("/language/en", 303),
    ],
)
async def test_security_headers_stand_on_every_answer(empty: None, path: str, status: int) -> None:
    async with visiting() as client:
        answer = await client.get(path)
    assert answer.status_code == status
    assert "default-src 'none'" in answer.headers["content-security-policy"] or (
        "default-src 'self'" in answer.headers["content-security-policy"]
    )
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


async def test_pages_of_a_signed_in_person_are_stored_nowhere(officer: httpx.AsyncClient) -> None:
    for path in ("/me", "/people", "/no-such-page"):
        answer = await officer.get(path)
        assert answer.headers["cache-control"] in ("no-store", "no-cache"), path
    assert (await officer.get("/me")).headers["cache-control"] == "no-store"


def test_the_application_is_wired_once() -> None:
    assert application() is application()
