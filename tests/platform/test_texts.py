"""Texts: places, plurals, Markup, and the check of the catalogues."""

from pathlib import Path

import pytest
from markupsafe import Markup

from grants.kernel.errors import Conflict
from grants.platform.texts import Catalogue, missing_messages, refusal_text, texts, translate

ZH = Catalogue(
    "zh",
    {
        "Paid {amount} of {total}": "共 {total}，已付 {amount}",
        "{count} payment": "{count} 笔",
        "The state is “{state}”.": "状态为“{state}”。",
        "Approved": "已批准",
    },
)
EN = Catalogue("en", {})

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def test_places_are_filled_in_the_order_of_the_language() -> None:
    assert ZH.text("Paid {amount} of {total}", amount="1.00", total="2.00") == "共 2.00，已付 1.00"
    assert EN.text("Paid {amount} of {total}", amount="1.00", total="2.00") == "Paid 1.00 of 2.00"


def test_unknown_message_stands_as_it_is() -> None:
    assert ZH.text("Nobody translated this") == "Nobody translated this"


@pytest.mark.parametrize(
    ("count", "said"), [(1, "1 payment"), (0, "0 payments"), (2, "2 payments")]
)
def test_english_tells_one_from_many(count: int, said: str) -> None:
    assert EN.counted("{count} payment", "{count} payments", count) == said


def test_chinese_has_one_form_for_every_count() -> None:
    assert ZH.counted("{count} payment", "{count} payments", 1) == "1 笔"
    assert ZH.counted("{count} payment", "{count} payments", 3) == "3 笔"


def test_a_parameter_that_is_a_message_is_translated_too() -> None:
    assert ZH.text("The state is “{state}”.", state="Approved") == "状态为“已批准”。"


def test_markup_parameter_passes_and_everything_else_is_escaped() -> None:
    said = EN.text("{link} & {name}", link=Markup("<a>x</a>"), name="<b>")
    assert said == "<a>x</a> &amp; &lt;b&gt;"
    assert isinstance(said, Markup)


def test_without_markup_the_answer_is_plain_text() -> None:
    assert not isinstance(EN.text("{name}", name="<b>"), Markup)


def test_braces_in_a_parameter_are_only_text() -> None:
    assert EN.text("{name}", name="{other}") == "{other}"


def test_unknown_language_is_chinese() -> None:
    assert texts("fr") is texts("zh")


def test_refusal_is_said_in_the_language() -> None:
    refusal = Conflict("x", "{count} of {total}", count=1, total=2)
    assert refusal_text("en", refusal) == "1 of 2"
    assert translate("en", "Plain") == "Plain"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one template, one module and one catalogue, all in order."""
    (tmp_path / "templates" / "_layout").mkdir(parents=True)
    (tmp_path / "src" / "grants" / "locale" / "zh_CN").mkdir(parents=True)
    (tmp_path / "templates" / "_layout" / "page.html").write_text('{{ _("Menu") }}')
    (tmp_path / "src" / "grants" / "rules.py").write_text('N_("{left} remain")\n')
    _write(tmp_path, ("Menu", "菜单"), ("{left} remain", "剩余 {left}"))
    return tmp_path


def _write(project: Path, *pairs: tuple[str, str]) -> None:
    lines = "".join(f'msgid "{one}"\nmsgstr "{other}"\n\n' for one, other in pairs)
    (project / "src/grants/locale/zh_CN/layout.po").write_text(HEAD + lines)


def test_complete_catalogue_has_nothing_missing(project: Path) -> None:
    assert missing_messages(project) == []


def test_message_without_chinese_is_reported_with_its_place(project: Path) -> None:
    _write(project, ("{left} remain", "剩余 {left}"))
    assert missing_messages(project) == ["templates/_layout/page.html:1: no Chinese for 'Menu'"]


def test_chinese_that_nothing_uses_is_reported(project: Path) -> None:
    _write(project, ("Menu", "菜单"), ("{left} remain", "剩余 {left}"), ("Old", "旧"))
    assert missing_messages(project) == ["layout.po: nothing uses 'Old'"]


def test_places_that_differ_are_reported(project: Path) -> None:
    _write(project, ("Menu", "菜单"), ("{left} remain", "剩余 {rest}"))
    assert missing_messages(project) == [
        "layout.po: the places of '{left} remain' differ: left, rest"
    ]


def test_two_chinese_texts_for_one_message_are_reported(project: Path) -> None:
    other = project / "src/grants/locale/zh_CN/other.po"
    other.write_text(f'{HEAD}msgid "Menu"\nmsgstr "目录"\n')
    assert missing_messages(project) == [
        "other.po: two Chinese texts for 'Menu': '菜单' (layout.po) and '目录'"
    ]


def test_places_of_a_plural_are_those_of_both_forms(project: Path) -> None:
    (project / "src/grants/rules.py").write_text('ngettext("One left", "{count} left", n)\n')
    _write(project, ("Menu", "菜单"), ("One left", "剩 {count} 个"))
    assert missing_messages(project) == []


def test_broken_template_stops_the_check(project: Path) -> None:
    (project / "templates" / "_layout" / "page.html").write_text("{% if %}")
    with pytest.raises(Exception, match="Expected an expression"):
        missing_messages(project)


def test_texts_of_the_frame_have_chinese() -> None:
    assert texts("zh").text("Skip to the content") == "跳到正文"
