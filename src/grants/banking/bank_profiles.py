"""Payment files for the bank: one profile a bank, the same items always the same bytes.

A profile is data (`profiles/*.json`): columns, header lines, encoding, limits, file name. The
shipped ones are a text file, a spreadsheet and ISO 20022 pain.001. The shapes follow common
batch-payment templates; no national standard exists.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from grants.banking.pain_001 import pain_001
from grants.banking.pay_items import Payer, PayItem
from grants.banking.preflight import Finding, Level, find_faults
from grants.kernel.errors import N_, RuleBroken
from grants.kernel.money import Fen
from grants.platform.sheet_output import SHANGHAI, encode_lines, neutral, safe_workbook, yuan_of

__all__ = [
    "PROFILES",
    "BatchFile",
    "Finding",
    "Level",
    "PayItem",
    "Payer",
    "Profile",
    "ProfileColumn",
    "export_batch",
    "manifest",
    "preflight",
]

FieldName = Literal[
    "sequence",
    "item_no",
    "account",
    "account_name",
    "amount",
    "bank_name",
    "cnaps",
    "province",
    "city",
    "purpose",
    "remark",
]
_PLACE = re.compile(r"\{(\w+)\}")
_PLACES = {"batch_no", "year_month", "day", "bank", "payer", "payer_account", "count", "total"}
_PLACES |= {"yuan", "jiao", "fen"}
_ENDINGS = {"csv": ".csv", "xlsx": ".xlsx", "pain.001": ".xml"}
_MEDIA_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pain.001": "application/xml",
}


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProfileColumn(_Data):
    """One column of the file, in the order of the profile."""

    field: FieldName
    header: str
    width: int = 18


class Profile(_Data):
    """How one bank wants its file.

    `preamble` and `trailer` are lines around the list and `file_name` is the name without its
    ending; all may hold the places {batch_no} {year_month} {day} {bank} {payer}
    {payer_account} {count} {total} and, of the total, {yuan} {jiao} {fen}. `cnaps` says when the
    routing number is required. `result_headers` and `result_outcomes` add the words this bank
    uses in its answers; headers under "ignored" are passed over.
    """

    code: str
    title_en: str
    title_zh: str
    format: Literal["csv", "xlsx", "pain.001"]
    file_name: str
    encoding: Literal["gb18030", "gbk", "utf-8-sig", "utf-8"] = "gb18030"
    separator: Literal[",", ";", "\t", "|"] = ","
    amounts_as: Literal["number", "text"] = "number"
    preamble: tuple[tuple[str, ...], ...] = ()
    columns: tuple[ProfileColumn, ...] = ()
    trailer: tuple[tuple[str, ...], ...] = ()
    cnaps: Literal["always", "cross_bank", "never"] = "cross_bank"
    max_rows: int = Field(default=3000, gt=0, le=50_000)
    purpose_max_chars: int = Field(default=30, gt=0)
    personal_purpose_over_fen: int = Field(default=5_000_000, ge=0)
    result_headers: Mapping[str, tuple[str, ...]] = {}
    result_outcomes: Mapping[str, Literal["PAID", "RETURNED", "UNKNOWN"]] = {}

    @model_validator(mode="after")
    def _places_are_known(self) -> Self:
        texts = [self.file_name, *(cell for line in self.preamble + self.trailer for cell in line)]
        unknown = {name for text in texts for name in _PLACE.findall(text)} - _PLACES
        if unknown:
            raise ValueError(f"unknown places: {', '.join(sorted(unknown))}")
        return self

    @model_validator(mode="after")
    def _lists_have_what_a_bank_needs(self) -> Self:
        missing = {"account", "account_name", "amount"} - {c.field for c in self.columns}
        if self.format != "pain.001" and missing:
            raise ValueError(f"columns missing: {', '.join(sorted(missing))}")
        return self


def _shipped() -> dict[str, Profile]:
    folder = resources.files("grants.banking") / "profiles"
    profiles = [
        Profile.model_validate_json(file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda f: f.name)
        if file.name.endswith(".json")
    ]
    return {profile.code: profile for profile in profiles}


PROFILES: Mapping[str, Profile] = _shipped()


@dataclass(frozen=True)
class BatchFile:
    """A file for the bank."""

    name: str
    content: bytes
    media_type: str
    batch_no: str
    profile_code: str

    @property
    def sha256(self) -> str:
        """The content's SHA-256 in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def preflight(
    items: Sequence[PayItem], profile: Profile, payer: Payer | None = None
) -> list[Finding]:
    """Say everything that speaks against sending these items, before a file is made.

    With `payer` its bank is known, so accounts at the same bank need no routing number.
    Example: an item of 0 fen gives `Finding("pay.amount_not_positive", item_no, "blocking", …)`.
    """
    return find_faults(
        items,
        payer,
        max_rows=profile.max_rows,
        purpose_max_chars=profile.purpose_max_chars,
        personal_purpose_over_fen=profile.personal_purpose_over_fen,
        cnaps=profile.cnaps,
        encoding=profile.encoding if profile.format == "csv" else None,
    )


