"""Bringing the demonstration up: migrate, load once, say how to sign in."""

from __future__ import annotations

import shutil
import time

from grants.demo.people import AGENCY_PEOPLE, STAFF
from grants.demo.year import lay_year
from grants.kernel import calendar
from grants.kernel.identity import ROLE_TITLES
from grants.people.sign_in_pages import DEMO_PASSWORD
from grants.platform import db, embedded, press, schema
from grants.platform.database import make_database, open_database
from grants.settings import Settings


async def load_demo(settings: Settings, *, reset: bool) -> None:
    """Load the demonstration year unless it is there; `reset` starts over."""
    if reset:
        embedded.remove_cluster(settings.data_dir)
        shutil.rmtree(settings.files_dir, ignore_errors=True)
    began = time.monotonic()
    await make_database(settings)
    await open_database(settings, size=4)
    try:
        await schema.migrate()
        if not await db.value("SELECT EXISTS (SELECT 1 FROM programme)"):
            print("Loading the demonstration year …", flush=True)
            await lay_year(calendar.today())
            print(f"Loaded in {time.monotonic() - began:.0f} s.", flush=True)
    finally:
        press.close_house_press()
        await db.close_pool()
    _say(settings)


def _say(settings: Settings) -> None:
    """The address, and one sign-in for each role."""
    print(f"\n  http://{settings.host}:{settings.port}\n")
    print(f"  One sign-in for each role; the password of all is {DEMO_PASSWORD}\n")
    for username, name, roles in (*STAFF, *AGENCY_PEOPLE):
        titles = ", ".join(ROLE_TITLES[role] for role in roles)
        print(f"    {username:<11} {titles:<28} {name}")
    print(flush=True)
