"""The verbs of variants: begin or copy one, change its choice, discard it."""

from __future__ import annotations

from grants.calls import queries as calls
from grants.calls.terms import CallTerms
from grants.calls.workflow import RoundState
from grants.decisions import queries
from grants.decisions.rules import Choice, choice_holds
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, NotFound, RuleBroken
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.kernel.money import Fen
from grants.platform import db
from grants.platform.audit import Case, record
from grants.selection.ranking import ranking_of

KIND = "funding_variant"

db.explain_constraint(
    "funding_variant_once",
    Conflict,
    "line.name_taken",
    N_("Another variant of this round has this name."),
)


def first_choice(terms: CallTerms, ceiling_fen: Fen) -> Choice:
    """What the terms say themselves: all the money, the places of each category, no floors."""
    places = {one.code: one.places for one in terms.categories if one.places}
    return Choice(budget_fen=ceiling_fen, places=places)


async def begin_variant(
    actor: Actor, round_id: int, name: str, *, copied: int | None = None
) -> int:
    """A new variant, as another one or as the terms say; answers its id.

    Raises RuleBroken while the round is not in review, Conflict where the name is taken.
    """
    actor.need(P.PANEL_EDIT)
    async with db.unit_of_work(actor):
        found = await calls.round_of(round_id)
        if found.state != RoundState.REVIEW or found.terms is None:
            raise RuleBroken("line.not_in_review", N_("The line is drawn out of a review."))
        if copied is None:
            choice = first_choice(found.terms, await queries.ceiling_fen(found.terms))
        else:
            other = await queries.variant(copied)
            if other.round_id != round_id:
                raise NotFound()
            choice = other.choice
        variant_id = await db.value(
            "INSERT INTO funding_variant (round, name, choice, made_by_person, saved_at, version) "
            "VALUES ($1, $2, $3, $4, $5, 1) RETURNING id",
            round_id,
            name,
            choice.model_dump(mode="json"),
            actor.person_id,
            calendar.now(),
        )
        await record(actor, Case(KIND, variant_id), "begin", facts={"name": name})
    return int(variant_id)


async def choose(actor: Actor, variant_id: int, choice: Choice, *, seen_version: int) -> int:
    """Keep what a variant sets; answers its new version.

    Raises Conflict where somebody changed it meanwhile; RuleBroken, with `field` among its
    params, where it asks for more than there is.
    """
    actor.need(P.PANEL_EDIT)
    async with db.unit_of_work(actor):
        variant = await queries.variant(variant_id, lock=True)
        if variant.version != seen_version:
            raise Conflict(
                "line.stale", N_("Somebody changed this variant since you opened it. Look again.")
            )
        found = await calls.round_of(variant.round_id)
        if found.state != RoundState.REVIEW or found.terms is None:
            raise RuleBroken("line.not_in_review", N_("The line is drawn out of a review."))
        standings = queries.standings_of(await ranking_of(found.id, found.terms), found.terms)
        fault = choice_holds(choice, standings, await queries.ceiling_fen(found.terms))
        if fault:
            raise fault
        await db.execute(
            "UPDATE funding_variant SET choice = $2, version = version + 1, saved_at = $3 "
            "WHERE id = $1",
            variant_id,
            choice.model_dump(mode="json"),
            calendar.now(),
        )
    return variant.version + 1


async def discard(actor: Actor, variant_id: int) -> int:
    """Throw a variant away; answers its round."""
    actor.need(P.PANEL_EDIT)
    async with db.unit_of_work(actor):
        variant = await queries.variant(variant_id, lock=True)
        await db.execute("DELETE FROM funding_variant WHERE id = $1", variant_id)
        await record(actor, Case(KIND, variant_id), "discard", facts={"name": variant.name})
    return variant.round_id
