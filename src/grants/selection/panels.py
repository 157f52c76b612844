"""The verbs of a panel: draw, begin the scoring, begin the defence, open, dissolve."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from grants.calls import queries as calls
from grants.calls.queries import Round
from grants.calls.workflow import RoundState
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, Refusal, RuleBroken
from grants.kernel.identity import SYSTEM, Actor
from grants.kernel.identity import Permission as P
from grants.platform import db, inbox
from grants.platform.audit import Case, record, take_duty
from grants.selection import queries
from grants.selection.guards import PanelCase
from grants.selection.queries import Panel
from grants.selection.rules import (
    Candidate,
    compose_panel,
    drawn_order,
    is_conflicted,
)
from grants.selection.seats import (
    KIND,
    applicants_of,
    hand_out_sheets,
    invite,
    take_seats,
    without_conflict,
)
from grants.selection.workflow import PANEL, MemberState, PanelState


async def draw_panel(
    actor: Actor,
    round_id: int,
    *,
    name: str,
    categories: Sequence[str],
    today: date,
    seed: str | None = None,
) -> int:
    """Draw a panel for categories of a round in review; answers its id.

    Whoever has a tie to an applicant is kept away before the draw. Seed, pool and who was kept
    away are recorded, so that anybody can repeat the draw. Raises RuleBroken where conflicts
    leave the pool too small, Conflict where a category has its panel already.
    """
    actor.need(P.PANEL_EDIT)
    async with db.unit_of_work(actor):
        found = await calls.round_of(round_id, lock=True)
        if found.state != RoundState.REVIEW or found.terms is None:
            raise RuleBroken(
                "panel.not_in_review", N_("Panels are drawn when the screening is over.")
            )
        for other in await queries.panels_of(round_id):
            if set(other.categories) & set(categories):
                raise Conflict(
                    "panel.category_taken",
                    N_("The panel “{name}” scores one of these categories already."),
                    name=other.name,
                )
        applicants = await applicants_of(round_id, categories)
        chosen_seed = seed or secrets.token_hex(16)
        candidates = await queries.pool()
        order = without_conflict(drawn_order(candidates, chosen_seed), applicants, today)
        drawn = compose_panel(order, found.terms)
        if isinstance(drawn, Refusal):
            raise drawn
        panel_id = await db.value(
            """
            INSERT INTO panel (round, name, categories, seed, pool, state, drawn_by_person,
                               drawn_at, version)
            VALUES ($1, $2, $3, $4, $5, 'DECLARING', $6, $7, 1) RETURNING id
            """,
            round_id,
            name,
            list(categories),
            chosen_seed,
            _minutes_of_pool(candidates, applicants, today),
            actor.person_id,
            calendar.now(),
        )
        case = Case(KIND, panel_id)
        await take_duty(actor, case, "draw")
        await record(
            actor,
            case,
            "draw",
            after=PanelState.DECLARING,
            facts={"seed": chosen_seed, "members": [one.name for one in drawn]},
        )
        await take_seats(panel_id, drawn, first_place=1, chair=True)
        await invite(panel_id, drawn, found.title)
    return int(panel_id)


def _minutes_of_pool(
    candidates: Sequence[Candidate], applicants: Collection[int], today: date
) -> list[dict[str, Any]]:
    """Who was in the pool, and who was kept away: what the minutes of the draw say."""
    return [
        {
            "expert": one.expert_id,
            "name": one.name,
            "kind": one.kind,
            "kept_away": is_conflicted(one, applicants, today),
        }
        for one in sorted(candidates, key=lambda one: one.expert_id)
    ]


async def panel_case(panel: Panel, found: Round, seen_version: int, reason: str = "") -> PanelCase:
    """What a step on this panel looks at."""
    assert found.terms is not None
    seats = [one for one in await queries.members(panel.id) if one.state != MemberState.RECUSED]
    scores = await db.value(
        "SELECT count(*) FROM score_sheet WHERE panel = $1 AND state = 'OPEN' "
        "AND points <> '{}'::jsonb",
        panel.id,
    )
    applications = await queries.eligible_applications(panel.round_id, panel.categories)
    defence = found.terms.defence
    return PanelCase(
        seen_version=seen_version,
        version=panel.version,
        members=len(seats),
        size=found.terms.panel_size,
        undeclared=sum(one.state == MemberState.DRAWN for one in seats),
        unsigned_documents=sum(one.documents_signed_at is None for one in seats),
        unsigned=sum(
            (one.signed_at if defence else one.documents_signed_at) is None for one in seats
        ),
        applications=len(applications),
        has_defence=defence,
        slots=len(await queries.timetable(panel.id)),
        scores=int(scores),
        reason=reason,
    )


async def begin_scoring(actor: Actor, panel_id: int, *, seen_version: int) -> None:
    """Hand every member a sheet for every application that passed the checks."""
    actor.need(P.PANEL_EDIT)
    async with db.unit_of_work(actor):
        panel = await queries.panel(panel_id, lock=True)
        found = await calls.round_of(panel.round_id)
        await take_step(actor, "begin_scoring", panel, await panel_case(panel, found, seen_version))
        await hand_out_sheets(panel)
        for seat in await queries.members(panel_id):
            if seat.state == MemberState.CONFIRMED:
                await _tell_person(
                    seat.person_id,
                    f"scoring:{panel_id}",
                    N_("The documents of {title} can be scored."),
                    f"/reviews/{panel_id}",
                    found.title,
                )


async def _tell_person(person_id: int, key: str, message: str, link: str, title: str) -> None:
    accounts = await db.rows(
        "SELECT id FROM app_user WHERE person = $1 AND is_active ORDER BY id", person_id
    )
    for account in accounts:
        await inbox.tell(account["id"], key, message, link, {"title": title})


async def begin_defence(actor: Actor, panel_id: int, *, seen_version: int) -> None:
    """The documents are signed: names are told and projects are presented."""
    actor.need(P.PANEL_EDIT)
    async with db.unit_of_work(actor):
        panel = await queries.panel(panel_id, lock=True)
        found = await calls.round_of(panel.round_id)
        await take_step(actor, "begin_defence", panel, await panel_case(panel, found, seen_version))


async def dissolve_panel(actor: Actor, panel_id: int, *, seen_version: int, reason: str) -> None:
    """Give a panel up before anybody has scored; its draw stays on record."""
    actor.need(P.PANEL_EDIT)
    async with db.unit_of_work(actor):
        panel = await queries.panel(panel_id, lock=True)
        found = await calls.round_of(panel.round_id)
        case = await panel_case(panel, found, seen_version, reason)
        await take_step(actor, "dissolve", panel, case, reason)


async def open_when_signed(panel_id: int) -> bool:
    """Open the scores if the last signature is there, within the caller's unit of work."""
    panel = await queries.panel(panel_id)
    found = await calls.round_of(panel.round_id)
    case = await panel_case(panel, found, panel.version)
    last_stage = PanelState.DEFENCE if case.has_defence else PanelState.DOCUMENTS
    if case.unsigned or case.members < case.size or panel.state != last_stage:
        return False
    await take_step(SYSTEM, "open_scores", panel, replace(case, seen_version=panel.version))
    return True


async def take_step(
    actor: Actor, verb: str, panel: Panel, case: PanelCase, reason: str = ""
) -> None:
    """Take the step, write the state, record why."""
    after = PANEL.take(verb, panel.state, actor, case)
    await db.execute(
        "UPDATE panel SET state = $2, version = version + 1, "
        "opened_at = CASE WHEN $2 = 'OPENED' THEN $3::timestamptz ELSE opened_at END "
        "WHERE id = $1",
        panel.id,
        after,
        calendar.now(),
    )
    await record(actor, Case(KIND, panel.id), verb, before=panel.state, after=after, reason=reason)
