"""Pages: templates in two languages, answers in one layout, refusals that explain themselves."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, nodes
from jinja2.visitor import NodeTransformer
from litestar import Request, Response
from litestar.datastructures import Cookie
from markupsafe import Markup

from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal
from grants.kernel.identity import ROLE_TITLES, Actor, Permission
from grants.kernel.money import Fen, amount_in_capitals, wan_text, yuan_text
from grants.platform import assets
from grants.platform.sheet_output import Column, Kind, write_sheet
from grants.platform.texts import (
    DEFAULT_LANGUAGE,
    LANGUAGES,
    Catalogue,
    refusal_text,
    texts,
)
from grants.settings import TOP, settings

TEMPLATES_DIR = TOP / "templates"

#: A message shown once on the page after a redirect travels in this cookie.
NOTICE_COOKIE = "notice"

EMPTY = Markup("—")


@dataclass(frozen=True)
class NavEntry:
    """One line of the main navigation; `permission` None means everybody signed in."""

    path: str
    title: str
    permission: Permission | None = None


@dataclass(frozen=True)
class NavLine:
    """A navigation entry as one person sees it now."""

    path: str
    title: str
    current: bool
    count: int


_navigation: list[NavEntry] = []


def set_navigation(
    entries: Sequence[NavEntry | tuple[str, str] | tuple[str, str, Permission | None]],
) -> None:
    """Declare the main navigation once, from the wiring of the application, in its order."""
    _navigation[:] = [e if isinstance(e, NavEntry) else NavEntry(*e) for e in entries]


def navigation_of(
    actor: Actor | None, path: str, counts: Mapping[str, int] | None = None
) -> list[NavLine]:
    """What `actor` may open; the entry with the longest path that begins `path` is current."""
    if actor is None:
        return []
    open_to = [e for e in _navigation if e.permission is None or actor.may(e.permission)]
    within = [e.path for e in open_to if path == e.path or path.startswith(f"{e.path}/")]
    current = max(within, key=len, default="")
    return [
        NavLine(e.path, e.title, e.path == current, (counts or {}).get(e.path, 0)) for e in open_to
    ]


# Filters. Those that only make digits answer Markup, so that autoescape has nothing to do.


def yuan(amount_fen: int | None) -> Markup:
    """123456 fen is "1,234.56"; None is a dash."""
    return EMPTY if amount_fen is None else Markup(yuan_text(Fen(amount_fen)))


def wan(amount_fen: int | None) -> Markup:
    """In 万元 with two decimals: 12,000,000.00 yuan is "1,200.00"."""
    return EMPTY if amount_fen is None else Markup(wan_text(Fen(amount_fen)))


def capitals(amount_fen: int | None) -> Markup:
    """In capitals: 人民币壹拾万元整."""
    return EMPTY if amount_fen is None else Markup(amount_in_capitals(Fen(amount_fen)))


def day(value: date | None) -> Markup:
    """2026-11-18; of a moment, its day in Shanghai."""
    if value is None:
        return EMPTY
    if isinstance(value, datetime):
        value = value.astimezone(calendar.ZONE).date()
    return Markup(value.isoformat())


def moment(value: datetime | None) -> Markup:
    """11-18 09:12 this year, 2025-11-18 09:12 of another; Shanghai."""
    if value is None:
        return EMPTY
    local = value.astimezone(calendar.ZONE)
    this_year = local.year == calendar.today().year
    return Markup(local.strftime("%m-%d %H:%M" if this_year else "%Y-%m-%d %H:%M"))


def percent(ratio_permille: int | None) -> Markup:
    """846 permille is "84.6%"."""
    if ratio_permille is None:
        return EMPTY
    sign = "-" if ratio_permille < 0 else ""
    whole, tenth = divmod(abs(ratio_permille), 10)
    return Markup(f"{sign}{whole}.{tenth}%")


def mask4(number: str | None) -> str | Markup:
    """Only the last four characters: ••••0011."""
    return f"••••{number[-4:]}" if number else EMPTY


_FILTERS = (yuan, wan, capitals, day, moment, percent, mask4)


#: htmx shows refusals (403, 404, 409) and forms with errors (422), injects no style, evaluates
#: no text as script, and keeps no copies of pages with personal data in the browser's store.
HTMX_CONFIG = Markup(
    json.dumps(
        {
            "includeIndicatorStyles": False,
            "allowEval": False,
            "allowScriptTags": False,
            "selfRequestsOnly": True,
            "historyCacheSize": 0,
            "refreshOnHistoryMiss": True,
            "scrollIntoViewOnBoost": False,
            "responseHandling": [
                {"code": "204", "swap": False},
                {"code": "[23]..", "swap": True},
                {"code": "(403|404|409|422)", "swap": True},
                {"code": "[45]..", "swap": False, "error": True},
            ],
        },
        separators=(",", ":"),
    )
)


class _Said(NodeTransformer):
    """Puts plain texts, `_("Payee")`, into the language while a template is compiled."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # the name is Jinja's
        self.generic_visit(node)
        if not isinstance(node.node, nodes.Name) or node.node.name != "_" or node.kwargs:
            return node
        message = node.args[0]
        if not isinstance(message, nodes.Const):
            return node
        return nodes.Const(self.catalogue.text(message.value), lineno=node.lineno)


