"""The verbs of a draft: begin, save a section, attach and remove papers, discard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar.datastructures import FormMultiDict
from pydantic import BaseModel

from grants.applications import queries
from grants.applications.budgets import sums_of
from grants.applications.rules import ApplicationCase
from grants.applications.section_words import section_words
from grants.applications.sections import FILES, SECTIONS, Budget, Project
from grants.applications.workflow import APPLICATION, ApplicationState
from grants.calls import need_queries
from grants.calls import queries as calls
from grants.calls.terms import CallTerms
from grants.calls.workflow import RoundState
from grants.figures.typed import TypedBody, body_typed
from grants.figures.words import Words
from grants.kernel import calendar
from grants.kernel.errors import N_, Conflict, NotFound, RuleBroken
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.platform import db, files
from grants.platform.audit import Case, record

KIND = "application"

#: A section holds at most so many characters, all its fields together.
_MOST_CHARACTERS = 60_000
#: An agency has at most so many drafts open in one round [D].
_MOST_DRAFTS = 10

db.explain_constraint(
    "application_section_once",
    Conflict,
    "application.section_new",
    N_("A colleague has just begun this section. Load the page again."),
)


async def begin_application(actor: Actor, round_id: int) -> int:
    """A new draft in an open round; answers its id. What is known of the agency is filled in."""
    organisation_id = actor.need_agency(P.APPLICATION_EDIT)
    now = calendar.now()
    async with db.unit_of_work(actor):
        found = await calls.round_of(round_id, lock=True)
        if found.terms is None:
            raise NotFound()
        if found.state == RoundState.CANCELLED or not found.terms.is_open_at(now):
            raise RuleBroken("application.not_open", N_("This call takes no applications now."))
        open_drafts = await db.value(
            "SELECT count(*) FROM application WHERE round = $1 AND organisation = $2 "
            "AND state = 'DRAFT'",
            round_id,
            organisation_id,
        )
        if open_drafts >= _MOST_DRAFTS:
            raise RuleBroken(
                "application.many_drafts",
                N_("You have {count} drafts in this call; finish or discard one first."),
                count=open_drafts,
            )
        number = await db.next_number(f"application-{found.fiscal_year}")
        application_id = await db.value(
            """
            INSERT INTO application (number, round, organisation, title, category, theme,
                community, asked_fen, own_fen, state, supplement_note, created_by_person,
                created_at, version)
            VALUES ($1, $2, $3, '', '', '', '', 0, 0, 'DRAFT', '', $4, $5, 1) RETURNING id
            """,
            f"申〔{found.fiscal_year}〕{number:04d}",
            round_id,
            organisation_id,
            actor.person_id,
            now,
        )
        await record(actor, Case(KIND, application_id), "begin", after=ApplicationState.DRAFT)
        await _reuse_agency_section(actor, application_id, organisation_id)
    return int(application_id)


async def _reuse_agency_section(actor: Actor, application_id: int, organisation_id: int) -> None:
    """What the agency said of itself last time stands in the new draft already."""
    last = await db.row(
        """
        SELECT s.typed, s.whole FROM application_section s
        JOIN application a ON a.id = s.application
        WHERE a.organisation = $1 AND s.section = 'agency' AND s.whole ORDER BY s.id DESC LIMIT 1
        """,
        organisation_id,
    )
    if last:
        await _write_section(actor, application_id, "agency", last["typed"], whole=True)


def as_form(typed: Mapping[str, Sequence[str]]) -> FormMultiDict:
    """What was typed, as the browser would send it."""
    return FormMultiDict([(name, text) for name, texts in typed.items() for text in texts])


def typed_of(form: FormMultiDict, code: str) -> dict[str, list[str]]:
    """The texts of one section's fields in a form; everything else in it is left out."""
    fields = SECTIONS[code].model.model_fields
    return {
        name: [text for text in form.getall(name) if isinstance(text, str)]
        for name in dict.fromkeys(form.keys())
        if name.partition(".")[0] in fields
    }


