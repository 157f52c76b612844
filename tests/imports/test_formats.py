"""Reading award lists: headers in two languages, text kept, files that cannot be read."""

from __future__ import annotations

import io
import json

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from grants.imports.candidates import Candidate
from grants.imports.columns import all_fields
from grants.imports.formats import header_mapping, read_candidates
from grants.imports.template import column_title, import_template
from grants.kernel.errors import RuleBroken
from grants.platform.sheets import read_sheet

HEADERS = ("项目编号", "项目名称", "收款单位名称", "金额（元）")


def csv(*lines: str) -> bytes:
    return "\r\n".join([",".join(HEADERS), *lines]).encode()


def xlsx(*lines: tuple[object, ...], merge: str = "") -> bytes:
    into = io.BytesIO()
    with xlsxwriter.Workbook(into) as book:
        sheet = book.add_worksheet()
        for number, line in enumerate([HEADERS, *lines]):
            sheet.write_row(number, 0, line)
        if merge:
            sheet.merge_range(merge, "甲")
    return into.getvalue()


def grant(**changes: object) -> dict[str, object]:
    return {
        "id": "360G-X-1",
        "title": "A grant",
        "currency": "GBP",
        "amountAwarded": 15000,
        "awardDate": "2015-06-10T00:00:00+00:00",
        "recipientOrganization": [{"id": "GB-CHC-1", "name": "A charity"}],
        "fundingOrganization": [{"id": "GB-CHC-2", "name": "A funder"}],
        **changes,
    }


def read_grants(*grants: object) -> list[Candidate]:
    content = json.dumps({"grants": grants}).encode()
    return read_candidates("grants.json", content).candidates


def refusal_of(name: str, content: bytes) -> str:
    with pytest.raises(RuleBroken) as refused:
        read_candidates(name, content)
    return refused.value.code


def test_the_template_maps_to_every_field_by_itself() -> None:
    headers = read_sheet("t.xlsx", import_template()).headers
    assert list(header_mapping(headers)) == all_fields()


def test_english_headers_map_as_well_as_chinese_ones() -> None:
    headers = [column_title(field, "en") for field in all_fields()]
    assert list(header_mapping(headers)) == all_fields()
    assert header_mapping(["Id", "NAME", "Payee", "amount"]).keys() == {
        "external_id",
        "title",
        "payee_name",
        "amount",
    }


def test_the_same_template_is_handed_out_each_time() -> None:
    assert import_template() == import_template()


def test_the_empty_template_holds_no_awards() -> None:
    assert refusal_of("t.xlsx", import_template()) == "import.no_rows"


def test_a_line_knows_its_place_in_the_sheet() -> None:
    found = read_candidates("a.csv", csv("A-1,甲,乙,1", "", "A-2,甲,乙,2")).candidates
    assert [(c.line, c.external_id) for c in found] == [(2, "A-1"), (4, "A-2")]


def test_quotes_and_line_breaks_in_a_cell_are_kept() -> None:
    found = read_candidates("a.csv", csv('A-1,"说""好""\n第二行",乙,1')).candidates
    assert found[0].title == '说"好"\n第二行'


def test_a_column_in_wan_gives_amounts_in_wan() -> None:
    content = "编号,名称,单位名称,金额（万元）\nA,甲,乙,1.5\nB,甲,乙,20000元".encode()
    assert [c.amount for c in read_candidates("a.csv", content).candidates] == ["1.5万", "20000元"]


def test_a_page_may_say_which_column_is_which() -> None:
    content = "甲,乙,丙,丁\nA-1,名,单位,5".encode()
    mapping = {"external_id": "甲", "title": "乙", "payee_name": "丙", "amount": "丁"}
    found = read_candidates("a.csv", content, mapping).candidates
    assert (found[0].external_id, found[0].amount) == ("A-1", "5")


def test_a_mapping_to_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(RuleBroken, match="no_such_header"):
        read_candidates("a.csv", csv("A,甲,乙,1"), {"title": "标"})


def test_unknown_columns_are_named_and_left_aside() -> None:
    reading = read_candidates("a.csv", "编号,名称,单位名称,金额,心情\nA,甲,乙,1,好".encode())
    assert [n.code for n in reading.notes] == ["import.columns_ignored"]
    assert reading.notes[0].params["columns"] == "心情"


