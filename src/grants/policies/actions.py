"""The verbs of changing a rule: propose, approve, reject, withdraw, take back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel

from grants.figures.differences import differences
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, Refusal
from grants.kernel.identity import GRANTED, Actor, Permission, Role
from grants.platform import db, inbox
from grants.platform.audit import Case, record, take_duty
from grants.policies import queries
from grants.policies.kinds import Kind, kind_of
from grants.policies.rules import (
    Span,
    money_stays_guarded,
    something_changes,
    starts_after_all_others,
    starts_in_time,
    version_is_still_the_last,
)
from grants.policies.workflow import POLICY, ProposalCase, ProposalState

KIND = "policy_proposal"

db.explain_constraint(
    "policy_version_no_overlap",
    Conflict,
    "policy.overlap",
    N_("Another version of this rule holds on some of these days."),
)
db.explain_constraint(
    "policy_proposal_one_proposed",
    Conflict,
    "policy.proposal_waits",
    N_("A proposal for this rule waits for a decision already."),
)


@dataclass(frozen=True)
class NewVersion:
    """What is proposed: the figures, from when, on which basis, and why."""

    body: BaseModel
    starts_on: date
    legal_basis: str
    mark: str
    reason: str


def _dumped(body: BaseModel) -> dict[str, Any]:
    return body.model_dump(mode="json")


def against_version(
    kind: Kind, new: NewVersion, standing: Sequence[queries.Version], *, today: date
) -> tuple[str, Refusal] | None:
    """The field of the form and the reason against a version; None where it may be proposed."""
    spans = [Span(one.id, one.starts_on, one.ends_on) for one in standing]
    refusal = starts_in_time(new.starts_on, today) or starts_after_all_others(
        new.starts_on, spans, today
    )
    if refusal:
        return "starts_on", refusal
    unguarded = money_stays_guarded(new.body)
    if unguarded:
        return unguarded
    if not standing:
        return None
    last = standing[0]
    changes = len(differences(kind.model, last.body, _dumped(new.body), kind.words))
    same_basis = (new.legal_basis, new.mark) == (last.legal_basis, last.mark)
    refusal = something_changes(changes, same_basis=same_basis)
    return ("body", refusal) if refusal else None


async def propose_version(actor: Actor, name: str, new: NewVersion, *, today: date) -> int:
    """Propose a version; answers the proposal's id. Nothing holds yet.

    Raises NotFound for an unknown kind, RuleBroken where the day or the body does not fit,
    Conflict where a proposal for the kind waits already.
    """
    actor.need(Permission.POLICY_EDIT)
    kind = kind_of(name)
    async with db.unit_of_work(actor):
        await queries.lock_spans(name)
        standing = await queries.versions(name)
        against = against_version(kind, new, standing, today=today)
        if against:
            raise against[1]
        proposal_id = await _insert(actor, name, new, standing[0].id if standing else 0)
        case = Case(KIND, proposal_id)
        await take_duty(actor, case, "propose")
        await record(
            actor,
            case,
            "propose",
            after=ProposalState.PROPOSED,
            reason=new.reason,
            facts={"kind": name, "starts_on": new.starts_on, "legal_basis": new.legal_basis},
        )
        await _tell_deciders(actor, kind, proposal_id, today)
    return proposal_id


async def _insert(actor: Actor, name: str, new: NewVersion, replaces: int) -> int:
    return int(
        await db.value(
            """
            INSERT INTO policy_proposal (kind, scope, starts_on, body, legal_basis, mark, reason,
                state, replaces_version, proposed_by_person, proposed_at, version)
            VALUES ($1, '', $2, $3, $4, $5, $6, $7, $8, $9, $10, 1) RETURNING id
            """,
            name,
            new.starts_on,
            _dumped(new.body),
            new.legal_basis,
            new.mark,
            new.reason,
            ProposalState.PROPOSED,
            replaces,
            actor.person_id,
            calendar.now(),
        )
    )


async def _tell_deciders(actor: Actor, kind: Kind, proposal_id: int, today: date) -> None:
    for role in (role for role in Role if Permission.POLICY_APPROVE in GRANTED[role]):
        await inbox.tell_role(
            role,
            today,
            f"{KIND}:{proposal_id}",
            N_("{who} proposes to change a rule: {title}"),
            f"/policies/proposals/{proposal_id}",
            {"who": actor.name, "title": kind.title},
        )


async def approve_version(
    actor: Actor, proposal_id: int, *, seen_version: int, today: date
) -> None:
    """Let a proposed version hold from its first day; the one before it ends on that day.

    Raises NotAllowed for its proposer, Conflict where the page is stale or the version before
    it has changed, RuleBroken where its first day is over.
    """
    async with db.unit_of_work(actor):
        proposal = await queries.proposal(proposal_id, lock=True)
        spans = await queries.lock_spans(proposal.kind)
        objection = (
            version_is_still_the_last(proposal.replaces_version, spans)
            or starts_in_time(proposal.starts_on, today)
            or starts_after_all_others(proposal.starts_on, spans, today)
        )
        kind_of(proposal.kind).model.model_validate(proposal.body)
        after = _step(actor, "approve", proposal, seen_version, today, objection)
        await take_duty(actor, Case(KIND, proposal_id), "decide")
        if spans:
            await db.execute(
                "UPDATE policy_version SET ends_on = $2 WHERE id = $1",
                spans[0].id,
                proposal.starts_on,
            )
        version_id = await db.value(
            """
            INSERT INTO policy_version (kind, scope, starts_on, body, legal_basis, mark)
            VALUES ($1, '', $2, $3, $4, $5) RETURNING id
            """,
            proposal.kind,
            proposal.starts_on,
            proposal.body,
            proposal.legal_basis,
            proposal.mark,
        )
        await _write(actor, proposal, "approve", after, version_id, facts={"version": version_id})


async def reject_version(
    actor: Actor, proposal_id: int, *, seen_version: int, reason: str, today: date
) -> None:
    """Refuse a proposed version, with the reason its proposer will read."""
    async with db.unit_of_work(actor):
        proposal = await queries.proposal(proposal_id, lock=True)
        after = _step(actor, "reject", proposal, seen_version, today)
        await take_duty(actor, Case(KIND, proposal_id), "decide")
        await _write(actor, proposal, "reject", after, None, reason=reason)


async def withdraw_version(
    actor: Actor, proposal_id: int, *, seen_version: int, today: date
) -> None:
    """Withdraw one's own proposal."""
    async with db.unit_of_work(actor):
        proposal = await queries.proposal(proposal_id, lock=True)
        after = _step(actor, "withdraw", proposal, seen_version, today)
        await _write(actor, proposal, "withdraw", after, None)


