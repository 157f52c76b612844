"""What happens without the office while a browser test takes a round from screening to payment.

`python -m tests.browser.deciding STEP` plays one step in the database that the settings name:
`closed` a round of two applications whose call is over, `scored` its panel, `over` the days of a
notice. Each prints where it is as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from grants.decisions import publicising
from grants.demo import names
from grants.kernel import calendar
from grants.parties import actions as parties
from grants.parties.actions import AccountDetails
from grants.platform import db
from grants.platform.database import open_database
from grants.publicity import notices
from grants.publicity import queries as publicity
from grants.settings import settings
from tests.browser.review import actor, begun, closed_round, drawn_panel, opened

TITLE = "公益微创投（立项演练）"
FIRST_NUMBER = 920
#: What follows for a round when its notice ends has to be known to this process too.
FOLLOWERS = (publicising.FOLLOWER,)
_CATEGORIES = (("S", "社区微项目", 2),)


async def closed() -> dict[str, Any]:
    """A round of this year that is to be screened; its agencies have accounts with the bank."""
    year = calendar.today().year
    line = await db.value("SELECT id FROM budget_line WHERE code = $1", f"{year}-VC-L")
    round_id, made = await closed_round(TITLE, _CATEGORIES, FIRST_NUMBER, line, year)
    officer, finance = await actor("officer"), await actor("finance")
    for number in range(FIRST_NUMBER, FIRST_NUMBER + len(made)):
        head = await actor(f"head-of-agency-{number}")
        details = AccountDetails(
            f"太仓市示例第{number}微光服务社",
            names.demo_account(number),
            "示例银行太仓支行",
            "999305285003",
            evidence="开户许可证",
        )
        account = await parties.enter_account(
            officer, details, organisation_id=head.organisation_id
        )
        await parties.verify_account(finance, account, number=names.demo_account(number))
    return {"round": round_id, "applications": made}


async def scored(round_id: int) -> dict[str, Any]:
    """Seven experts are drawn, declare, score and sign."""
    officer = await actor("officer")
    panel = await drawn_panel(officer, round_id, "S", "社区微项目")
    await begun(officer, panel)
    await opened(panel)
    return {"panel": panel}


async def over(notice_id: int) -> dict[str, Any]:
    """The days of a notice have gone by without an objection."""
    last = (await publicity.notice(notice_id)).last_day
    assert last is not None
    after = calendar.now() + (last + timedelta(days=1) - calendar.today())
    with calendar.rehearsed_at(after):
        await notices.end_notices(after)
    return {}


_STEPS: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {
    "closed": closed,
    "scored": scored,
    "over": over,
}


async def _main(step: str, *which: int) -> dict[str, Any]:
    await open_database(settings, size=2)
    try:
        return await _STEPS[step](*which)
    finally:
        await db.close_pool()


if __name__ == "__main__":
    name, *given = sys.argv[1:]
    json.dump(asyncio.run(_main(name, *map(int, given))), sys.stdout)
