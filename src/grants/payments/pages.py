"""Pages of payments: the list, the case, the request, and the acts on it."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from grants.awards import queries as award_queries
from grants.budget import queries as budget
from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, Refusal
from grants.kernel.findings import Finding, Mark
from grants.kernel.identity import ROLE_TITLES, Actor
from grants.kernel.identity import Permission as P
from grants.parties import queries as parties
from grants.payments import documents, gatekeeper, lists, queries
from grants.payments.lists import PaymentFilter
from grants.payments.rules import PaymentCase
from grants.payments.workflow import PAYMENT, PaymentState
from grants.platform import files
from grants.platform.access import actor_of
from grants.platform.audit import Case, duty_of, timeline
from grants.platform.forms import FormErrors, row_id
from grants.platform.lists import Column, Listing, View
from grants.platform.pages import language_of, page, sheet, texts_of
from grants.platform.pdf import pdf_answer
from grants.platform.policy import cited
from grants.platform.sections import Filling, Section, sections_of

R = Request[Any, Any, Any]

#: What higher features show on a payment's page.
SECTIONS: list[Filling] = []

#: What each act is called in a timeline.
VERBS = {
    "draft": N_("drew up the request"),
    "change": N_("changed the request"),
    "submit": N_("submitted"),
    "approve": N_("approved"),
    "approve_finally": N_("approved; the money is payable"),
    "return": N_("returned it for correction"),
    "reject": N_("rejected it"),
    "withdraw": N_("withdrew it"),
    "cancel": N_("cancelled it; the money is committed again"),
    "waive": N_("set a check aside"),
    "send": N_("sent it to the bank"),
    "settle": N_("recorded it as paid"),
    "bounce": N_("recorded that the bank returned it"),
    "correct": N_("corrected the account"),
}

TONES = {
    "DRAFT": "",
    "SUBMITTED": "now",
    "RETURNED": "warn",
    "APPROVED": "now",
    "REJECTED": "bad",
    "WITHDRAWN": "",
    "IN_BANK": "now",
    "BOUNCED": "bad",
    "PAID": "good",
}

_COLUMNS = (
    Column("number", N_("Request"), sortable=True, always=True),
    Column("payee", N_("Payee"), sortable=True),
    Column("programme", N_("Programme")),
    Column("state", N_("State"), always=True),
    Column("amount", N_("Amount"), sortable=True, numeric=True, always=True),
    Column("due", N_("Due"), sortable=True),
)
_VIEWS = (
    View(N_("All"), ""),
    View(N_("In approval"), "state=SUBMITTED"),
    View(N_("To be paid"), "state=APPROVED"),
    View(N_("With the bank"), "state=IN_BANK"),
    View(N_("Returned by the bank"), "state=BOUNCED"),
    View(N_("Paid"), "state=PAID"),
)


def _filter(listing: Listing) -> PaymentFilter:
    programme = listing.filters.get("programme", "")
    order = ("-" if listing.descending else "") + listing.order
    return PaymentFilter(
        state=listing.filters.get("state") or None,
        programme_id=row_id(programme),
        search=listing.filters.get("q", ""),
        order=order,
    )


def _listing(request: R) -> Listing:
    return Listing.of(
        request, filters=("q", "state", "programme"), columns=_COLUMNS, order="-number"
    )


@get("/payments", permission=P.PAYMENT_SEE, cache=True)
async def index(request: R) -> Response[str]:
    """All payments within one's scope."""
    actor, listing = actor_of(request), _listing(request)
    wanted = _filter(listing)
    found = await lists.list_payments(actor, wanted, limit=listing.size, offset=listing.offset)
    return page(
        request,
        "payments/list.html",
        listing=listing.counted(found.count, more=found.more),
        total_fen=found.total_fen,
        payments=found.rows,
        views=_VIEWS,
        titles=PAYMENT.titles,
        tones=TONES,
        programmes=await budget.programmes(),
        today=calendar.today(),
    )


