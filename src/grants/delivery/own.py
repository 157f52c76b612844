"""The agency's own project, as its verbs find it."""

from __future__ import annotations

from grants.awards.workflow import AwardState
from grants.delivery import queries
from grants.delivery.queries import Project
from grants.kernel.errors import N_, RuleBroken
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P

POLICY = "venture_delivery"


async def own_project(actor: Actor, award_id: int) -> Project:
    """A project of the actor's agency that runs; raises NotFound and RuleBroken."""
    actor.need_agency(P.PROJECT_REPORT)
    found = await queries.project(actor, award_id)
    if found.award.state != AwardState.ACTIVE:
        raise RuleBroken("project.ended", N_("This project does not run any more."))
    return found
