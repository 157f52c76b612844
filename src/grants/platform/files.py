"""Attachments: papers that belong to a case, kept under the SHA-256 of their content.

A file is known by its first bytes and its parts, never by its name alone; what is not on the
list is refused. Files go out as downloads only, in a sandbox, never as pages of ours.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import logging
import os
import re
import secrets
import unicodedata
import zipfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.datastructures import UploadFile

from grants.kernel import calendar
from grants.kernel.errors import N_, NotFound, RuleBroken
from grants.kernel.identity import Actor
from grants.platform import audit, db
from grants.platform.audit import Case
from grants.settings import settings

log = logging.getLogger("grants.files")

#: GB/T 22239 practice [K]; the table holds the same bound.
MAX_BYTES = 20 * 1024 * 1024

#: What may be attached: the ending of its name, and how it is served.
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "ofd": "application/ofd",
    "jpg": "image/jpeg",
    "png": "image/png",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
ACCEPT = ",".join(f".{ending}" for ending in MEDIA_TYPES)

_FIRST_BYTES = {b"%PDF-": "pdf", b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png"}
#: The part that makes a package what it is.
_PARTS = {"OFD.xml": "ofd", "word/document.xml": "docx", "xl/workbook.xml": "xlsx"}
_MAX_PARTS = 10_000
_MAX_NAME_CHARS = 120

#: Who sees the attachments of a kind of case: `SCOPES["payment"] = async (actor, case_id) -> bool`.
#: The feature that owns the kind registers it; a kind that nobody registered is seen by nobody.
Scope = Callable[[Actor, int], Awaitable[bool]]
SCOPES: dict[str, Scope] = {}

#: Looks at the content before it is kept and answers the name of what it found, or None.
Scanner = Callable[[bytes], Awaitable[str | None]]
_scanners: list[Scanner] = []


def scan_with(scanner: Scanner | None) -> None:
    """Have every new file looked at by a virus scanner; None takes it away (the default).

    The office installs its own: an async function that hands the bytes to the scanner (clamd's
    INSTREAM, an ICAP service) and answers the name of what it found, or None. If it fails, the
    upload fails: nothing is kept unscanned.
    """
    _scanners[:] = [scanner] if scanner else []


@dataclass(frozen=True)
class Attachment:
    """A file that belongs to a case."""

    id: int
    case: Case
    purpose: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    uploaded_at: datetime
    who: str

    @property
    def href(self) -> str:
        """Where it is downloaded."""
        return f"/attachments/{self.id}"

    @property
    def note(self) -> str:
        """Size and who brought it, for lists: "1.2 MB · 张一"."""
        size_mb = self.size_bytes / 1024 / 1024
        size = f"{size_mb:.1f} MB" if size_mb >= 1 else f"{-(-self.size_bytes // 1024)} KB"
        return f"{size} · {self.who}"


def kind_of_content(content: bytes) -> str | None:
    """The ending that fits the content ("pdf"), or None for what may not be attached.

    Packages are told apart by their parts; those with macros are nothing.
    Example: kind_of_content(b"%PDF-1.7 …") is "pdf".
    """
    for first, ending in _FIRST_BYTES.items():
        if content.startswith(first):
            return ending
    if not content.startswith(b"PK\x03\x04"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    if len(parts) > _MAX_PARTS or any(p.lower().endswith("vbaproject.bin") for p in parts):
        return None
    return next((ending for part, ending in _PARTS.items() if part in parts), None)


def plain_file_name(name: str, ending: str) -> str:
    """`name` without folders, control and direction marks and what file systems refuse.

    Example: plain_file_name("C:\\\\tmp\\\\验收书?.PDF", "pdf") is "验收书_.pdf".
    """
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    kept = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Zl"))
    stem = re.sub(r'[:*?"<>|%;]', "_", kept).rpartition(".")[0] if "." in kept else kept
    stem = " ".join(stem.split()).strip(" .")[:_MAX_NAME_CHARS]
    return f"{stem or 'attachment'}.{ending}"


async def uploaded(form: Mapping[str, Any], field: str = "file") -> tuple[str, bytes]:
    """Name and content of a form's file; both empty where none was chosen."""
    upload = form.get(field)
    if not isinstance(upload, UploadFile) or not upload.filename:
        return "", b""
    return upload.filename, await upload.read()


def check(name: str, content: bytes) -> str:
    """The kind of a file that may be attached.

    Raises RuleBroken `file.empty`, `file.too_large`, `file.kind` (not on the list) and
    `file.other_kind` (named as one thing, but another).
    """
    if not content:
        raise RuleBroken("file.empty", N_("The file is empty."))
    if len(content) > MAX_BYTES:
        raise RuleBroken(
            "file.too_large",
            N_("The file is larger than {size_mb} MB."),
            size_mb=MAX_BYTES // 1024 // 1024,
        )
    ending = kind_of_content(content)
    if ending is None:
        raise RuleBroken(
            "file.kind",
            N_("This kind of file is not accepted. Use PDF, OFD, JPG, PNG, DOCX or XLSX."),
        )
    named = name.rpartition(".")[2].strip().lower()
    if {"jpeg": "jpg", "jpe": "jpg"}.get(named, named) != ending:
        raise RuleBroken(
            "file.other_kind",
            N_("The name says “{named}”, but the content is {ending}. Save it again and retry."),
            named=f".{named}"[:12],
            ending=ending.upper(),
        )
    return ending