class _Environment(Environment):
    """A Jinja environment of one language, in which a label of a row costs nothing."""

    catalogue: Catalogue

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        said: nodes.Template = _Said(self.catalogue).visit(super()._parse(source, name, filename))
        return said


@cache
def environment(lang: str) -> Environment:
    """The Jinja environment of one language; components stand in it as `ui`."""
    catalogue = texts(lang)
    made = _Environment(
        loader=FileSystemLoader(TEMPLATES_DIR),
        undefined=StrictUndefined,
        auto_reload=settings.demo,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do"],
    )
    made.catalogue = catalogue
    made.filters.update({f.__name__: f for f in _FILTERS})
    made.filters["t"] = catalogue.text
    made.globals.update(
        _=catalogue.text,
        N_=N_,
        ngettext=catalogue.counted,
        lang=lang,
        html_lang=LANGUAGES[lang],
        asset=assets.address,
        htmx_config=HTMX_CONFIG,
        role_titles=ROLE_TITLES,
        demo=settings.demo,
    )
    made.globals["ui"] = _components(made)
    return made


#: Components that lists ask for again and again, and that depend on their arguments alone.
_REMEMBERED = frozenset({"pill", "due", "payment_row"})


def _components(made: Environment) -> SimpleNamespace:
    """Every public macro of templates/_components under one name, filled as each loads.

    Components name one another through `ui` while they run, so order does not matter.
    """
    ui = SimpleNamespace()
    made.globals["ui"] = ui
    for path in sorted((TEMPLATES_DIR / "_components").glob("*.html")):
        module = made.get_template(f"_components/{path.name}").module
        for name, macro in vars(module).items():
            if not name.startswith("_"):
                if hasattr(ui, name):
                    raise ValueError(f"two components are called {name}: {path.name}")
                setattr(ui, name, lru_cache(2000)(macro) if name in _REMEMBERED else macro)
    return ui


def language_of(request: Request[Any, Any, Any]) -> str:
    """ "zh" unless the request state or the cookie `lang` says otherwise."""
    chosen = getattr(request.state, "lang", None) or request.cookies.get("lang")
    return str(chosen) if chosen in LANGUAGES else DEFAULT_LANGUAGE


def texts_of(request: Request[Any, Any, Any]) -> Catalogue:
    """Texts in the language of the request, for handlers that say something themselves."""
    return texts(language_of(request))


def render(template: str, lang: str, **context: object) -> str:
    """The template in `lang` with this context only."""
    return environment(lang).get_template(template).render(context)


def page(
    request: Request[Any, Any, Any],
    template: str,
    status: int = 200,
    *,
    fragment: str | None = None,
    headers: Mapping[str, str] | None = None,
    **context: object,
) -> Response[str]:
    """The page, with actor, lang, csrf_token, path, request_id, nav and notice added.

    With `fragment`, a request of htmx gets that template alone, from the same context.
    Pages of a signed-in person are never stored by browsers or proxies.
    Example: page(request, "payments/list.html", fragment="payments/_rows.html", rows=rows).
    """
    partial = fragment if fragment and _by_htmx(request) else None
    shared, notice_was_read = _shared_context(request)
    chosen: Template = environment(str(shared["lang"])).get_template(partial or template)
    body = chosen.render({**shared, **context})
    answer = Response(
        body,
        status_code=status,
        media_type="text/html",
        headers={"Cache-Control": _caching(request), "Vary": "HX-Request", **(headers or {})},
    )
    if notice_was_read and partial is None:
        answer.delete_cookie(NOTICE_COOKIE)
    return answer


def _by_htmx(request: Request[Any, Any, Any]) -> bool:
    return "hx-request" in request.headers and "hx-boosted" not in request.headers


def _caching(request: Request[Any, Any, Any]) -> str:
    return "no-cache" if getattr(request.state, "actor", None) is None else "no-store"


def _shared_context(request: Request[Any, Any, Any]) -> tuple[dict[str, object], bool]:
    state = request.state
    actor: Actor | None = getattr(state, "actor", None)
    path = request.url.path
    notice = read_notice(request.cookies.get(NOTICE_COOKIE))
    context: dict[str, object] = {
        "actor": actor,
        "lang": language_of(request),
        "csrf_token": getattr(state, "csrf_token", ""),
        "request_id": getattr(state, "request_id", ""),
        "path": path,
        "here": f"{path}?{request.url.query}" if request.url.query else path,
        "nav": navigation_of(actor, path, getattr(state, "nav_counts", None)),
        "notice": notice,
    }
    return context, notice is not None


_ADDRESS_SIGNS = "/?#[]@!$&'()*+,;=%:~"


