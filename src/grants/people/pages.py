"""Pages of people: accounts and roles, natural persons."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, Refusal, RuleBroken
from grants.kernel.identity import ROLE_TITLES, Role
from grants.kernel.identity import Permission as P
from grants.people import actions, own_pages, passwords, queries, sign_in_pages, signing_in
from grants.people.forms import AccountForm, GrantForm, ReasonForm, ResetForm
from grants.people.rules import needs_second_factor
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, faulty, parse
from grants.platform.pages import language_of, page, redirect, sheet, texts_of

R = Request[Any, Any, Any]

VERBS = {
    "add": N_("added"),
    "unmask": N_("looked at the full numbers"),
    "grant_role": N_("granted a role"),
    "end_role": N_("ended a role"),
    "delegate": N_("delegated a role"),
    "revoke_delegation": N_("took a delegated role back"),
    "change_password": N_("changed the password"),
    "deactivate": N_("closed the account"),
    "set_password": N_("set a new password"),
    "forget_second_factor": N_("reset the second factor"),
    "renew_recovery_codes": N_("made new recovery codes"),
    "sign_in_failed": N_("failed to sign in"),
    "recovery_code_used": N_("used a recovery code"),
}


@get("/people", permission=P.PEOPLE_SEE)
async def index(request: R) -> Response[str]:
    """Accounts and their roles."""
    return await _index(request)


async def _index(request: R, *, errors: FormErrors | None = None) -> Response[str]:
    return page(
        request,
        "people/list.html",
        422 if errors else 200,
        accounts=await queries.accounts(calendar.today()),
        now=calendar.now(),
        policy=await queries.sign_in_policy(calendar.today()),
        errors=errors.messages(language_of(request)) if errors else {},
        typed=errors.typed if errors else {},
    )


@get("/people.xlsx", permission=P.PEOPLE_SEE)
async def export(request: R) -> Response[bytes]:
    """Accounts and their roles as a sheet."""
    text = texts_of(request).text
    return sheet(
        request,
        "accounts",
        N_("Accounts"),
        [
            ("name", N_("Name")),
            ("username", N_("User name")),
            ("organisation", N_("Organisation")),
            ("roles", N_("Roles")),
            ("has_second_factor", N_("Second factor")),
            ("is_active", N_("State")),
        ],
        await queries.accounts(calendar.today()),
        roles=lambda account: "、".join(text(ROLE_TITLES[role]) for role in account.roles),
        has_second_factor=lambda account: text(
            N_("set up") if account.has_second_factor else N_("none")
        ),
        is_active=lambda account: text(N_("in use") if account.is_active else N_("out of use")),
    )


#: Beside which field a refusal stands.
_FIELD_OF = {
    "person.id_number": "id_number",
    "person.other_name": "id_number",
    "person.phone": "phone",
    "people.weak_password": "password",
    "people.unknown_organisation": "organisation",
}


@post("/people", permission=P.PEOPLE_EDIT, status_code=303)
async def add(request: R) -> Response[Any]:
    """A new account; a person with this id number is found, not doubled."""
    parsed = parse(await request.form(), AccountForm)
    if isinstance(parsed, FormErrors):
        return await _index(request, errors=parsed)
    try:
        organisation_id = (
            await queries.organisation(parsed.organisation) if parsed.organisation else None
        )
        user_id = await actions.open_account(
            actor_of(request),
            name=parsed.name,
            username=parsed.username,
            password=parsed.password,
            id_number=parsed.id_number,
            phone=parsed.phone,
            organisation_id=organisation_id,
        )
    except Refusal as refusal:
        field = _FIELD_OF.get(refusal.code, "username")
        typed = parsed.model_dump(exclude={"password"})
        return await _index(request, errors=faulty(field, refusal, typed))
    return redirect(f"/people/{user_id}", N_("Account added; it holds no role yet."))


@get("/people/{user_id:int}", permission=P.PEOPLE_SEE)
async def show(request: R, user_id: FromPath[int]) -> Response[str]:
    """One account: roles through time, delegations, what happened to it."""
    return await _show(request, user_id)


async def _show(
    request: R, user_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    today = calendar.today()
    if user_id == 1:
        raise NotFound()
    account = await queries.account(user_id, today)
    return page(
        request,
        "people/show.html",
        422 if errors else 200,
        account=account,
        person=await queries.person(account.person_id),
        grants=await queries.grants(user_id),
        delegations=await queries.delegations(user_id),
        roles=[(role.value, ROLE_TITLES[role]) for role in Role],
        policy=await queries.sign_in_policy(today),
        needs_second_factor=needs_second_factor(account.roles),
        events=await timeline(Case("app_user", user_id)),
        verbs=VERBS,
        today=today,
        errors=errors.messages(language_of(request)) if errors else {},
        typed=errors.typed if errors else {},
        opened=opened,
    )


@post("/people/{user_id:int}/roles", permission=P.ROLE_GRANT, status_code=303)
async def grant(request: R, user_id: FromPath[int]) -> Response[Any]:
    """Grant a role."""
    parsed = parse(await request.form(), GrantForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, user_id, errors=parsed, opened="grant")
    try:
        await actions.grant_role(
            actor_of(request),
            user_id,
            parsed.role,
            starts_on=parsed.starts_on,
            ends_on=parsed.ends_on,
        )
    except Refusal as refusal:
        errors = faulty("role", refusal, {"role": parsed.role})
        return await _show(request, user_id, errors=errors, opened="grant")
    return redirect(f"/people/{user_id}", N_("Role granted."))


@post("/people/{user_id:int}/roles/{grant_id:int}/end", permission=P.ROLE_GRANT, status_code=303)
async def end_role(request: R, user_id: FromPath[int], grant_id: FromPath[int]) -> Response[Any]:
    """End a role from today."""
    parsed = parse(await request.form(), ReasonForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, user_id, errors=parsed, opened="end")
    await actions.end_role(actor_of(request), grant_id, on=calendar.today(), reason=parsed.reason)
    return redirect(f"/people/{user_id}", N_("Role ended."))


@post("/people/{user_id:int}/password", permission=P.PEOPLE_EDIT, status_code=303)
async def set_password(request: R, user_id: FromPath[int]) -> Response[Any]:
    """A new password for an account whose own is forgotten."""
    parsed = parse(await request.form(), ResetForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, user_id, errors=parsed, opened="password")
    try:
        await passwords.set_password(actor_of(request), user_id, parsed.password, reason=parsed.why)
    except RuleBroken as refusal:
        errors = faulty("password", refusal, {"why": parsed.why})
        return await _show(request, user_id, errors=errors, opened="password")
    return redirect(f"/people/{user_id}", N_("Password set; the account can sign in with it."))


@post("/people/{user_id:int}/second-factor", permission=P.ROLE_GRANT, status_code=303)
async def forget_second_factor(request: R, user_id: FromPath[int]) -> Response[Any]:
    """A lost phone: the second factor is set up anew at the next sign-in."""
    parsed = parse(await request.form(), ReasonForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, user_id, errors=parsed, opened="second")
    await signing_in.forget_second_factor(actor_of(request), user_id, reason=parsed.reason)
    return redirect(
        f"/people/{user_id}", N_("The second factor is set up anew at the next sign-in.")
    )


@post("/people/{user_id:int}/close", permission=P.PEOPLE_EDIT, status_code=303)
async def close(request: R, user_id: FromPath[int]) -> Response[Any]:
    """Close an account."""
    parsed = parse(await request.form(), ReasonForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, user_id, errors=parsed, opened="close")
    await actions.deactivate(actor_of(request), user_id, reason=parsed.reason)
    return redirect(f"/people/{user_id}", N_("Account closed."))


@get("/persons", permission=P.PERSON_SEE)
async def persons(request: R) -> Response[str]:
    """Natural persons, masked."""
    search = request.query_params.get("q", "")[:100]
    return page(
        request, "people/persons.html", persons=await queries.persons(search), search=search
    )


@get("/persons/{person_id:int}", permission=P.PERSON_SEE)
async def person(request: R, person_id: FromPath[int]) -> Response[str]:
    """One person, masked."""
    return await _person(request, person_id)


async def _person(
    request: R,
    person_id: int,
    *,
    errors: FormErrors | None = None,
    numbers: tuple[str, str] | None = None,
) -> Response[str]:
    return page(
        request,
        "people/person.html",
        422 if errors else 200,
        person=await queries.person(person_id),
        numbers=numbers,
        events=await timeline(Case("person", person_id)),
        verbs=VERBS,
        errors=errors.messages(language_of(request)) if errors else {},
        typed=errors.typed if errors else {},
    )


@post("/persons/{person_id:int}/unmask", permission=P.PERSON_UNMASK, status_code=200)
async def unmask(request: R, person_id: FromPath[int]) -> Response[Any]:
    """The full numbers, once, for a reason that is kept."""
    parsed = parse(await request.form(), ReasonForm)
    if isinstance(parsed, FormErrors):
        return await _person(request, person_id, errors=parsed)
    numbers = await actions.unmask(actor_of(request), person_id, reason=parsed.reason)
    return await _person(request, person_id, numbers=numbers)


ROUTES = [
    *sign_in_pages.ROUTES,
    *own_pages.ROUTES,
    index,
    export,
    add,
    show,
    grant,
    end_role,
    set_password,
    forget_second_factor,
    close,
    persons,
    person,
    unmask,
]