@get("/payments.xlsx", permission=P.PAYMENT_SEE)
async def export(request: R) -> Response[bytes]:
    """Exactly the rows that the list shows, all pages of them."""
    text = texts_of(request).text
    return sheet(
        request,
        "payments",
        N_("Payments"),
        [
            ("number", N_("Request")),
            ("title", N_("Title")),
            ("payee_name", N_("Payee")),
            ("programme_name", N_("Programme")),
            ("state", N_("State")),
            ("amount_fen", N_("Amount"), "yuan"),
            ("due_on", N_("Due"), "day"),
            ("paid_on", N_("Paid on"), "day"),
        ],
        await lists.payments(actor_of(request), _filter(_listing(request)), limit=100_000),
        state=lambda row: text(PAYMENT.titles[PaymentState(row.state)]),
    )


def _step_word(payment: queries.Payment, n: int) -> str:
    """done, here, next or stopped: where the n-th step of the chain stands."""
    if payment.state == PaymentState.SUBMITTED:
        return "done" if n < payment.step else "here" if n == payment.step else "next"
    finished = (
        PaymentState.APPROVED,
        PaymentState.IN_BANK,
        PaymentState.BOUNCED,
        PaymentState.PAID,
    )
    return "done" if payment.state in finished else "next"


async def _chain(
    payment: queries.Payment, acts: list[queries.Act], actor: Actor
) -> list[dict[str, object]]:
    """The chain as the page shows it: who did each step when, and where it stands."""
    of_round = {a.step: a for a in acts if a.round == payment.round}
    steps: list[dict[str, object]] = []
    for n, role in enumerate((None, *payment.chain)):
        act = of_round.get(n)
        state = "done" if n == 0 else _step_word(payment, n)
        if act and act.decision in ("RETURN", "REJECT"):
            state = "stopped"
        steps.append(
            {
                "title": ROLE_TITLES[role] if role else N_("Case officer"),
                "state": state,
                "who": act.who if act else (payment.maker if n == 0 else ""),
                "at": act.decided_at if act else None,
                "you": state == "here" and role in actor.roles,
            }
        )
    return steps


async def _open_steps(
    actor: Actor, payment: queries.Payment, gate: Refusal | None
) -> dict[str, Refusal | None]:
    """Each step that the state allows, with what speaks against it for this person."""
    case = PaymentCase(
        actor=actor,
        made_by_person=payment.made_by_person,
        chain=payment.chain,
        step=payment.step,
        seen_version=payment.version,
        version=payment.version,
        held_duty=await duty_of(actor.person_id, Case("payment", payment.id)),
        gate_refusal=gate,
        batch_no=payment.batch_no,
    )
    last = payment.step == len(payment.chain)
    offered: dict[str, Refusal | None] = {}
    for step in PAYMENT.open_to(payment.state, actor):
        if step.verb == ("approve" if last else "approve_finally"):
            continue
        verb = "approve" if step.verb == "approve_finally" else step.verb
        against = (guard(case) for guard in step.guards)
        offered[verb] = next((refusal for refusal in against if refusal), None)
    return offered


@get("/payments/{payment_id:int}", permission=P.PAYMENT_SEE)
async def show(request: R, payment_id: FromPath[int]) -> Response[str]:
    """One payment: everything needed for the decision on one page."""
    return await show_payment(request, payment_id)


async def show_payment(
    request: R, payment_id: int, *, errors: FormErrors | None = None, opened: str = ""
) -> Response[str]:
    actor, today = actor_of(request), calendar.today()
    payment = await queries.payment(actor, payment_id)
    gate = await gatekeeper.gate_of(payment, today=today)
    acts = await queries.acts(payment_id)
    usual = await queries.usual_for_payee(payment)
    return page(
        request,
        "payments/show.html",
        422 if errors else 200,
        payment=payment,
        state_title=PAYMENT.titles[PaymentState(payment.state)],
        tone=TONES[payment.state],
        chain=await _chain(payment, acts, actor),
        acts=acts,
        findings=_seen_by(actor, gate),
        judged_by=await cited(gate.versions),
        places=_places(payment) if actor.organisation_id is None else {},
        waivable={
            f.rule for f in gate.findings if f.mark == "stop" and set(f.waivable_by) & actor.roles
        }
        if actor.may(P.GATE_WAIVE) and actor.person_id != payment.made_by_person
        else set(),
        steps=await _open_steps(actor, payment, gate.refusal),
        usual=usual,
        same_before=[u for u in usual if u.same_programme],
        line=await budget.line(payment.line_id) if actor.may(P.BUDGET_SEE) else None,
        award=await award_queries.award(actor, payment.award_id),
        sections=await sections_of(SECTIONS, actor, payment_id),
        attachments=await files.list_attachments(Case("payment", payment_id)),
        accounts=await parties.accounts_of(payment.organisation_id, payment.person_id),
        events=await timeline(Case("payment", payment_id)),
        verbs=VERBS,
        today=today,
        days_left=(payment.due_on - today).days,
        due_is_provisional=calendar.is_provisional(today, payment.due_on),
        errors=errors.messages(language_of(request)) if errors else {},
        typed=errors.typed if errors else {},
        opened=opened,
    )


