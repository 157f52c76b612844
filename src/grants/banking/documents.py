"""The manifest of a batch: what its file holds, for signature and archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from grants.banking import queries
from grants.banking.bank_profiles import PROFILES
from grants.kernel import calendar
from grants.kernel.errors import N_, RuleBroken
from grants.kernel.identity import ROLE_TITLES, Actor, Role
from grants.kernel.money import Fen
from grants.platform.pages import render
from grants.platform.pdf import qr_data_uri, render_pdf
from grants.platform.texts import texts
from grants.settings import settings

#: A manifest of 3,000 items runs over sixty pages.
_PRINTING_SECONDS = 120


@dataclass(frozen=True)
class ManifestItem:
    """One line of the manifest."""

    item_no: int
    payee_name: str
    account_masked: str
    bank_name: str
    amount_fen: Fen
    purpose: str
    request_number: str


@dataclass(frozen=True)
class Signature:
    """A cell to sign; an unsigned one leaves room."""

    role_title: str
    signed_name: str
    signed_at: datetime | None


@dataclass(frozen=True)
class BatchManifest:
    """What templates/pdf/batch_manifest.html prints."""

    number: str
    office: str
    profile: str
    file_name: str
    sha256: str
    item_count: int
    total_fen: Fen
    items: Sequence[ManifestItem]
    signatures: Sequence[Signature]
    made_at: datetime
    printed_at: datetime
    printed_by: str
    case_url: str
    qr_data_uri: str
    demo: bool


async def batch_manifest(actor: Actor, batch_id: int, *, lang: str) -> bytes:
    """The manifest as a PDF; raises RuleBroken before the batch is frozen."""
    batch = await queries.batch(batch_id)
    if batch.file_name is None or batch.file_sha256 is None or batch.frozen_at is None:
        raise RuleBroken("batch.not_frozen", N_("Freeze the batch first."))
    profile = PROFILES[batch.profile]
    case_url = f"{settings.public_url}/batches/{batch_id}"
    title = texts(lang).text
    form = BatchManifest(
        number=batch.number,
        office="太仓市民政局",
        profile=profile.title_zh if lang == "zh" else profile.title_en,
        file_name=batch.file_name,
        sha256=batch.file_sha256,
        item_count=batch.item_count,
        total_fen=batch.total_fen,
        items=[
            ManifestItem(
                item_no=number,
                payee_name=item.holder_name,
                account_masked=f"••••{item.account_last4}",
                bank_name=item.bank_name,
                amount_fen=item.amount_fen,
                purpose=item.purpose,
                request_number=item.payment_number,
            )
            for number, item in enumerate(await queries.items(batch_id), start=1)
        ],
        signatures=[
            Signature(title(ROLE_TITLES[Role.FIN_OFFICER]), batch.maker, batch.frozen_at),
            Signature(title(ROLE_TITLES[Role.CASHIER]), batch.sender or "", batch.sent_at),
        ],
        made_at=batch.frozen_at,
        printed_at=calendar.now(),
        printed_by=actor.name,
        case_url=case_url,
        qr_data_uri=qr_data_uri(case_url),
        demo=settings.demo,
    )
    html = render("pdf/batch_manifest.html", lang, batch=form)
    return await render_pdf(html, style="form", timeout_seconds=_PRINTING_SECONDS)
