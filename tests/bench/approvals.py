"""Approvals over HTTP, and the very statements of an approval run by pgbench."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg
import httpx

from grants.app import create_app
from grants.platform import db, embedded
from tests.bench.application import Server
from tests.bench.ground import LARGE, Ground
from tests.bench.history import LINES, LINES_A_YEAR
from tests.bench.load import Client, Load, post

AT_ONCE = 8
BY_HTTP, BY_PGBENCH = 240, 480
_PGBENCH_CLIENTS = 4


@dataclass(frozen=True)
class Statement:
    """One statement as asyncpg sent it, with the types that PostgreSQL found for its places."""

    sql: str
    arguments: Sequence[Any]
    types: Sequence[str]


Heard = list[tuple[str, Sequence[Any]]]


async def listen() -> Heard:
    """Every statement of the pool from now on; the pool has to hold one connection only."""
    heard: Heard = []

    def hear(query: Any) -> None:
        heard.append((query.query, query.args or ()))

    async with _only_connection() as connection:
        connection.add_query_logger(hear)
    return heard


class Approvals:
    """Payments that wait for their last approval, handed out round by round."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._waiting = iter(LARGE.last_steps)

    def take(self, count: int) -> list[int]:
        """The next `count` payments; consecutive ones draw on different lines."""
        return [next(self._waiting) for _ in range(count)]

    def request(self, place: int, payment_id: int) -> str:
        """The form of an approval, sent by one of the deputies."""
        deputy = self.ground.deputies[place % len(self.ground.deputies)]
        form = {"csrf_token": self.ground.form_token(deputy), "version": 3, "opinion": "同意"}
        cookies = self.ground.cookies(deputy)
        return post(f"/payments/{payment_id}/approve", urlencode(form), cookies)

    def by_http(self, client: Client, server: Server) -> Load:
        """A round over HTTP: every answer leads back to the case, every one is approved."""
        ids = self.take(BY_HTTP)
        requests = [self.request(place, payment_id) for place, payment_id in enumerate(ids)]
        return client.each(server.port, requests, lines=AT_ONCE).all_were(303)

    async def probe(self) -> list[Statement]:
        """What one approval sends to the database, from reading who asks to the commit."""
        deputy = self.ground.deputies[0]
        warm, payment_id = self.take(2)
        form = {"csrf_token": self.ground.form_token(deputy), "version": 3, "opinion": "同意"}
        async with self.ground.opened("large", size=1):
            heard = await listen()
            transport = httpx.ASGITransport(create_app(own_pool=False))  # type: ignore[arg-type]
            async with httpx.AsyncClient(
                transport=transport,
                base_url="http://127.0.0.1",
                headers={"Cookie": self.ground.cookies(deputy)},
            ) as browser:
                for approved in (warm, payment_id):  # the first also asks what types there are
                    heard.clear()
                    answer = await browser.post(f"/payments/{approved}/approve", data=form)
            if answer.status_code != 303:
                raise RuntimeError(f"the probe was answered {answer.status_code}")
            said = heard.copy()
            async with _only_connection() as connection:
                return [
                    _general(await _with_types(connection, sql, given), payment_id)
                    for sql, given in said
                ]

    def script(self, statements: Sequence[Statement], path: Path) -> None:
        """The statements as a script of pgbench, for payments counted by `:id`."""
        first_open = LINES - LINES_A_YEAR + 1
        lines = [
            "\\set id :first + :client_id * :each + :n",
            "\\set n :n + 1",
            f"\\set line {first_open} + :id % {LINES_A_YEAR}",
            *(_as_script(s) for s in statements),
        ]
        path.write_text("\n".join(lines) + "\n")

    def by_pgbench(self, script: Path) -> float:
        """A round of pgbench with prepared statements; answers approvals in a second."""
        ids = self.take(BY_PGBENCH)
        connect = self.ground.cluster.connect("large")
        done = subprocess.run(
            [
                *(str(embedded.wheel_binaries() / "pgbench"), "-n", "-M", "prepared"),
                *("-h", connect["host"], "-p", str(connect["port"]), "-U", connect["user"]),
                *("-c", str(_PGBENCH_CLIENTS), "-t", str(BY_PGBENCH // _PGBENCH_CLIENTS)),
                *("-D", f"first={ids[0]}", "-D", f"each={BY_PGBENCH // _PGBENCH_CLIENTS}"),
                *("-D", "n=0", "-f", str(script), "large"),
            ],
            env={**os.environ, "PGPASSWORD": connect["password"]},
            capture_output=True,
            text=True,
            check=False,
        )
        found = re.search(r"tps = ([0-9.]+)", done.stdout)
        if done.returncode != 0 or found is None:
            raise RuntimeError(f"pgbench: {done.stderr[-2000:]}")
        return float(found[1])

    async def approved(self) -> int:
        """How many of them are approved by now, with their money moved."""
        connection = await asyncpg.connect(**self.ground.cluster.connect("large"))
        try:
            return int(
                await connection.fetchval(
                    "SELECT count(*) FROM payment p JOIN ledger_move m ON m.case_kind = 'payment' "
                    "AND m.case_id = p.id AND m.act = 'approve' WHERE p.state = 'APPROVED'"
                )
            )
        finally:
            await connection.close()


def _only_connection() -> Any:
    pool: Any = db.ENGINE.pool
    return pool.acquire()


async def _with_types(connection: Any, sql: str, arguments: Sequence[Any]) -> Statement:
    if not arguments:
        return Statement(sql, (), ())
    found = (await connection.prepare(sql)).get_parameters()
    return Statement(sql, arguments, [t.name for t in found])


#: Stand for the payment's id and its line's in a script; the probe's own figures become these.
_ID, _LINE = "\x00id", "\x00line"


def _general(said: Statement, payment_id: int) -> Statement:
    """The statement with the probe's payment and line left open."""
    line = LINES - LINES_A_YEAR + 1 + payment_id % LINES_A_YEAR

    def open_(value: Any) -> Any:
        if isinstance(value, list):
            return [open_(v) for v in value]
        if isinstance(value, str) and not isinstance(value, bytes):
            return value.replace(str(payment_id), _ID)
        return _ID if value == payment_id else _LINE if value == line else value

    return Statement(said.sql, [open_(v) for v in said.arguments], said.types)


def _as_script(said: Statement) -> str:
    """The statement with its arguments in place, as pgbench wants it."""

    def place(found: re.Match[str]) -> str:
        n = int(found[1]) - 1
        return _literal(said.arguments[n], said.types[n])

    sql = re.sub(r"\$(\d+)", place, said.sql) if said.arguments else said.sql
    return sql.strip().rstrip(";") + ";"


def _literal(value: Any, kind: str) -> str:
    """A value as SQL. Colons are hidden: pgbench takes what follows one for a variable."""
    if value is None:
        return f"NULL::{kind}"
    if value in (_ID, _LINE):
        return f":{value[1:]}::{kind}"
    if kind.endswith("[]"):
        return f"ARRAY[{', '.join(_literal(v, kind[:-2]) for v in value)}]::{kind}"
    if isinstance(value, bytes):
        return f"decode('{value.hex()}', 'hex')"
    if kind in ("json", "jsonb") and not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, date | datetime):
        value = value.isoformat()
    parts = [f"E'{_escaped(part)}'" for part in str(value).split(_ID)]
    return "(" + " || :id::text || ".join(parts) + f")::{kind}"


def _escaped(text: str) -> str:
    hidden = text.replace("\\", "\\\\").replace("'", "''")
    return hidden.replace(":", "\\072").replace("\n", "\\n")