def export_batch(
    profile: Profile, batch_no: str, items: Sequence[PayItem], payer: Payer, made_at: dt.datetime
) -> BatchFile:
    """Make the bank's file. The same arguments always give the same bytes.

    `made_at` is an aware moment; it appears in file names, messages and properties. `batch_no`
    has 1–32 letters, digits and hyphens.

    Raises RuleBroken `batch.number_shape`; `batch.not_ready` with the blocking findings of
    `preflight` in `params["findings"]`.
    """
    if made_at.tzinfo is None:
        raise ValueError("made_at needs a time zone")
    if not re.fullmatch(r"[A-Za-z0-9-]{1,32}", batch_no):
        raise RuleBroken(
            "batch.number_shape",
            N_("A batch number has 1 to 32 letters, digits and hyphens: {batch_no}"),
            batch_no=batch_no,
        )
    blocking = [f for f in preflight(items, profile, payer) if f.level == "blocking"]
    if blocking:
        raise RuleBroken(
            "batch.not_ready",
            N_("{count} faults must be mended before a file is made."),
            count=len(blocking),
            findings=tuple(blocking),
        )
    places = _places(batch_no, items, payer, made_at)
    name = re.sub(r'[\\/:*?"<>|\x00-\x1f]', "", _fill(profile.file_name, places))
    return BatchFile(
        name=name + _ENDINGS[profile.format],
        content=_content(profile, places, items, payer, made_at),
        media_type=_MEDIA_TYPES[profile.format],
        batch_no=batch_no,
        profile_code=profile.code,
    )


def _content(
    profile: Profile,
    places: Mapping[str, str],
    items: Sequence[PayItem],
    payer: Payer,
    made_at: dt.datetime,
) -> bytes:
    if profile.format == "pain.001":
        return pain_001(places["batch_no"], items, payer, made_at.astimezone(SHANGHAI))
    if profile.format == "xlsx":
        return _xlsx(profile, places, items, made_at)
    return _csv(profile, places, items)


def _places(
    batch_no: str, items: Sequence[PayItem], payer: Payer, made_at: dt.datetime
) -> dict[str, str]:
    total_fen = sum(item.amount_fen for item in items)
    moment = made_at.astimezone(SHANGHAI)
    return {
        "batch_no": batch_no,
        "year_month": f"{moment:%Y%m}",
        "day": f"{moment:%Y%m%d}",
        "bank": payer.bank_name,
        "payer": payer.name,
        "payer_account": payer.account,
        "count": str(len(items)),
        "total": f"{yuan_of(total_fen):.2f}",
        "yuan": str(total_fen // 100),
        "jiao": str(total_fen // 10 % 10),
        "fen": str(total_fen % 10),
    }


def _fill(text: str, places: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda match: places[match[1]], text)


def _value(item: PayItem, field: FieldName, sequence: int) -> str:
    if field == "sequence":
        return str(sequence)
    if field == "amount":
        return f"{yuan_of(item.amount_fen):.2f}"
    return str(getattr(item, field))


def _csv(profile: Profile, places: Mapping[str, str], items: Sequence[PayItem]) -> bytes:
    lines = [[_fill(cell, places) for cell in line] for line in profile.preamble]
    lines.append([column.header for column in profile.columns])
    lines += [
        [neutral(_value(item, column.field, number)) for column in profile.columns]
        for number, item in enumerate(items, 1)
    ]
    lines += [[_fill(cell, places) for cell in line] for line in profile.trailer]
    return encode_lines(lines, encoding=profile.encoding, separator=profile.separator)


def _xlsx(
    profile: Profile, places: Mapping[str, str], items: Sequence[PayItem], made_at: dt.datetime
) -> bytes:
    into = io.BytesIO()
    book = safe_workbook(into, made_at)
    sheet = book.add_worksheet(places["batch_no"][:31])
    text = book.add_format({"num_format": "@"})
    bold = book.add_format({"num_format": "@", "bold": True})
    amount = book.add_format({"num_format": "0.00"})
    for index, column in enumerate(profile.columns):
        sheet.set_column(index, index, column.width)
    first = len(profile.preamble)
    for line, cells in enumerate(profile.preamble):
        for index, cell in enumerate(cells):
            sheet.write_string(line, index, _fill(cell, places), text)
    for index, column in enumerate(profile.columns):
        sheet.write_string(first, index, column.header, bold)
    for line, item in enumerate(items, 1):
        for index, column in enumerate(profile.columns):
            if column.field == "amount" and profile.amounts_as == "number":
                sheet.write_number(first + line, index, yuan_of(item.amount_fen), amount)
            else:
                sheet.write_string(first + line, index, _value(item, column.field, line), text)
    for line, cells in enumerate(profile.trailer, first + len(items) + 1):
        for index, cell in enumerate(cells):
            sheet.write_string(line, index, _fill(cell, places), text)
    book.close()
    return into.getvalue()


def manifest(
    file: BatchFile, items: Sequence[PayItem], made_by: str, made_at: dt.datetime
) -> dict[str, Any]:
    """State what a file holds, for the screen beside it and for the archive.

    Amounts in fen and yuan, `sha256` of the content, `items_sha256` of what was to be paid,
    whatever the format: two files over the same items share it.
    """
    total_fen = Fen(sum(item.amount_fen for item in items))
    paid = [[i.item_no, i.account, i.account_name, i.amount_fen] for i in items]
    digest = hashlib.sha256(json.dumps(paid, ensure_ascii=False).encode()).hexdigest()
    return {
        "batch_no": file.batch_no,
        "profile": file.profile_code,
        "file_name": file.name,
        "media_type": file.media_type,
        "size_bytes": len(file.content),
        "sha256": file.sha256,
        "items_sha256": digest,
        "count": len(items),
        "total_fen": total_fen,
        "total_yuan": f"{yuan_of(total_fen):.2f}",
        "made_by": made_by,
        "made_at": made_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
    }