_GRAVEST_FIRST = (Mark.STOP, Mark.LOOK, Mark.WAIVED, Mark.PASS)
#: What a payee may know: what it can put right itself, and not how much the fund has left.
_OF_PAYEES = frozenset(
    {
        "award_is_active",
        "publicity_is_over",
        "condition_is_met",
        "invoice_is_present",
        "invoice_covers_amount",
        "invoice_names_payee",
        "invoice_is_checked",
        "account_is_verified",
        "names_agree",
        "payee_stands_well",
        "inspection_is_passed",
        "payee_owes_nothing",
        "evidence_is_attached",
        "clock_is_kept",
    }
)


def _seen_by(actor: Actor, gate: gatekeeper.Gate) -> list[Finding]:
    """The findings that this person may see, the gravest first."""
    seen = [f for f in gate.findings if actor.organisation_id is None or f.rule in _OF_PAYEES]
    return sorted(seen, key=lambda f: _GRAVEST_FIRST.index(f.mark))


def _places(payment: queries.Payment) -> dict[str, str]:
    """Where the office can put right what a rule of the gate has found."""
    award = f"/awards/{payment.award_id}"
    account = f"/accounts/{payment.bank_account_id}"
    payee = (
        f"/organisations/{payment.organisation_id}"
        if payment.organisation_id
        else f"/persons/{payment.person_id}"
    )
    return {
        "award_is_active": award,
        "condition_is_met": award,
        "publicity_is_over": award,
        "commitment_covers_amount": f"/budget/{payment.line_id}",
        "cash_plan_has_room": f"/budget/{payment.line_id}",
        "account_is_verified": account,
        "names_agree": account,
        "payee_stands_well": payee,
        "inspection_is_passed": payee,
        "payee_owes_nothing": "/clawbacks",
        "no_similar_payment": payee,
        "evidence_is_attached": "#originals",
    }


@get("/payments/{payment_id:int}/form.pdf", permission=P.PAYMENT_SEE)
async def approval_form(request: R, payment_id: FromPath[int]) -> Response[bytes]:
    """资金拨付审批表: the one-page approval form."""
    content = await documents.approval_form(
        actor_of(request), payment_id, lang=language_of(request), today=calendar.today()
    )
    return pdf_answer(content, f"payment-{payment_id}")


async def may_see_files(actor: Actor, payment_id: int) -> bool:
    """Whether the payment, and so its originals, is within the actor's scope."""
    try:
        await queries.payment(actor, payment_id)
    except NotFound:
        return False
    return actor.may(P.PAYMENT_SEE)


async def payee_section(actor: Actor, organisation_id: int) -> Section | None:
    """What a payee was paid and still waits for, on the payee's page."""
    if not actor.may(P.PAYMENT_SEE):
        return None
    wanted = PaymentFilter(organisation_id=organisation_id, order="-number")
    count, total_fen = await lists.count_payments(actor, wanted)
    return Section(
        N_("Payments"),
        "payments/_of_payee.html",
        {
            "count": count,
            "total_fen": total_fen,
            "payments": await lists.payments(actor, wanted, limit=10),
            "titles": PAYMENT.titles,
            "tones": TONES,
            "today": calendar.today(),
        },
    )


ROUTES = [
    index,
    export,
    show,
    approval_form,
]
