"""Paper: what a document shows, what it may not load, and a press that survives it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from grants.platform import fonts
from grants.platform.fonts import FACES, FontCache, charset, full_faces
from grants.platform.pages import render
from grants.platform.pdf import PressError, PressTimeout, Printed, print_document, render_pdf
from grants.platform.press import Press
from tests.platform.paper import ROLES, approval_form, batch_manifest, inside, opinion

NAMES = (
    "城厢镇 沙溪镇 浏河镇 浮桥镇 璜泾镇 双凤镇 娄东街道 陆渡街道 科教新城 港区 高新区 "
    "中区 东区 府东 县府 南园 桃园 弇山 梅园 康乐 西区 德兴 西郊 伟阳 太丰 新毛 电站村 "
    "东林村 万丰村 永丰村 胜泾村 新农村 群星 太安 利民 南郊 东市 新北 中荷村 泥桥村 "
    "松南村 涂松村 半泾村 香塘村 虹桥村 岳星村 庄西村 新湖村 新卫村 黄桥村 浮桥村 永乐村 "
    "东方社区 惠阳 东郊 太平 洋沙 朝阳 香花桥 太东 太胜 滨河 娄江 洙泾村 横沥村 红庙村 "
)
SONG = [face for face in FACES if face.family == "Grants Song" and not face.bold]


@pytest.fixture(scope="module")
def cut_fonts(tmp_path_factory: pytest.TempPathFactory) -> FontCache:
    """A cache in which the face of forms has been cut."""
    cache = FontCache(tmp_path_factory.mktemp("fonts"))
    cache.cut_missing(SONG)
    return cache


@pytest.fixture(scope="module")
def press(cut_fonts: FontCache) -> Iterator[Press]:
    """One child that prints with the cut face."""
    press = Press(1, {"FONTCONFIG_FILE": str(cut_fonts.write_config())})
    yield press
    press.close()


def sheet(body: str) -> str:
    """A page with this body."""
    return f'<!doctype html><html lang="zh-CN"><head><title>题</title></head><body>{body}</body>'


async def test_approval_form_is_one_page(press: Press) -> None:
    html = render("pdf/approval.html", "zh", form=approval_form())
    printed = await print_document(press, html, "form", one_page=True)
    assert (printed.pages, printed.lacking) == (1, "")


async def test_long_opinions_shrink_the_form_and_keep_it_on_one_page(press: Press) -> None:
    opinions = [opinion(role, signed=True, text="同意拨付。" * 60) for role in ROLES]
    form = approval_form(opinions=opinions, completion="完成情况良好。" * 60)
    html = render("pdf/approval.html", "zh", form=form)
    assert (await print_document(press, html, "form")).pages > 1
    assert (await print_document(press, html, "form", one_page=True)).pages == 1


async def test_english_form_is_one_page_and_says_it_in_english(press: Press) -> None:
    html = render("pdf/approval.html", "en", form=approval_form())
    assert "Payment approval form" in html and "审批表" not in html
    assert "人民币壹拾万元整" in html
    assert (await print_document(press, html, "form", one_page=True)).pages == 1


def test_form_leaves_room_for_those_who_have_not_signed() -> None:
    html = render("pdf/approval.html", "zh", form=approval_form())
    assert html.count('class="blank"') == 2 * 2
    assert html.count("2026年11月19日 15:40") == 4 + 1


def test_overdue_form_says_by_how_many_days() -> None:
    html = render("pdf/approval.html", "zh", form=approval_form(days_left=-4))
    assert "已逾期 4 天" in html


async def test_manifest_runs_over_many_pages(press: Press) -> None:
    html = render("pdf/batch_manifest.html", "zh", batch=batch_manifest(60))
    printed = await print_document(press, html, "form")
    assert printed.pages > 2
    assert "227,905.80" in html and "合计 60 笔" in html


async def test_what_fits_no_page_is_refused(press: Press) -> None:
    with pytest.raises(PressError, match="does not fit one page"):
        await print_document(press, sheet("<p>长" * 400), "form", one_page=True)


async def test_official_page_holds_22_lines_of_28_characters(press: Press) -> None:
    async def pages(count: int) -> int:
        body = f'<p class="flush">{"国" * count}</p>'
        return (await print_document(press, sheet(body), "official")).pages

    assert [await pages(22 * 28), await pages(22 * 28 + 1)] == [1, 2]


async def test_document_is_tagged_and_tells_language_and_title(press: Press) -> None:
    printed = await print_document(press, sheet("<h1>表</h1>"), "form", "拨付审批表")
    found = inside(printed.pdf)
    assert b"pdfuaid" in found and b"/Lang (zh-CN)" in found
    assert "拨付审批表".encode("utf-16-be").hex().encode() in found.lower()
    assert b"/StructTreeRoot" in found


def test_cut_face_holds_gb_2312_and_every_place_name() -> None:
    chinese = sum("\u4e00" <= character <= "\u9fff" for character in charset())
    assert chinese >= 6_763
    assert set(NAMES) <= charset()
    assert "龘" not in charset()


async def test_every_place_name_prints(press: Press) -> None:
    assert (await print_document(press, sheet(NAMES), "form")).lacking == ""


async def test_rare_characters_come_from_the_full_face(press: Press) -> None:
    printed = await print_document(press, sheet("示例·𠮷龘"), "form")
    assert printed.lacking == ""
    used = inside(printed.pdf)
    assert b"Grants-Song" in used and b"Noto-Serif-CJK-SC" in used


async def test_character_that_no_font_has_is_reported(press: Press) -> None:
    assert (await print_document(press, sheet("甲\U000f0000"), "form")).lacking == "\U000f0000"


async def test_missing_character_is_logged(
    press: Press, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("grants.platform.pdf.house_press", lambda: press)
    assert (await render_pdf(sheet("甲\U000f0000"))).startswith(b"%PDF-1.7")
    assert "No font has the characters" in caplog.text


async def test_page_cannot_pull_in_a_file_of_the_server(press: Press, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET-0417")
    html = sheet(f'<a rel="attachment" href="{secret.as_uri()}">x</a>').replace(
        "<title>",
        f'<link rel="attachment" href="{secret.as_uri()}"><link rel="stylesheet" '
        f'href="{secret.as_uri()}"><title>',
    )
    assert b"SECRET-0417" not in inside((await print_document(press, html, "form")).pdf)


async def test_page_cannot_call_an_address_of_the_network(press: Press) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        body = f'<img src="{url}a.png" alt="x"><p style="background: url({url}b.png)">x</p>'
        await print_document(press, sheet(body), "form", base_url=url)
        with pytest.raises(BlockingIOError):
            listener.accept()


async def test_job_that_hangs_is_killed_and_the_next_one_prints() -> None:
    press = Press(1)
    try:
        await print_document(press, sheet("一"), "form")
        (hanging,) = press.processes
        with pytest.raises(PressTimeout):
            endless = sheet("<table>" + "<tr><td>长" * 20_000)
            await print_document(press, endless, "form", timeout_seconds=0.3)
        with pytest.raises(ProcessLookupError):
            os.kill(hanging, 0)
        assert (await print_document(press, sheet("二"), "form")).pages == 1
    finally:
        press.close()


async def test_killed_child_is_replaced() -> None:
    press = Press(1)
    try:
        await print_document(press, sheet("一"), "form")
        os.kill(press.processes[0], signal.SIGKILL)
        results = await asyncio.gather(
            *(print_document(press, sheet("二"), "form") for _ in range(2)),
            return_exceptions=True,
        )
        assert isinstance(results[1], Printed)
        assert all(isinstance(result, Printed | PressError) for result in results)
    finally:
        press.close()


async def test_closed_press_leaves_no_process() -> None:
    press = Press(1)
    await print_document(press, sheet("一"), "form")
    (child,) = press.processes
    press.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_worker_forked_from_a_process_that_drew_draws_as_well(tmp_path: Path) -> None:
    program = (
        "import asyncio, os, sys, time\n"
        "from grants.platform.charts import chart_svg\n"
        "def draw(title): return asyncio.run(chart_svg({'series': []}, 90, 60, title))\n"
        "draw('one')\n"
        "if not (child := os.fork()):\n"
        "    os._exit(0 if '<svg' in draw('two') else 1)\n"
        "until = time.monotonic() + 20\n"
        "while time.monotonic() < until and not (ended := os.waitpid(child, os.WNOHANG))[0]:\n"
        "    time.sleep(0.02)\n"
        "if not ended[0]: os.kill(child, 9)\n"
        "from grants.platform.press import close_house_press\n"
        "close_house_press()\n"
        "sys.exit(0 if ended == (child, 0) else 1)"
    )
    environ = {**os.environ, "GRANTS_DATA": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], check=True, env=environ, timeout=60)


def test_web_workers_load_neither_weasyprint_nor_v8() -> None:
    program = (
        "import sys, grants.platform.pdf, grants.platform.charts\n"
        "assert not {'weasyprint', 'py_mini_racer', 'fontTools'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_two_processes_cut_each_face_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut: list[str] = []

    def slow_cut(face: fonts.Face, path: Path) -> bytes:
        cut.append(face.file_name)
        return b"face"

    monkeypatch.setattr(fonts, "_cut", slow_cut)
    threads = [threading.Thread(target=FontCache(tmp_path).cut_missing) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(cut) == sorted(face.file_name for face in full_faces())
    assert FontCache(tmp_path).missing() == []


def test_missing_typefaces_are_told_with_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fonts, "FONT_FOLDERS", (tmp_path,))
    full_faces.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            assert full_faces() == {}
    finally:
        full_faces.cache_clear()
    assert "fonts-noto-cjk" in caplog.text
