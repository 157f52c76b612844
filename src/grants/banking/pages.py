"""Pages of banking: batches, the bank's answers, refunds, the monthly reconciliation."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.params import FromPath

from grants.banking import actions, answers, documents, queries, refunds
from grants.banking.bank_profiles import PROFILES
from grants.banking.bank_results import RETURN_CODES, BadResultFile
from grants.banking.forms import CancelForm, ResultForm, VersionForm
from grants.banking.workflow import BATCH, ITEM_TITLES, BatchState, ItemState
from grants.kernel import calendar
from grants.kernel.errors import N_, Refusal
from grants.kernel.identity import Actor
from grants.kernel.identity import Permission as P
from grants.platform import files
from grants.platform.access import actor_of
from grants.platform.audit import Case, timeline
from grants.platform.forms import FormErrors, parse, row_id
from grants.platform.pages import language_of, page, redirect, sheet, texts_of
from grants.platform.pdf import pdf_answer
from grants.platform.sections import Section

R = Request[Any, Any, Any]

TONES = {"OPEN": "", "FROZEN": "now", "SENT": "now", "SETTLED": "good", "CANCELLED": ""}
ITEM_TONES = {
    "GENERATED": "",
    "SENT": "now",
    "UNKNOWN": "warn",
    "PAID": "good",
    "RETURNED": "bad",
    "REMOVED": "",
}
VERBS = {
    "make": N_("made the batch"),
    "remove": N_("took a payment out"),
    "freeze": N_("froze it; the file is written"),
    "download": N_("downloaded the file"),
    "send": N_("sent it to the bank"),
    "settle": N_("settled: the bank has answered for every item"),
    "cancel": N_("gave it up"),
    "record": N_("recorded it"),
    "approve": N_("approved it"),
    "reject": N_("rejected it"),
    "explain": N_("explained a difference"),
    "close": N_("closed the month"),
    "reopen": N_("opened the month again"),
    "import": N_("took a bank file in"),
}


@get("/batches", permission=P.BATCH_SEE)
async def index(request: R) -> Response[str]:
    """Batches, what waits for one, and the bank's answers."""
    return await _index(request)


async def _index(
    request: R,
    *,
    refused_file: BadResultFile | Refusal | None = None,
    name: str = "",
    errors: FormErrors | None = None,
) -> Response[str]:
    return page(
        request,
        "banking/list.html",
        422 if refused_file or errors else 200,
        batches=await queries.batches(),
        ready=await queries.ready_payments(),
        files=await queries.taken_files(),
        refunds=await refunds.refunds(state="PROPOSED"),
        profiles=list(PROFILES.values()),
        titles=BATCH.titles,
        tones=TONES,
        refused_file=refused_file,
        problems=getattr(refused_file, "problems", ()),
        file_name=name,
        errors=errors.messages(language_of(request)) if errors else {},
        today=calendar.today(),
    )


@get("/batches.xlsx", permission=P.BATCH_SEE)
async def export(request: R) -> Response[bytes]:
    """All batches as a sheet."""
    text = texts_of(request).text
    return sheet(
        request,
        "batches",
        N_("Batches"),
        [
            ("number", N_("Number")),
            ("state", N_("State")),
            ("item_count", N_("Items"), "int"),
            ("total_fen", N_("Total"), "yuan"),
            ("paid_count", N_("Paid"), "int"),
            ("returned_count", N_("Returned"), "int"),
            ("maker", N_("Made by")),
            ("sender", N_("Sent by")),
            ("sent_at", N_("Sent"), "moment"),
            ("file_sha256", N_("SHA-256 of the file")),
        ],
        await queries.batches(limit=100_000),
        state=lambda batch: text(BATCH.titles[BatchState(batch.state)]),
    )


@get("/batches/{batch_id:int}/items.xlsx", permission=P.BATCH_SEE)
async def export_items(request: R, batch_id: FromPath[int]) -> Response[bytes]:
    """The items of a batch and their fate, accounts masked."""
    text = texts_of(request).text
    batch = await queries.batch(batch_id)
    return sheet(
        request,
        batch.number,
        N_("Payments in it"),
        [
            ("item_no", N_("Item")),
            ("payment_number", N_("Request")),
            ("holder_name", N_("Payee")),
            ("account_last4", N_("Account")),
            ("state", N_("State")),
            ("amount_fen", N_("Amount"), "yuan"),
            ("return_code", N_("Return code")),
            ("return_text", N_("Reason")),
            ("receipt_reference", N_("Bank reference")),
            ("booked_on", N_("Booked on"), "day"),
        ],
        await queries.items(batch_id),
        state=lambda item: text(ITEM_TITLES[ItemState(item.state)]),
    )


@post("/batches", permission=P.BATCH_MAKE, status_code=303)
async def make(request: R) -> Response[Any]:
    """A new batch from the picked payments."""
    form = await request.form()
    chosen = [found for v in form.getall("picked", []) if (found := row_id(v)) is not None]
    batch_id = await actions.make_batch(
        actor_of(request),
        chosen,
        str(form.get("profile", "bank-csv")),
        today=calendar.today(),
    )
    return redirect(f"/batches/{batch_id}", N_("Batch made; look through the preflight."))


@get("/batches/{batch_id:int}", permission=P.BATCH_SEE)
async def show(request: R, batch_id: FromPath[int]) -> Response[str]:
    """One batch: preflight, file, items and their fate."""
    return await _show(request, batch_id)


