"""Rounds on which the office decides, laid for browser tests.

`python -m tests.browser.deciding STEP` plays one step in the database that the settings name and
prints where it is as JSON: `closed` a round whose two applications wait to be screened, `scored`
the panel of that round, `publicised` another round whose public notice is over.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from typing import Any

from grants.applications import queries as applications
from grants.applications import screening
from grants.decisions import meeting, publicising, variants
from grants.decisions import queries as decisions
from grants.demo import names
from grants.kernel import calendar
from grants.parties import actions as parties
from grants.parties import queries as party_queries
from grants.parties.actions import AccountDetails
from grants.parties.rules import Inspection
from grants.platform import db
from grants.platform.database import open_database
from grants.publicity import notices
from grants.publicity import queries as publicity
from grants.settings import settings
from tests.browser.review import actor, begun, closed_round, drawn_panel, opened

#: Beyond the numbers of the demonstration and of the round in review.
TO_SCREEN, TO_SIGN = 920, 930
_CATEGORIES = (("S", "社区微项目", 2),)
#: So long ago the second round began: its notice of five working days is over, holidays or not.
_BEGAN = timedelta(days=27)


async def closed() -> dict[str, Any]:
    """A round of this year whose call is over."""
    round_id, made = await _closed("公益微创投（立项演练）", TO_SCREEN)
    return {"round": round_id, "applications": made}


async def _closed(title: str, first_number: int) -> tuple[int, Sequence[int]]:
    """A round that the year's line for ventures pays."""
    year = (calendar.today() + _BEGAN).year
    line = await db.value("SELECT id FROM budget_line WHERE code = $1", f"{year}-VC-L")
    return await closed_round(title, _CATEGORIES, first_number, line, year)


async def scored(round_id: int) -> dict[str, Any]:
    """Seven experts are drawn, declare, score and sign."""
    officer = await actor("officer")
    panel = await drawn_panel(officer, round_id, "S", "社区微项目")
    await begun(officer, panel)
    await opened(panel)
    return {"panel": panel}


async def publicised() -> dict[str, Any]:
    """A round screened, scored, decided and publicised by the same actions as in the browser."""
    officer, head = await actor("officer"), await actor("section")
    year = calendar.today().year
    with calendar.rehearsed_at(calendar.now() - _BEGAN):
        round_id, made = await _closed("公益微创投（签约演练）", TO_SIGN)
        for application in made:
            found = await applications.application(officer, application)
            await screening.screen_application(
                officer, application, "pass", seen_version=found.version
            )
        await screening.begin_review(officer, round_id)
        await scored(round_id)
        today = calendar.today()
        variant = await variants.begin_variant(officer, round_id, "按名额")
        minutes = meeting.Meeting("局长办公会纪要〔示例〕30号", today, {})
        version = (await decisions.variant(variant)).version
        decision = await meeting.propose_decision(officer, variant, minutes, seen_version=version)
        await meeting.adopt_decision(head, decision, today=today)
        notice = await publicising.draw_up_notice(officer, decision)
        version = (await publicity.notice(notice)).version
        await notices.publish_notice(head, notice, seen_version=version, today=today)
    await notices.end_notices(calendar.now())
    for number in range(TO_SIGN, TO_SIGN + len(made)):
        await _make_payable(number, year)
    return {"decision": decision}


async def _make_payable(number: int, year: int) -> None:
    """An agency with an inspection on record and an account that finance has verified."""
    officer, finance = await actor("officer"), await actor("finance")
    agency = (await actor(f"head-of-agency-{number}")).organisation_id
    assert agency is not None
    found = await party_queries.organisation(officer, agency)
    await parties.record_inspection(
        officer,
        agency,
        year - 1,
        Inspection.PASSED,
        seen_version=found.version,
        today=date(year, 1, 2),
    )
    account = await parties.enter_account(
        officer,
        AccountDetails(
            found.name,
            names.demo_account(number),
            "示例银行太仓支行",
            "999305285003",
            evidence="开户许可证",
        ),
        organisation_id=agency,
    )
    await parties.verify_account(finance, account, number=names.demo_account(number))


_STEPS: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {
    "closed": closed,
    "scored": scored,
    "publicised": publicised,
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