async def take_back_version(
    actor: Actor, proposal_id: int, *, seen_version: int, reason: str, today: date
) -> None:
    """Take back an approved version before its first day: the one before it goes on.

    Raises RuleBroken once it holds, Conflict where a proposal is made to follow it.
    """
    async with db.unit_of_work(actor):
        proposal = await queries.proposal(proposal_id, lock=True)
        spans = await queries.lock_spans(proposal.kind)
        objection = await _followed_by(proposal)
        after = _step(actor, "take_back", proposal, seen_version, today)
        if objection:
            raise objection
        await take_duty(actor, Case(KIND, proposal_id), "decide")
        await _write(actor, proposal, "take_back", after, None, reason=reason)
        taken = next(span for span in spans if span.id == proposal.policy_version_id)
        before = next((span for span in spans if span.ends_on == taken.starts_on), None)
        await db.execute("DELETE FROM policy_version WHERE id = $1", taken.id)
        if before:
            await db.execute(
                "UPDATE policy_version SET ends_on = $2 WHERE id = $1", before.id, taken.ends_on
            )


async def _followed_by(proposal: queries.Proposal) -> Refusal | None:
    waiting = await queries.proposals(kind=proposal.kind, state=ProposalState.PROPOSED)
    if any(one.replaces_version == proposal.policy_version_id for one in waiting):
        return Conflict(
            "policy.followed", N_("A proposal that follows this version waits; decide it first.")
        )
    return None


def _step(
    actor: Actor,
    verb: str,
    proposal: queries.Proposal,
    seen_version: int,
    today: date,
    objection: Refusal | None = None,
) -> str:
    case = ProposalCase(
        actor_person=actor.person_id,
        proposed_by_person=proposal.proposed_by_person,
        seen_version=seen_version,
        version=proposal.version,
        starts_on=proposal.starts_on,
        today=today,
        objection=objection,
    )
    return POLICY.take(verb, proposal.state, actor, case)


async def _write(
    actor: Actor,
    proposal: queries.Proposal,
    verb: str,
    after: str,
    version_id: int | None,
    *,
    reason: str = "",
    facts: Mapping[str, object] | None = None,
) -> None:
    decider = actor.person_id if verb != "withdraw" else None
    await db.execute(
        """
        UPDATE policy_proposal SET state = $2, policy_version = $3, decided_by_person = $4,
               decided_at = $5, version = version + 1 WHERE id = $1
        """,
        proposal.id,
        after,
        version_id,
        decider,
        calendar.now(),
    )
    await record(
        actor,
        Case(KIND, proposal.id),
        verb,
        before=proposal.state,
        after=after,
        reason=reason,
        facts=facts,
    )
