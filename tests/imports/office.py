"""A browser at the import, and lists to send from it."""

from __future__ import annotations

import re
from typing import Any

import httpx
from litestar import Litestar, Request, Response
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from grants.imports import pages as import_pages
from grants.kernel.errors import Refusal
from grants.kernel.identity import Actor, Role
from grants.platform import access, pages
from tests.world import World

HEAD = "项目编号,项目名称,收款单位名称,资助金额（元）,决定日期"
PAYEE = "示例晨曦社会工作服务中心"
GOOD = f"{HEAD}\nA-1,邻里家园,{PAYEE},6万,2024-03-01".encode()
MIXED = GOOD + f"\nA-2,老年餐,{PAYEE},0,2024-03-01".encode()
CHOICE = {"programme": "NH", "fund": "G"}


def _refused(request: Request[Any, Any, Any], refusal: Refusal) -> Response[str]:
    return pages.refused(request, refusal)


async def _name(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    connection.state.request_id = "r-1"


class Office:
    """A browser in which one person is signed in."""

    def __init__(self, world: World, role: Role) -> None:
        self.world = world
        self.actor = actor = world[role]

        async def load(token: str, _request_id: str) -> Actor | None:
            return actor if token == "t" else None

        app = Litestar(
            import_pages.ROUTES,
            guards=[_name, access.guard(load)],
            exception_handlers={Refusal: _refused},
            openapi_config=None,
            debug=True,
        )
        self.browser = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),  # type: ignore[arg-type]
            base_url="http://testserver",
            cookies={access.SESSION_COOKIE: "t", "lang": "en"},
            headers={"x-csrf-token": access.form_token("t")},
        )

    async def send(self, content: bytes, name: str = "a.csv", **more: str) -> httpx.Response:
        return await self.browser.post(
            "/imports/new", data={**CHOICE, **more}, files={"list": (name, content)}
        )

    async def look(self, content: bytes, **more: str) -> httpx.Response:
        sent = await self.send(content, **more)
        assert sent.status_code == 303, sent.text
        return await self.browser.get(sent.headers["location"])

    async def start(self, content: bytes, **more: str) -> str:
        """Look at a list and import it; answers the address of the run."""
        fields = fields_of((await self.look(content, **more)).text, "/imports")
        started = await self.browser.post("/imports", data=fields)
        assert started.status_code == 303, started.text
        return started.headers["location"]


def fields_of(html: str, action: str) -> dict[str, str]:
    """Hidden fields of the form that posts to `action`."""
    form = html[html.index(f'action="{action}"') :]
    form = form[: form.index("</form>")]
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {name: value.replace("&amp;", "&") for name, value in found}
