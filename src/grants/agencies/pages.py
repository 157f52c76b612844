"""Pages of registration: register, confirm, and an agency's own people."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.agencies import actions, queries
from grants.agencies.forms import (
    DecideForm,
    LetGoForm,
    PersonForm,
    RegisterForm,
    RepresentativeForm,
)
from grants.agencies.workflow import REGISTRATION
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, Refusal
from grants.kernel.identity import Actor, Role
from grants.kernel.identity import Permission as P
from grants.parties.actions import OrganisationDetails
from grants.people.queries import sign_in_policy
from grants.platform import files
from grants.platform.access import actor_of, for_visitors
from grants.platform.audit import Case
from grants.platform.forms import FormErrors, faulty, parse, typed_in
from grants.platform.pages import language_of, page, redirect
from grants.platform.sections import Section

R = Request[Any, Any, Any]

#: Beside which field a refusal is shown.
_FIELDS = {
    "people.name_taken": "username",
    "people.weak_password": "password",
    "person.other_name": "id_number",
    "people.agency_in_office": "id_number",
    "organisation.kind_differs": "uscc",
}


@get("/register", permission=P.PUBLIC)
async def form(request: R) -> Response[str]:
    """The form in which an organisation registers itself."""
    return await _form(request, {})


async def _form(
    request: R, typed: dict[str, str], errors: FormErrors | None = None
) -> Response[str]:
    shown = {k: v for k, v in typed.items() if k != "password"}
    answer = page(
        request,
        "agencies/register.html",
        422 if errors else 200,
        typed=shown,
        policy=await sign_in_policy(calendar.today()),
        accept=files.ACCEPT,
        errors=errors.messages(language_of(request)) if errors else {},
    )
    return for_visitors(request, answer)


@post("/register", permission=P.PUBLIC, status_code=303)
async def register(request: R) -> Response[Any]:
    """Register; the account is open at once unless the organisation is on record already."""
    given = await request.form()
    parsed = parse(given, RegisterForm)
    if isinstance(parsed, FormErrors):
        return await _form(request, dict(parsed.typed), parsed)
    typed = typed_in(given)
    name, content = await files.uploaded(given, "certificate")
    try:
        files.check(name, content)
    except Refusal as refusal:
        return await _form(request, typed, faulty("certificate", refusal, typed))
    try:
        done = await actions.register(
            OrganisationDetails(
                parsed.name,
                parsed.uscc,
                town=parsed.town,
                registered_on=parsed.registered_on,
                phone=parsed.phone,
            ),
            parsed.person(),
            is_representative=parsed.is_representative,
            address=request.client.host if request.client else "",
        )
        await files.attach(
            _newcomer(done, parsed.person_name),
            Case("organisation", done.organisation_id),
            name,
            content,
            "certificate",
        )
    except Refusal as refusal:
        field = _FIELDS.get(refusal.code, "")
        if not field:
            raise
        return await _form(request, typed, faulty(field, refusal, typed))
    said = (
        N_("Registered. Sign in and begin; the office confirms your organisation meanwhile.")
        if done.usable
        else N_(
            "This organisation is on record. Your account opens when its legal representative "
            "or the office has confirmed you."
        )
    )
    return redirect("/sign-in", said)


def _newcomer(done: actions.Registered, name: str) -> Actor:
    """Who has just registered, to attach the certificate in his own name."""
    return Actor(
        user_id=done.user_id,
        person_id=done.person_id,
        name=name,
        roles=frozenset({Role.APPLICANT_ORG}),
        organisation_id=done.organisation_id,
    )


@get("/registrations", permission=P.ORGANISATION_EDIT)
async def waiting(request: R) -> Response[str]:
    """Who has registered and waits to be confirmed."""
    actor = actor_of(request)
    found = await queries.registrations(actor, ["PENDING"])
    return page(
        request,
        "agencies/registrations.html",
        registrations=found,
        papers={
            one.id: await files.list_attachments(Case("organisation", one.organisation_id))
            for one in found
        },
        titles=REGISTRATION.titles,
    )


@post("/registrations/{registration_id:int}", permission=P.ORGANISATION_EDIT, status_code=303)
async def decide(request: R, registration_id: FromPath[int]) -> Response[Any]:
    """Confirm or refuse, by the office."""
    return await _decide(request, registration_id, "/registrations")


@post(
    "/colleagues/registrations/{registration_id:int}",
    permission=P.COLLEAGUE_EDIT,
    status_code=303,
)
async def decide_colleague(request: R, registration_id: FromPath[int]) -> Response[Any]:
    """Confirm or refuse, by the legal representative."""
    return await _decide(request, registration_id, "/colleagues")


async def _decide(request: R, registration_id: int, back: str) -> Response[Any]:
    parsed = parse(await request.form(), DecideForm)
    if isinstance(parsed, FormErrors):
        raise NotFound()
    await actions.decide_registration(
        actor_of(request), registration_id, parsed.verb, note=parsed.note
    )
    said = N_("Confirmed.") if parsed.verb == "confirm" else N_("Refused; the account is closed.")
    return redirect(back, said)


@get("/colleagues", permission=P.COLLEAGUE_EDIT)
async def colleagues(request: R) -> Response[str]:
    """An agency's own people."""
    return await _colleagues(request)