async def words_of(terms: CallTerms, code: str = "") -> Words:
    """The vocabulary of a section, or of all; with the needs, where one of them may be chosen."""
    chooses = not code or "need_id" in SECTIONS[code].model.model_fields
    return section_words(terms, await need_queries.published_needs() if chooses else ())


def read_section(
    code: str, typed: Mapping[str, Sequence[str]], words: Words, act: str = ""
) -> TypedBody:
    """A section as it was typed: its shape, and its body where it is whole."""
    return body_typed(as_form(typed), SECTIONS[code].model, words, {}, act)


async def save_section(
    actor: Actor,
    application_id: int,
    code: str,
    typed: Mapping[str, Sequence[str]],
    *,
    seen_version: int,
) -> int:
    """Keep a section as it was typed, right or wrong; answers its new version.

    `seen_version` is 0 for a section never saved. Raises Conflict `application.section_stale`
    where a colleague saved it meanwhile: nothing of either is lost. Raises RuleBroken for a
    section that is longer than any form of ours.
    """
    actor.need_agency(P.APPLICATION_EDIT)
    if code not in SECTIONS:
        raise NotFound()
    if sum(len(text) for texts in typed.values() for text in texts) > _MOST_CHARACTERS:
        raise RuleBroken(
            "application.section_long",
            N_("This section holds more than {count} characters."),
            count=_MOST_CHARACTERS,
        )
    async with db.unit_of_work(actor):
        found = await queries.application(actor, application_id, lock=True)
        refuse_unless_writable(found)
        body = read_section(code, typed, await words_of(found.terms, code)).body
        version = await _write_section(
            actor, application_id, code, typed, whole=body is not None, seen_version=seen_version
        )
        await _follow(application_id, body, typed, found.terms)
    return version


def refuse_unless_writable(found: queries.Application) -> None:
    """Raises RuleBroken unless the application can be written on now."""
    now = calendar.now()
    if found.state == ApplicationState.DRAFT:
        if found.terms.closes_at <= now:
            raise RuleBroken(
                "application.closed", N_("The call has closed; nothing is taken afterwards.")
            )
        return
    if found.state == ApplicationState.SUPPLEMENT:
        if found.supplement_until is None or found.supplement_until < now.date():
            raise RuleBroken("application.supplement_late", N_("The days to supplement are over."))
        return
    raise RuleBroken(
        "application.not_writable",
        N_("What was submitted is not changed; withdraw it first, while the call is open."),
    )


async def _write_section(
    actor: Actor,
    application_id: int,
    code: str,
    typed: Mapping[str, Sequence[str]],
    *,
    whole: bool,
    seen_version: int = 0,
) -> int:
    version = await db.value(
        """
        INSERT INTO application_section AS s (application, section, typed, whole, version,
                                              saved_by_person, saved_at)
        VALUES ($1, $2, $3, $4, 1, $5, $6)
        ON CONFLICT (application, section) DO UPDATE SET typed = $3, whole = $4,
            version = s.version + 1, saved_by_person = $5, saved_at = $6
            WHERE s.version = $7
        RETURNING version
        """,
        application_id,
        code,
        {name: list(texts) for name, texts in typed.items()},
        whole,
        actor.person_id,
        calendar.now(),
        seen_version,
    )
    if version is None:
        raise Conflict(
            "application.section_stale",
            N_("A colleague has saved this section since you opened it."),
        )
    return int(version)


