"""The opening hour of a call: two hundred agencies write at once, and nothing of it is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grants.applications import drafting
from grants.kernel.calendar import rehearsed_at
from grants.kernel.identity import Actor, Role
from grants.parties import actions as parties
from grants.parties.actions import OrganisationDetails
from grants.platform import access, db
from tests.bench.application import Server
from tests.bench.ground import Ground, cookies_of, sessions
from tests.bench.load import Client, Load, post_draft
from tests.world import REGISTRAR, add_actor
from tests.world_applications import applying_world, whole
from tests.world_calls import WHILE_OPEN

DATABASE = "opening"
AGENCIES = 200
#: A page saves itself 1.2 s after the last key (auto-save.js); somebody who writes without
#: a thought between saves every two seconds.
PAUSE_SECONDS = 2.0
_SECTIONS = ("project", "need", "plan", "budget")


@dataclass(frozen=True)
class Writer:
    """Somebody of an agency, with a browser and a draft."""

    actor: Actor
    token: str
    application: int

    def saves(self, round_: int) -> list[str]:
        """A save of each section, as the page sends it; every round writes something else."""
        return [
            post_draft(
                f"/applications/{self.application}/{code}/keep",
                [
                    ("csrf_token", access.form_token(self.token)),
                    ("version", str(round_)),
                    *((name, text) for name, texts in typed.items() for text in texts),
                ],
                cookies_of(self.token),
            )
            for code, typed in self.sections(round_).items()
        ]

    def sections(self, round_: int) -> dict[str, dict[str, list[str]]]:
        """What is typed in a round: whole sections that nobody else types."""
        typed = whole(project={"title": f"邻里互助 {self.application} 之 {round_}"})
        for code, field in (("need", "analysis"), ("plan", "method")):
            typed[code][field] = [f"{typed[code][field][0]}（{self.application}·{round_}）"]
        return {code: typed[code] for code in _SECTIONS}


@dataclass(frozen=True)
class Opening:
    """An open call and everybody who writes."""

    writers: Sequence[Writer]

    @property
    def cookies(self) -> str:
        """The browser of the first of them."""
        return cookies_of(self.writers[0].token)

    def save(self, client: Client, server: Server, round_: int, *, pause: float) -> Load:
        """Everybody saves every section once; every save is kept."""
        people = [writer.saves(round_) for writer in self.writers]
        return client.paced(server.port, people, pause=pause).all_were(200)


async def lay(ground: Ground) -> Opening:
    """A call that is open today, and a draft of each agency."""
    await ground.copy("empty", DATABASE)
    async with ground.opened(DATABASE):
        _, round_id, _ = await applying_world()
        actors = [await _agency(n) for n in range(AGENCIES)]
        with rehearsed_at(WHILE_OPEN):
            drafts = [await drafting.begin_application(actor, round_id) for actor in actors]
        await _open_today(round_id)
        tokens = await sessions(actors)
    return Opening(
        [Writer(a, tokens[a.user_id], draft) for a, draft in zip(actors, drafts, strict=True)]
    )


async def _agency(n: int) -> Actor:
    name = f"示例第{n}社会工作服务中心"
    organisation = await parties.register_organisation(
        REGISTRAR, OrganisationDetails(name, None), external_id=f"bench-{n}", is_demo=True
    )
    return await add_actor(Role.APPLICANT_ORG, name=f"{name}·笔", organisation_id=organisation)


async def _open_today(round_id: int) -> None:
    """Whatever day it is, the call that the tests open in June takes applications today."""
    async with db.unit_of_work(REGISTRAR):
        await db.execute(
            """
            UPDATE call_revision SET terms = terms || jsonb_build_object(
                'closes_at', now() + interval '30 days',
                'starts_on', (now() + interval '60 days')::date,
                'ends_on', (now() + interval '400 days')::date)
            WHERE round = $1 AND state = 'PUBLISHED'
            """,
            round_id,
        )


async def lost(ground: Ground, opening: Opening, round_: int) -> list[str]:
    """Sections that are not as they were saved last, by application; empty when none is."""
    async with ground.opened(DATABASE, size=1):
        found = await db.rows(
            "SELECT application, section, typed, version FROM application_section "
            "ORDER BY application, section"
        )
    kept = {(r["application"], r["section"]): (r["typed"], r["version"]) for r in found}
    return [
        f"{writer.application} {code}"
        for writer in opening.writers
        for code, typed in writer.sections(round_).items()
        if kept.get((writer.application, code)) != (typed, round_ + 1)
    ]