async def attach(actor: Actor, case: Case, name: str, content: bytes, purpose: str) -> int:
    """Keep a file for a case; answers its id. The same content is kept once per case.

    The content lies on disk before the row is written, so every row has its file. Raises
    RuleBroken of `check`, and `file.virus` when the scanner finds something.
    """
    ending = check(name, content)
    for scan in _scanners:
        found = await scan(content)
        if found:
            log.warning("virus found", extra={"virus": found, "user_id": actor.user_id})
            raise RuleBroken(
                "file.virus", N_("The virus scanner refused this file: {virus}"), virus=found[:80]
            )
    digest = await asyncio.to_thread(_store, settings.files_dir, content)
    kept_name = plain_file_name(name, ending)
    async with db.unit_of_work(actor):
        new = await db.value(
            """
            INSERT INTO attachment (case_kind, case_id, purpose, name, media_type, size_bytes,
                                    sha256, user_id, uploaded_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT ON CONSTRAINT attachment_once DO NOTHING RETURNING id
            """,
            case.kind,
            case.id,
            purpose,
            kept_name,
            MEDIA_TYPES[ending],
            len(content),
            digest,
            actor.user_id,
            calendar.now(),
        )
        if new is not None:
            facts = {"name": kept_name, "sha256": digest, "purpose": purpose}
            await audit.record(actor, case, "attach", facts=facts)
            return int(new)
        return int(
            await db.value(
                "SELECT id FROM attachment WHERE case_kind = $1 AND case_id = $2 AND sha256 = $3",
                case.kind,
                case.id,
                digest,
            )
        )


async def detach(actor: Actor, case: Case, attachment_id: int) -> None:
    """Take a file off a case: the row goes, its history and its content stay.

    Raises NotFound.
    """
    async with db.unit_of_work(actor):
        gone = await db.row(
            "DELETE FROM attachment WHERE id = $1 AND case_kind = $2 AND case_id = $3 "
            "RETURNING name, sha256",
            attachment_id,
            case.kind,
            case.id,
        )
        if gone is None:
            raise NotFound()
        await audit.record(actor, case, "detach", facts=dict(gone))


_ATTACHMENT = """
SELECT a.id, a.case_kind, a.case_id, a.purpose, a.name, a.media_type, a.size_bytes, a.sha256,
       a.uploaded_at, p.name AS who
FROM attachment a JOIN app_user u ON u.id = a.user_id JOIN person p ON p.id = u.person
"""


def _attachment(found: db.Row) -> Attachment:
    given = dict(found)
    return Attachment(case=Case(given.pop("case_kind"), given.pop("case_id")), **given)


async def list_attachments(case: Case) -> list[Attachment]:
    """The files of a case, oldest first."""
    found = await db.rows(
        _ATTACHMENT + "WHERE a.case_kind = $1 AND a.case_id = $2 ORDER BY a.id", case.kind, case.id
    )
    return [_attachment(r) for r in found]


async def attachment_of(actor: Actor, attachment_id: int) -> Attachment:
    """One attachment, if its case is in the actor's scope; raises NotFound."""
    found = await db.row(_ATTACHMENT + "WHERE a.id = $1 ORDER BY a.id", attachment_id)
    if found is None:
        raise NotFound()
    attachment = _attachment(found)
    scope = SCOPES.get(attachment.case.kind)
    if scope is None or not await scope(actor, attachment.case.id):
        raise NotFound()
    return attachment


async def open_attachment(case: Case, attachment_id: int) -> bytes:
    """The content of a case's attachment, checked against its SHA-256.

    Raises NotFound, and RuleBroken `file.damaged` when the content on disk is gone or is not
    what was uploaded.
    """
    digest = await db.value(
        "SELECT sha256 FROM attachment WHERE id = $1 AND case_kind = $2 AND case_id = $3",
        attachment_id,
        case.kind,
        case.id,
    )
    if digest is None:
        raise NotFound()
    content = await asyncio.to_thread(_read, settings.files_dir / digest)
    if content is None or hashlib.sha256(content).hexdigest() != digest:
        log.error("attachment damaged", extra={"attachment_id": attachment_id, "sha256": digest})
        raise RuleBroken(
            "file.damaged",
            N_("The stored file is not the one that was uploaded, so it is not shown."),
        )
    return content


def download(attachment: Attachment, content: bytes) -> Response[bytes]:
    """The file as a download that no browser opens as a page of ours."""
    ending = attachment.name.rpartition(".")[2]
    plain, full = f"attachment-{attachment.id}.{ending}", quote(attachment.name, safe="")
    return Response(
        content,
        media_type=attachment.media_type,
        headers={
            "Content-Disposition": f"attachment; filename={plain}; filename*=UTF-8''{full}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "no-store",
        },
    )


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _store(folder: Path, content: bytes) -> str:
    """Write `content` under its SHA-256, whole and on disk, or not at all.

    A file that lies there already is written again: it may have been damaged since.
    """
    digest = hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    coming = folder / f".coming-{secrets.token_hex(8)}"
    try:
        handle = os.open(coming, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        coming.replace(folder / digest)
    finally:
        coming.unlink(missing_ok=True)
    above = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(above)
    finally:
        os.close(above)
    return digest