def redirect(path: str, notice: str | None = None, **params: object) -> Response[None]:
    """303 to `path`; `notice` (a message id) is shown there once.

    Plain 303 also for htmx: whatever changes a state is an ordinary form post, and the few
    acts that htmx sends (filters, forms on a page) answer with a fragment, not elsewhere.
    Example: redirect("/payments/7", N_("Approved: {amount} yuan"), amount=yuan_text(fen)).
    """
    location = quote(path, safe=_ADDRESS_SIGNS)  # headers carry no Chinese
    answer: Response[None] = Response(None, status_code=303, headers={"Location": location})
    if notice is not None:
        said = {name: str(value) for name, value in params.items()}
        carried = json.dumps([notice, said], ensure_ascii=False).encode()
        answer.set_cookie(
            Cookie(
                NOTICE_COOKIE,
                value=base64.urlsafe_b64encode(carried).decode(),
                max_age=60,
                httponly=True,
                samesite="lax",
            )
        )
    return answer


def read_notice(cookie: str | None) -> tuple[str, dict[str, str]] | None:
    """The message id and its parameters; anything else that stands in the cookie is nothing.

    Only messages of the catalogue have their places filled: a browser may send any text.
    """
    if not cookie:
        return None
    try:
        message, params = json.loads(base64.urlsafe_b64decode(cookie))
        known = message in texts(DEFAULT_LANGUAGE).messages or "{" not in message
        if not known:
            return None
        texts("en").text(message, **params)
    except (ValueError, TypeError, KeyError, IndexError):
        return None
    return message, params


def sheet(
    request: Request[Any, Any, Any],
    name: str,
    title: str,
    columns: Sequence[tuple[str, str] | tuple[str, str, Kind]],
    rows: Sequence[Any],
    **also: Callable[[Any], object],
) -> Response[bytes]:
    """A list as a spreadsheet to save: exactly its rows, amounts as numbers and added up.

    `columns` are (attribute, heading, kind); `also` computes columns that rows do not have,
    or replaces theirs. Headings and the title are message ids.
    Example: sheet(request, "refunds", N_("Refunds"), [("amount_fen", N_("Amount"), "yuan")], rows).
    """
    text = texts_of(request).text
    made = [
        Column(
            key=column[0],
            header=text(column[1]),
            kind=column[2] if len(column) > 2 else "text",
            total=len(column) > 2 and column[2] == "yuan",
        )
        for column in columns
    ]
    lines = [
        {c.key: also[c.key](r) if c.key in also else getattr(r, c.key) for c in made} for r in rows
    ]
    content = write_sheet(text(title), made, lines, total_label=text(N_("Total")))
    return Response(
        content,
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": f'attachment; filename="{name}.xlsx"'},
    )


# Refusals and errors

#: Who can help when the reason itself does not say it.
HELP: Mapping[int, str] = {
    403: N_("Your section head can do this or pass it to a colleague who may."),
    404: N_("The worklist leads to everything that waits for you."),
    409: N_("Load the page again to see how things stand now."),
    503: N_("Nothing was changed. Wait a minute and try again."),
    500: N_("Nothing was changed. Send the number below to the system administrator."),
}

TITLES: Mapping[int, str] = {
    400: N_("This request cannot be read"),
    403: N_("You may not do this"),
    404: N_("Not found"),
    405: N_("This address cannot be used this way"),
    409: N_("Not possible now"),
    413: N_("This is too large"),
    429: N_("Too many attempts"),
    500: N_("Something went wrong"),
    503: N_("The database is away for a moment"),
}


def refused(
    request: Request[Any, Any, Any], refusal: Refusal, who_can_help: str | None = None
) -> Response[str]:
    """The page that says why not, who can help, and the number of the request.

    `who_can_help` is a message id. For htmx the reason alone, put where notices stand.
    """
    lang = language_of(request)
    return _trouble(
        request, refusal.status, refusal_text(lang, refusal), refusal.code, who_can_help
    )


def failed(request: Request[Any, Any, Any], status: int = 500) -> Response[str]:
    """The page for what is no refusal of ours: a broken program, a wrong method, a bad request."""
    known = TITLES.get(status, TITLES[500 if status >= 500 else 400])
    reason = N_("The work stopped half-way and was undone.") if status >= 500 else ""
    catalogue = texts_of(request)
    return _trouble(request, status, catalogue.text(reason) if reason else "", "", None, known)


def _trouble(
    request: Request[Any, Any, Any],
    status: int,
    reason: str,
    code: str,
    who_can_help: str | None,
    title: str | None = None,
) -> Response[str]:
    heading = title or TITLES.get(status, TITLES[400])
    context: dict[str, Any] = {
        "status_code": status,
        "heading": heading,
        "reason": reason,
        "code": code,
        "who_can_help": who_can_help or HELP.get(status, ""),
        "back": _came_from(request),
    }
    answer = page(request, "errors/page.html", status, fragment="errors/_notice.html", **context)
    if _by_htmx(request):
        answer.headers["HX-Retarget"] = "#notices"
        answer.headers["HX-Reswap"] = "innerHTML"
    return answer


def _came_from(request: Request[Any, Any, Any]) -> str:
    """The page of ours from which the request came, else the start: never another site."""
    came = urlsplit(request.headers.get("referer", ""))
    if came.netloc != request.headers.get("host") or not came.path.startswith("/"):
        return "/"
    path = "/" + came.path.lstrip("/")
    return f"{path}?{came.query}" if came.query else path