def test_a_list_without_amounts_is_refused_by_the_name_of_the_column() -> None:
    assert refusal_of("a.csv", "编号,名称,单位名称\nA,甲,乙".encode()) == "import.column_missing"


def test_a_calculated_formula_is_read_as_its_value() -> None:
    into = io.BytesIO()
    with xlsxwriter.Workbook(into) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADERS)
        sheet.write_row(1, 0, ("A-1", "甲", "乙"))
        sheet.write_formula(1, 3, "=1+1", None, 2)
    assert read_candidates("a.xlsx", into.getvalue()).candidates[0].amount == "2"


def test_cells_merged_over_lines_are_refused() -> None:
    content = xlsx(("A-1", "甲", "乙", 1), ("A-2", "甲", "乙", 2), merge="B2:B3")
    assert refusal_of("a.xlsx", content) == "sheet.merged"


def test_an_award_number_that_lost_digits_is_a_fault_of_its_line() -> None:
    found = read_candidates("a.xlsx", xlsx((6200003205850000011, "甲", "乙", 1))).candidates
    assert [f.code for f in found[0].faults] == ["import.digits_lost"]


def test_a_list_of_countless_columns_is_refused() -> None:
    wide = ",".join([*HEADERS, *map(str, range(200))]).encode()
    assert refusal_of("a.csv", wide + b"\nA,B,C,1") == "import.too_many_columns"


def test_an_empty_file_is_refused() -> None:
    assert refusal_of("a.csv", b"") == "sheet.empty"
    assert refusal_of("a.json", b"") == "import.json_broken"


def test_fifty_thousand_lines_are_read_and_one_more_is_refused() -> None:
    lines = [f"A-{n},甲,乙,1" for n in range(50_001)]
    assert len(read_candidates("a.csv", csv(*lines[:-1])).candidates) == 50_000
    assert refusal_of("a.csv", csv(*lines)) == "sheet.too_many_rows"


def test_a_grant_is_read_by_its_place_in_the_list() -> None:
    found = read_grants(grant(), grant(id="360G-X-2"))
    assert [(c.line, c.external_id, c.funder_id) for c in found] == [
        (1, "360G-X-1", "GB-CHC-2"),
        (2, "360G-X-2", "GB-CHC-2"),
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("17759.96", "17759.96"),
        ("35907.80", "35907.80"),
        ("0.1", "0.1"),
        ("17759.960000000001", "17759.960000000001"),
        ("1.5E4", "15000"),
        ("1e999999999999", "1E999999999999".lower()),
    ],
)
def test_an_amount_in_json_keeps_every_digit(written: str, read: str) -> None:
    content = b'[{"id": "1", "amountAwarded": ' + written.encode() + b"}]"
    assert read_candidates("g.json", content).candidates[0].amount == read


def test_a_missing_description_is_no_fault() -> None:
    found = read_grants(grant(description=None))
    assert (found[0].purpose, found[0].faults) == ("", ())


def test_a_grant_of_the_wrong_shape_is_a_fault_of_its_line_only() -> None:
    found = read_grants(
        "no grant", grant(amountAwarded={}), grant(recipientOrganization="x"), grant()
    )
    assert [bool(c.faults) for c in found] == [True, True, True, False]


def test_a_grant_to_two_payees_is_a_fault() -> None:
    two = [{"id": "A", "name": "a"}, {"id": "B", "name": "b"}]
    assert read_grants(grant(recipientOrganization=two))[0].faults[0].code == "import.many_payees"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"grants": [{"id": "1"', "import.json_broken"),
        (b'{"grants": [{"amountAwarded": NaN}]}', "import.not_a_number"),
        (b'{"grants": [{"amountAwarded": -Infinity}]}', "import.not_a_number"),
        (b"[" * 200_000 + b"]" * 200_000, "import.json_too_deep"),
        (b'{"grants": 5}', "import.no_grants"),
        (b'{"others": []}', "import.no_grants"),
        (b"5", "import.no_grants"),
        (b'{"grants": []}', "import.no_rows"),
        (b'["\xff"]', "import.undecodable"),
        (b'[{"id": "1"}] trailing', "import.json_broken"),
    ],
)
def test_json_that_holds_no_grants_is_refused_with_its_reason(content: bytes, code: str) -> None:
    assert refusal_of("grants.json", content) == code


def test_json_is_recognised_under_another_name() -> None:
    content = json.dumps({"grants": [grant()]}).encode()
    assert read_candidates("grants.txt", content).candidates == read_grants(grant())