async def _follow(
    application_id: int,
    body: BaseModel | None,
    typed: Mapping[str, Sequence[str]],
    terms: CallTerms,
) -> None:
    """Let the application's own columns follow the sections that lists show."""
    if isinstance(body, Project):
        await db.execute(
            """
            UPDATE application SET title = $2, category = $3, theme = $4, need = $5,
                community = $6, starts_on = $7, ends_on = $8
            WHERE id = $1
            """,
            application_id,
            body.title,
            body.category,
            body.theme,
            body.need_id,
            body.community,
            body.starts_on,
            body.ends_on,
        )
    elif isinstance(body, Budget):
        sums = sums_of(body, terms, "")
        await db.execute(
            "UPDATE application SET asked_fen = $2, own_fen = $3 WHERE id = $1",
            application_id,
            sums.grant_fen,
            sums.own_fen,
        )
    elif "title" in typed:
        await db.execute(
            "UPDATE application SET title = $2 WHERE id = $1 AND title <> $2",
            application_id,
            (typed["title"] or [""])[-1].strip()[:60],
        )


async def attach_paper(
    actor: Actor, application_id: int, code: str, name: str, content: bytes
) -> int:
    """Attach a paper to one's draft under a code of the call; answers the file's id."""
    actor.need_agency(P.APPLICATION_EDIT)
    found = await queries.application(actor, application_id)
    refuse_unless_writable(found)
    if code not in {one.code for one in found.terms.files}:
        raise NotFound()
    return await files.attach(actor, Case(KIND, application_id), name, content, code)


async def remove_paper(actor: Actor, application_id: int, attachment_id: int) -> None:
    """Take a paper off one's draft; what was submitted keeps its list of papers."""
    actor.need_agency(P.APPLICATION_EDIT)
    found = await queries.application(actor, application_id)
    refuse_unless_writable(found)
    await files.detach(actor, Case(KIND, application_id), attachment_id)


async def discard_application(actor: Actor, application_id: int) -> None:
    """Give a draft up."""
    actor.need_agency(P.APPLICATION_EDIT)
    async with db.unit_of_work(actor):
        found = await queries.application(actor, application_id, lock=True)
        await take_step(actor, "discard", found, case_of(actor, found, found.version))


def case_of(
    actor: Actor, found: queries.Application, seen_version: int, **more: Any
) -> ApplicationCase:
    """What a step on this application looks at, now."""
    return ApplicationCase(
        terms=found.terms,
        now=calendar.now(),
        actor_person=actor.person_id,
        representative=found.representative,
        seen_version=seen_version,
        version=found.version,
        round_is_called_off=found.round_state == RoundState.CANCELLED,
        round_is_screening=found.round_state == RoundState.SCREENING,
        supplement_until=found.supplement_until,
        **more,
    )


async def take_step(
    actor: Actor,
    verb: str,
    found: queries.Application,
    case: ApplicationCase,
    *,
    facts: Mapping[str, object] | None = None,
) -> ApplicationState:
    """Take the step, write the state, record why; answers the state after it."""
    after = ApplicationState(APPLICATION.take(verb, found.state, actor, case))
    await db.execute(
        "UPDATE application SET state = $2, version = version + 1 WHERE id = $1", found.id, after
    )
    await record(
        actor,
        Case(KIND, found.id),
        verb,
        before=found.state,
        after=after,
        reason=case.reason.strip(),
        facts=facts,
    )
    return after


@dataclass(frozen=True)
class Draft:
    """All sections of a draft as they stand: bodies where whole, and what is missing."""

    bodies: Mapping[str, BaseModel]
    missing: Sequence[str]


async def whole_draft(found: queries.Application) -> Draft:
    """The draft read section by section, papers too, under the terms in force."""
    words = await words_of(found.terms)
    saved = await queries.sections(found.id)
    bodies: dict[str, BaseModel] = {}
    for code in SECTIONS:
        if code in saved:
            body = read_section(code, saved[code].typed, words).body
            if body is not None:
                bodies[code] = body
    missing = [code for code in SECTIONS if code not in bodies]
    if await missing_papers(found):
        missing.append(FILES)
    return Draft(bodies, missing)


async def missing_papers(found: queries.Application) -> list[str]:
    """Names of the papers that the call needs and the draft lacks."""
    there = {one.purpose for one in await files.list_attachments(Case(KIND, found.id))}
    return [one.name for one in found.terms.files if one.needed and one.code not in there]