async def _colleagues(request: R, errors: FormErrors | None = None) -> Response[str]:
    actor = actor_of(request)
    assert actor.organisation_id is not None
    representative = await queries.representative_of(actor.organisation_id)
    typed = {k: v for k, v in errors.typed.items() if k != "password"} if errors else {}
    return page(
        request,
        "agencies/colleagues.html",
        422 if errors else 200,
        colleagues=await queries.colleagues(actor.organisation_id),
        waiting=await queries.registrations(actor, ["PENDING"]),
        representative=representative,
        is_representative=representative is not None and representative[0] == actor.person_id,
        policy=await sign_in_policy(calendar.today()),
        typed=typed,
        errors=errors.messages(language_of(request)) if errors else {},
    )


@post("/colleagues", permission=P.COLLEAGUE_EDIT, status_code=303)
async def bring_in(request: R) -> Response[Any]:
    """Open an account for a colleague."""
    given = await request.form()
    parsed = parse(given, PersonForm)
    if isinstance(parsed, FormErrors):
        return await _colleagues(request, parsed)
    try:
        await actions.bring_in(actor_of(request), parsed.person())
    except Refusal as refusal:
        field = _FIELDS.get(refusal.code, "")
        if not field:
            raise
        return await _colleagues(request, faulty(field, refusal, typed_in(given)))
    return redirect(
        "/colleagues",
        N_("{name} can sign in now and should change the password."),
        name=parsed.person_name,
    )


@post("/colleagues/{user_id:int}/let-go", permission=P.COLLEAGUE_EDIT, status_code=303)
async def let_go(request: R, user_id: FromPath[int]) -> Response[Any]:
    """Close a colleague's account."""
    parsed = parse(await request.form(), LetGoForm)
    if isinstance(parsed, FormErrors):
        return await _colleagues(request, parsed)
    await actions.let_go(actor_of(request), user_id, reason=parsed.reason)
    return redirect("/colleagues", N_("The account is closed."))


@post(
    "/organisations/{organisation_id:int}/representative",
    permission=P.ORGANISATION_EDIT,
    status_code=303,
)
async def set_representative(request: R, organisation_id: FromPath[int]) -> Response[Any]:
    """Record who legally represents an organisation, out of those who have its accounts."""
    parsed = parse(await request.form(), RepresentativeForm)
    if isinstance(parsed, FormErrors):
        raise NotFound()
    await actions.set_representative(actor_of(request), organisation_id, parsed.person_id)
    return redirect(f"/organisations/{organisation_id}", N_("Recorded."))


async def people_section(actor: Actor, organisation_id: int) -> Section | None:
    """The people of an organisation, on its page, for those who keep the record."""
    if not actor.may(P.ORGANISATION_EDIT):
        return None
    found = await queries.colleagues(organisation_id)
    if not found:
        return None
    return Section(
        N_("Its people"),
        "agencies/_people.html",
        {"organisation_id": organisation_id, "colleagues": found},
    )


ROUTES = [
    form,
    register,
    waiting,
    decide,
    decide_colleague,
    colleagues,
    bring_in,
    let_go,
    set_representative,
]
