"""Attachments: what may be kept, how it is kept, and how it goes out."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator

import pytest

from grants.kernel.errors import NotFound, RuleBroken
from grants.kernel.identity import SYSTEM, Actor
from grants.platform import db, files
from grants.platform.audit import Case, timeline
from grants.settings import settings

PDF = b"%PDF-1.7\n% a paper\n%%EOF\n"
CASE = Case("test-case", 7)


def package(*parts: str) -> bytes:
    """A zip package with these parts."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as made:
        for part in parts:
            made.writestr(part, "<x/>")
    return into.getvalue()


@pytest.fixture
def seen_by_all() -> Iterator[None]:
    """Everybody sees the attachments of the tests' cases."""

    async def everybody(actor: Actor, case_id: int) -> bool:
        return True

    files.SCOPES[CASE.kind] = everybody
    yield
    del files.SCOPES[CASE.kind]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", PDF),
        ("a.PDF", PDF),
        ("a.jpeg", b"\xff\xd8\xff\xe0\x00"),
        ("a.png", b"\x89PNG\r\n\x1a\n\x00"),
        ("a.ofd", package("OFD.xml", "Doc_0/Document.xml")),
        ("a.docx", package("[Content_Types].xml", "word/document.xml")),
        ("a.xlsx", package("[Content_Types].xml", "xl/workbook.xml")),
    ],
)
def test_what_is_on_the_list_is_accepted(name: str, content: bytes) -> None:
    assert files.check(name, content) in files.MEDIA_TYPES


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"", "file.empty"),
        ("a.csv", b"a,b\n1,2\n", "file.kind"),
        ("a.txt", b"hello", "file.kind"),
        ("a.html", b"<script>alert(1)</script>", "file.kind"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "file.kind"),
        ("a.exe", b"MZ\x90\x00", "file.kind"),
        ("a.zip", package("anything.txt"), "file.kind"),
        ("a.docx", b"PK\x03\x04 no directory", "file.kind"),
        ("a.docx", package("word/document.xml", "word/vbaProject.bin"), "file.kind"),
        ("a.pdf", b"\x89PNG\r\n\x1a\n\x00", "file.other_kind"),
        ("a.exe", PDF, "file.other_kind"),
        ("pdf", b"\xff\xd8\xff\xe0", "file.other_kind"),
        ("a.pdf", PDF + b"0" * files.MAX_BYTES, "file.too_large"),
    ],
)
def test_what_is_not_on_the_list_is_refused(name: str, content: bytes, code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        files.check(name, content)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("验收书.PDF", "验收书.pdf"),
        ("C:\\tmp\\验收书?.pdf", "验收书_.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("a\x00b\r\nSet-Cookie: x=1.pdf", "abSet-Cookie_ x=1.pdf"),
        ("invoice\u202efdp.exe.pdf", "invoicefdp.exe.pdf"),
        ('"; filename=evil.html.pdf', "__ filename=evil.html.pdf"),
        ("   .pdf", "attachment.pdf"),
        ("长" * 500 + ".pdf", "长" * 120 + ".pdf"),
    ],
)
def test_file_names_are_made_harmless(given: str, kept: str) -> None:
    assert files.plain_file_name(given, "pdf") == kept


async def test_a_file_comes_back_as_it_was_given(empty: None) -> None:
    attachment_id = await files.attach(SYSTEM, CASE, "验收书.pdf", PDF, "evidence")
    assert await files.open_attachment(CASE, attachment_id) == PDF
    [listed] = await files.list_attachments(CASE)
    assert (listed.name, listed.size_bytes, listed.purpose) == ("验收书.pdf", len(PDF), "evidence")
    assert [e.verb for e in await timeline(CASE)] == ["attach"]


async def test_the_same_content_is_kept_once_per_case(empty: None) -> None:
    first = await files.attach(SYSTEM, CASE, "a.pdf", PDF, "evidence")
    again = await files.attach(SYSTEM, CASE, "b.pdf", PDF, "evidence")
    other = await files.attach(SYSTEM, Case(CASE.kind, 8), "a.pdf", PDF, "evidence")
    assert first == again != other
    assert len(await files.list_attachments(CASE)) == 1
    assert len(await timeline(CASE)) == 1


async def test_nothing_half_written_is_left_beside_the_files(empty: None) -> None:
    await files.attach(SYSTEM, CASE, "a.pdf", PDF, "evidence")
    names = {p.name for p in settings.files_dir.iterdir()}
    assert hashlib.sha256(PDF).hexdigest() in names
    assert not [n for n in names if n.startswith(".")]


@pytest.mark.parametrize("damage", ["changed", "gone"])
async def test_a_damaged_file_is_not_shown(empty: None, damage: str) -> None:
    attachment_id = await files.attach(SYSTEM, CASE, "a.pdf", PDF, "evidence")
    path = settings.files_dir / hashlib.sha256(PDF).hexdigest()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(PDF + b"!")
    with pytest.raises(RuleBroken) as refused:
        await files.open_attachment(CASE, attachment_id)
    assert refused.value.code == "file.damaged"


async def test_an_attachment_opens_only_within_its_case(empty: None) -> None:
    attachment_id = await files.attach(SYSTEM, CASE, "a.pdf", PDF, "evidence")
    with pytest.raises(NotFound):
        await files.open_attachment(Case(CASE.kind, 8), attachment_id)


async def test_a_case_kind_without_scope_shows_nothing(empty: None) -> None:
    attachment_id = await files.attach(SYSTEM, CASE, "a.pdf", PDF, "evidence")
    with pytest.raises(NotFound):
        await files.attachment_of(SYSTEM, attachment_id)


async def test_files_go_out_as_sandboxed_downloads(empty: None, seen_by_all: None) -> None:
    attachment_id = await files.attach(SYSTEM, CASE, "验收 书.pdf", PDF, "evidence")
    answer = files.download(await files.attachment_of(SYSTEM, attachment_id), PDF)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    said = answer.headers["Content-Disposition"]
    assert said.startswith("attachment;") and said.isascii()
    assert "filename*=UTF-8''%E9%AA%8C%E6%94%B6%20%E4%B9%A6.pdf" in said


async def test_what_the_scanner_finds_is_not_kept(empty: None) -> None:
    async def scanner(content: bytes) -> str | None:
        return "Eicar-Test" if b"EICAR" in content else None

    files.scan_with(scanner)
    try:
        await files.attach(SYSTEM, CASE, "a.pdf", PDF, "evidence")
        with pytest.raises(RuleBroken) as refused:
            await files.attach(SYSTEM, CASE, "b.pdf", PDF + b"EICAR", "evidence")
    finally:
        files.scan_with(None)
    assert refused.value.code == "file.virus"
    assert await db.value("SELECT count(*) FROM attachment") == 1


async def test_the_database_refuses_a_file_that_is_too_large(empty: None) -> None:
    with pytest.raises(RuleBroken) as refused:
        async with db.unit_of_work(SYSTEM):
            await db.execute(
                "INSERT INTO attachment (case_kind, case_id, purpose, name, media_type, "
                "size_bytes, sha256, user_id, uploaded_at) "
                "VALUES ('test-case', 1, '', 'a', 'b', 20971521, 'c', 1, now())"
            )
    assert refused.value.params["constraint"] == "attachment_size"