async def _show(request: R, batch_id: int, *, errors: FormErrors | None = None) -> Response[str]:
    actor, batch = actor_of(request), await queries.batch(batch_id)
    findings = (
        await actions.preflight_of(batch_id, today=calendar.today())
        if batch.state == BatchState.OPEN
        else []
    )
    return page(
        request,
        "banking/show.html",
        422 if errors else 200,
        batch=batch,
        items=await queries.items(batch_id),
        findings=findings,
        blocking=[f for f in findings if f.level == "blocking"],
        state_title=BATCH.titles[BatchState(batch.state)],
        tone=TONES[batch.state],
        item_titles=ITEM_TITLES,
        item_tones=ITEM_TONES,
        return_codes=RETURN_CODES,
        steps={s.verb for s in BATCH.open_to(batch.state, actor)},
        events=await timeline(Case("batch", batch_id)),
        verbs=VERBS,
        errors=errors.messages(language_of(request)) if errors else {},
    )


async def _version(request: R) -> int:
    parsed = parse(await request.form(), VersionForm)
    return 0 if isinstance(parsed, FormErrors) else parsed.version


@post("/batches/{batch_id:int}/freeze", permission=P.BATCH_MAKE, status_code=303)
async def freeze(request: R, batch_id: FromPath[int]) -> Response[Any]:
    """Write the file once and for all."""
    await actions.freeze_batch(
        actor_of(request), batch_id, seen_version=await _version(request), today=calendar.today()
    )
    return redirect(f"/batches/{batch_id}", N_("Frozen. The cashier can send the file now."))


@post("/batches/{batch_id:int}/send", permission=P.BATCH_SEND, status_code=303)
async def send(request: R, batch_id: FromPath[int]) -> Response[Any]:
    """Record that the file went to the bank."""
    await actions.mark_batch_sent(
        actor_of(request), batch_id, seen_version=await _version(request), on=calendar.today()
    )
    return redirect(f"/batches/{batch_id}", N_("Marked as sent; waiting for the bank's answer."))


@post("/batches/{batch_id:int}/cancel", permission=P.BATCH_MAKE, status_code=303)
async def cancel(request: R, batch_id: FromPath[int]) -> Response[Any]:
    """Give a batch up."""
    parsed = parse(await request.form(), CancelForm)
    if isinstance(parsed, FormErrors):
        return await _show(request, batch_id, errors=parsed)
    await actions.cancel_batch(
        actor_of(request), batch_id, seen_version=parsed.version, reason=parsed.reason
    )
    return redirect(f"/batches/{batch_id}", N_("Given up; its payments wait for another batch."))


@post(
    "/batches/{batch_id:int}/items/{item_no:str}/remove",
    permission=P.BATCH_MAKE,
    status_code=303,
)
async def remove(request: R, batch_id: FromPath[int], item_no: FromPath[str]) -> Response[Any]:
    """Take one payment out."""
    await actions.remove_item(
        actor_of(request), batch_id, item_no, seen_version=await _version(request)
    )
    return redirect(f"/batches/{batch_id}", N_("Taken out."))


@get("/batches/{batch_id:int}/file", permission=P.BATCH_SEE)
async def file(request: R, batch_id: FromPath[int]) -> Response[bytes]:
    """The frozen file; each download is recorded."""
    found = await actions.download_file(actor_of(request), batch_id)
    return Response(
        found.content,
        media_type=found.media_type,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}"},
    )


@get("/batches/{batch_id:int}/manifest.pdf", permission=P.BATCH_SEE)
async def manifest(request: R, batch_id: FromPath[int]) -> Response[bytes]:
    """The manifest for the archive."""
    content = await documents.batch_manifest(actor_of(request), batch_id, lang=language_of(request))
    return pdf_answer(content, f"batch-{batch_id}")


@post("/batches/results", permission=P.RESULT_IMPORT, status_code=303)
async def take_results(request: R) -> Response[Any]:
    """Take the bank's answer in: all of the file, or nothing of it."""
    form = await request.form()
    name, content = await files.uploaded(form)
    if not name:
        return redirect("/batches", N_("Choose a file first."))
    stated = parse(form, ResultForm)
    if isinstance(stated, FormErrors):
        return await _index(request, errors=stated)
    try:
        intake = await answers.take_results(
            actor_of(request),
            name,
            content,
            today=calendar.today(),
            booked_on=stated.booked_on,
        )
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        return await _index(request, refused_file=refusal, name=name)
    return redirect(
        "/batches",
        N_("{name}: {paid} paid, {returned} returned, {unknown} unknown, {known} known already."),
        name=name,
        paid=intake.paid,
        returned=intake.returned,
        unknown=intake.unknown,
        known=intake.known,
    )


async def payment_section(actor: Actor, payment_id: int) -> Section | None:
    """Every way of a payment through the bank, on the payment's page."""
    attempts = await queries.attempts(payment_id)
    if not attempts:
        return None
    shown = {"attempts": attempts, "titles": ITEM_TITLES, "tones": ITEM_TONES}
    return Section(N_("At the bank"), "banking/_of_payment.html", shown)


ROUTES = [
    index,
    export,
    export_items,
    make,
    show,
    freeze,
    send,
    cancel,
    remove,
    file,
    manifest,
    take_results,
]
