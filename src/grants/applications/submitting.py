"""The verbs of submission: submit, withdraw, send a supplement."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from grants.applications import queries
from grants.applications.drafting import KIND, Draft, case_of, take_step, whole_draft
from grants.kernel.errors import N_
from grants.kernel.identity import Actor, Role
from grants.kernel.identity import Permission as P
from grants.parties import queries as parties
from grants.platform import db, files, inbox
from grants.platform.audit import Case


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of what was submitted, over its JSON with sorted keys."""
    plain = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


async def submit_application(
    actor: Actor, application_id: int, *, seen_version: int, declared: bool
) -> int:
    """Submit: what stands now is kept word for word; answers the submission's id.

    The moment counts at which the application is locked. Raises RuleBroken outside the window,
    where a section is not whole or nothing was declared, NotAllowed for anybody but the legal
    representative, Conflict where a colleague was quicker.
    """
    return await _send(actor, application_id, "submit", seen_version, declared)


async def send_supplement(
    actor: Actor, application_id: int, *, seen_version: int, declared: bool
) -> int:
    """Send what the office asked to be supplemented; answers the new submission's id."""
    return await _send(actor, application_id, "supplement", seen_version, declared)


async def _send(
    actor: Actor, application_id: int, verb: str, seen_version: int, declared: bool
) -> int:
    actor.need_agency(P.APPLICATION_EDIT)
    async with db.unit_of_work(actor):
        found = await queries.application(actor, application_id, lock=True)
        draft = await whole_draft(found)
        case = case_of(actor, found, seen_version, declared=declared, missing=draft.missing)
        revision = found.revision_id or found.current_revision_id
        await db.execute(
            "UPDATE application SET submitted_at = coalesce(submitted_at, $2), revision = $3 "
            "WHERE id = $1",
            application_id,
            case.now,
            revision,
        )
        await take_step(actor, verb, found, case)
        content = await _content(actor, found, draft)
        sequence = 1 + len(await queries.submissions(application_id))
        submission_id = await db.value(
            """
            INSERT INTO submission (application, sequence, revision, content, digest,
                                    declared_by_person, submitted_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id
            """,
            application_id,
            sequence,
            revision,
            content,
            digest_of(content),
            actor.person_id,
            case.now,
        )
        await inbox.tell_organisation(
            found.organisation_id,
            f"application-sent:{submission_id}",
            N_("{number} was submitted; the receipt is ready."),
            f"/applications/{application_id}",
            {"number": found.number},
        )
        if verb == "supplement":
            await inbox.tell_role(
                Role.OFFICER,
                case.now.date(),
                f"supplement:{submission_id}",
                N_("{number} has sent its supplement."),
                f"/applications/{application_id}",
                {"number": found.number},
            )
    return int(submission_id)


async def _content(actor: Actor, found: queries.Application, draft: Draft) -> dict[str, Any]:
    """What is submitted: the agency as it stands on record, every section, the list of papers."""
    organisation = await parties.organisation(actor, found.organisation_id)
    papers = await files.list_attachments(Case(KIND, found.id))
    return {
        "organisation": {
            "name": organisation.name,
            "uscc": organisation.uscc,
            "town": organisation.town,
            "registered_on": _day(organisation.registered_on),
            "grade": organisation.grade,
            "grade_expires_on": _day(organisation.grade_expires_on),
            "inspection_year": organisation.inspection_year,
            "inspection_result": organisation.inspection_result,
        },
        "sections": {code: body.model_dump(mode="json") for code, body in draft.bodies.items()},
        "papers": [
            {"id": one.id, "code": one.purpose, "name": one.name, "sha256": one.sha256}
            for one in papers
        ],
    }


def _day(day: Any) -> str | None:
    return day.isoformat() if day else None


async def withdraw_application(actor: Actor, application_id: int, *, seen_version: int) -> None:
    """Take a submitted application back into the draft, while the call is open."""
    actor.need_agency(P.APPLICATION_EDIT)
    async with db.unit_of_work(actor):
        found = await queries.application(actor, application_id, lock=True)
        await take_step(actor, "withdraw", found, case_of(actor, found, seen_version))
        await db.execute(
            "UPDATE application SET submitted_at = NULL, revision = NULL WHERE id = $1",
            application_id,
        )
