"""Answers of the bank: read whole or refused with every reason."""

import dataclasses
import datetime as dt
import io
import random
from collections.abc import Callable, Sequence
from typing import Any
from xml.sax.saxutils import escape

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from grants.banking.bank_profiles import PROFILES, Payer, PayItem, Profile, export_batch
from grants.banking.bank_results import (
    RETURN_CODES,
    BadResultFile,
    ResultFile,
    parse_results,
    result_key,
    result_keys,
)
from grants.banking.pain_002 import read_xml
from grants.banking.result_lines import read_day
from grants.banking.return_codes import return_code_of
from grants.kernel.errors import RuleBroken
from grants.kernel.money import Fen
from grants.platform.sheet_output import neutral
from grants.platform.sheets import read_sheet

HEADER = "明细编号,账号,户名,金额,状态,失败原因,银行流水号,入账日期"
PAID = "P1,6200003205850000011,张三,100.00,成功,,T001,2026-06-11"
RETURNED = "P2,0012345678901234,李四,200.50,失败,收款人户名不符,,"
PENDING = "P3,6200003205850000029,王五,300,处理中,,,"


def text(*lines: str, encoding: str = "gb18030") -> bytes:
    return "\r\n".join(lines).encode(encoding)


def xlsx(*lines: Sequence[Any], fill: Callable[[Any, Any], None] | None = None) -> bytes:
    into = io.BytesIO()
    with xlsxwriter.Workbook(into, {"strings_to_numbers": False}) as book:
        sheet = book.add_worksheet()
        for line, cells in enumerate(lines):
            sheet.write_row(line, 0, cells)
        if fill:
            fill(book, sheet)
    return into.getvalue()


def problems(content: bytes, name: str = "r.csv") -> list[tuple[int | None, str]]:
    with pytest.raises(BadResultFile) as refused:
        parse_results(name, content)
    for problem in refused.value.problems:
        assert problem.message_id.format(**problem.params)
    assert str(refused.value)
    return [(problem.line_number, problem.code) for problem in refused.value.problems]


def one(*lines: str) -> Any:
    return parse_results("r.csv", text(*lines)).lines[0]


# lists


def test_list_gives_its_lines_with_outcome_code_and_reference() -> None:
    file = parse_results("回盘.csv", text(HEADER, PAID, RETURNED, PENDING))
    paid, returned, pending = file.lines
    assert (paid.item_no, paid.account, paid.account_name) == ("P1", "6200003205850000011", "张三")
    assert (paid.amount_fen, paid.outcome, paid.return_code) == (10_000, "PAID", None)
    assert (paid.bank_reference, paid.booked_on) == ("T001", dt.date(2026, 6, 11))
    assert (returned.outcome, returned.return_code, returned.amount_fen) == (
        "RETURNED",
        "R01",
        20_050,
    )
    assert returned.account == "0012345678901234"
    assert (pending.outcome, pending.line_number) == ("UNKNOWN", 4)
    assert (file.format, file.batch_no, file.declared_count) == ("csv", None, None)


def test_list_may_begin_after_a_preamble_and_end_with_its_sums() -> None:
    lines: tuple[list[str], ...] = (
        ["代发结果"],
        ["批次号", "B26-001", "", "总笔数：2"],
        ["总金额", "300.50"],
        [],
        HEADER.split(","),
        PAID.split(","),
        RETURNED.split(","),
        ["合计", "2笔", "", "300.50"],
    )
    file = parse_results("r.xlsx", xlsx(*lines))
    assert (file.batch_no, file.declared_count, file.declared_total_fen) == ("B26-001", 2, 30_050)
    assert [line.line_number for line in file.lines] == [6, 7]


def test_english_headers_are_known() -> None:
    line = one(
        "Item No,Account Number,Name,Amount (CNY),Status,Reason Code", "P1,1234,Li,1.00,Failed,AC04"
    )
    assert (line.amount_fen, line.outcome, line.return_code) == (100, "RETURNED", "R03")


def test_batch_number_may_stand_in_a_column() -> None:
    file = parse_results("r.csv", text("批次号,明细编号,金额,状态", "B1,P1,1,S", "B1,P2,2,F"))
    assert file.batch_no == "B1"


def test_list_without_status_tells_it_by_the_amount_paid() -> None:
    file = parse_results(
        "r.csv",
        text(
            "VoucherDetailNo,PayeeAcctNo,PayAmt,XPayAmt,XAddWord,XAgentBusinessNo,XPayDate",
            "D1,1234,100.00,100.00,,T1,20260611",
            "D2,1235,200.00,0.00,账户已销户,,",
        ),
    )
    assert [(x.outcome, x.return_code, x.amount_fen) for x in file.lines] == [
        ("PAID", None, 10_000),
        ("RETURNED", "R03", 20_000),
    ]


def test_timeout_of_the_bank_is_unknown_and_never_a_return() -> None:
    line = one(HEADER, "P1,1,张三,100,失败,系统超时,,")
    assert (line.outcome, line.return_code) == ("UNKNOWN", "R08")


def test_profile_adds_the_words_of_its_bank() -> None:
    profile = PROFILES["bank-csv"].model_copy(
        update={
            "result_headers": {"outcome": ("办理情况",), "ignored": ("状态",)},
            "result_outcomes": {"妥了": "PAID"},
        }
    )
    content = text("明细编号,金额,办理情况,状态", "P1,1.00,妥了,x")
    assert parse_results("r.csv", content, profile).lines[0].outcome == "PAID"


def test_account_stored_as_number_is_not_trusted_where_the_item_is_known() -> None:
    header = ["明细编号", "账号", "金额", "状态"]
    file = parse_results("r.xlsx", xlsx(header, ["P1", 6200003205850000011, 1, "成功"]))
    assert file.lines[0].account is None
    assert file.notes[0].code == "sheet.digits_lost"


def test_account_stored_as_number_is_refused_where_it_is_all_there_is() -> None:
    content = xlsx(["账号", "户名", "金额", "状态"], [6200003205850000011, "张", 1, "成功"])
    assert problems(content, "r.xlsx") == [(2, "result.account_lost")]


# what is refused


def test_every_problem_is_told_at_once_with_its_line() -> None:
    assert problems(
        text(
            "总笔数,9",
            HEADER,
            "P1,1,张三,-100.00,成功,,,",
            "P2,1,张三,0,成功,,,",
            "P3,1,张三,壹佰元,成功,,,",
            "P4,1,张三,1.005,成功,,,",
            "P5,1,张三,,成功,,,",
            "P6,1,张三,1,,,,",
            "P7,1,张三,1,奇怪,,,",
            "P8,1,张三,1,成功,户名不符,,",
            "P9,1,张三,1,成功,,,2026-13-01",
            ",,张三,1,成功,,,",
        )
    ) == [
        (3, "result.amount_not_positive"),
        (4, "result.amount_not_positive"),
        (5, "result.amount_unreadable"),
        (6, "result.amount_unreadable"),
        (7, "result.no_amount"),
        (8, "result.no_outcome"),
        (9, "result.outcome_unknown"),
        (10, "result.contradiction"),
        (11, "result.day_unreadable"),
        (12, "result.no_item"),
        (None, "result.count_differs"),
    ]


@pytest.mark.parametrize("amount", ["6万", "1e5", "1,00.00", "TRUE", "2026-01-01", "１００", "$5"])
def test_amount_that_is_no_plain_yuan_is_refused(amount: str) -> None:
    content = text(HEADER, f'P1,1,张三,"{amount}",成功,,,')
    assert problems(content) == [(2, "result.amount_unreadable")]


def test_list_cut_off_is_refused_by_its_own_count_and_sum() -> None:
    content = text("总笔数,2,总金额,300.50", HEADER, PAID)
    assert [code for _, code in problems(content)] == [
        "result.count_differs",
        "result.total_differs",
    ]


def test_sum_that_does_not_fit_is_refused() -> None:
    content = text(HEADER, PAID, RETURNED, "合计,2笔,,300.51")
    assert problems(content) == [(None, "result.total_differs")]


def test_amount_paid_that_differs_from_the_order_is_refused() -> None:
    header = "明细编号,金额,实付金额,状态"
    content = text(header, "P1,100,99.99,成功", "P2,100,5,失败", "P3,100,0,失败", "P4,1,1,成功")
    assert problems(content) == [(2, "result.paid_differs"), (3, "result.paid_differs")]


def test_one_item_with_two_results_is_refused_but_told_twice_is_not() -> None:
    other = PAID.replace("成功", "失败")
    assert problems(text(HEADER, PAID, other)) == [(3, "result.item_conflict")]
    assert len(parse_results("r.csv", text(HEADER, PAID, PAID)).lines) == 2


def test_several_batches_in_one_file_are_refused() -> None:
    content = text("批次号,明细编号,金额,状态", "B1,P1,1,S", "B2,P2,2,F")
    assert problems(content) == [(3, "result.several_batches")]


def test_two_columns_of_one_meaning_are_refused() -> None:
    content = text("明细编号,金额,状态,处理结果", "P1,1,成功,失败")
    assert problems(content) == [(1, "result.column_twice")]


def test_two_declared_sums_are_refused() -> None:
    content = text("总金额,100.00", HEADER, PAID, "合计,1笔,,100.01")
    assert problems(content)[0] == (4, "result.declared_twice")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (text("序号,账号,户名,金额", "1,1,张三,1"), "result.unknown_format"),
        (text("今天天气好", "明天也好"), "result.unknown_format"),
        (text(HEADER), "result.no_lines"),
    ],
)
def test_list_without_results_is_refused(content: bytes, code: str) -> None:
    assert problems(content) == [(None, code)]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("r.csv", b"", "sheet.empty"),
        ("r.csv", text(HEADER, PAID, encoding="utf-16-le"), "sheet.undecodable"),
        ("r.csv", text(HEADER, PAID, encoding="utf-8")[:-1] + b"\xe5", "sheet.cut_off"),
        ("r.csv", text(HEADER, *[PAID] * 50_001), "sheet.too_many_rows"),
        ("r.xlsx", xlsx(["a"])[:300], "sheet.damaged"),
        ("r.pdf", b"%PDF-1.7", "sheet.unknown_type"),
        ("r.xlsx", text(HEADER, PAID), "sheet.wrong_type"),
    ],
)
def test_file_that_cannot_be_read_is_refused_as_a_file(
    name: str, content: bytes, code: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        parse_results(name, content)
    assert refused.value.code == code


def test_utf_16_with_its_mark_is_read() -> None:
    content = text(HEADER, PAID, encoding="utf-16")
    assert parse_results("r.txt", content).lines[0].account_name == "张三"


def test_formula_and_merged_cells_in_the_answer_are_refused() -> None:
    def formula(_: Any, sheet: Any) -> None:
        sheet.write_formula(2, 3, "=1+1", None, "")

    def merged(_: Any, sheet: Any) -> None:
        sheet.merge_range(1, 4, 2, 4, "成功")

    for fill, code in ((formula, "sheet.formula_without_value"), (merged, "sheet.merged")):
        content = xlsx(HEADER.split(","), PAID.split(","), RETURNED.split(","), fill=fill)
        with pytest.raises(RuleBroken) as refused:
            parse_results("r.xlsx", content)
        assert refused.value.code == code


# return codes


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("户名不符", "R01"),
        ("收款人账号户名不符", "R01"),
        ("账号不存在", "R02"),
        ("收款账号有误", "R02"),
        ("账户已销户", "R03"),
        ("账户状态为只收不付", "R04"),
        ("睡眠户", "R04"),
        ("支付系统行号有误", "R05"),
        ("收款人开户行名称错误", "R05"),
        ("超过当日累计限额", "R06"),
        ("客户身份证件已过有效期", "R07"),
        ("通讯超时", "R08"),
        ("其他原因", "R09"),
        ("", "R09"),
    ],
)
def test_words_of_the_bank_find_their_return_code(reason: str, code: str) -> None:
    assert return_code_of("", reason).code == code


@pytest.mark.parametrize(
    ("iso", "code"),
    [
        ("BE01", "R01"),
        ("AC01", "R02"),
        ("AC04", "R03"),
        ("AC06", "R04"),
        ("RC01", "R05"),
        ("AM14", "R06"),
        ("AG01", "R07"),
        ("MS03", "R08"),
        ("NARR", "R09"),
        ("ZZ99", "R09"),
        ("R04", "R04"),
    ],
)
def test_iso_reason_finds_its_return_code(iso: str, code: str) -> None:
    assert return_code_of(iso, "").code == code


def test_narrative_reason_is_read_by_its_words() -> None:
    assert return_code_of("NARR", "户名不符").code == "R01"


def test_nine_return_codes_have_titles_and_only_r08_is_unknown() -> None:
    assert sorted(RETURN_CODES) == [f"R0{n}" for n in range(1, 10)]
    assert [code for code, row in RETURN_CODES.items() if row.unknown] == ["R08"]
    assert all(row.title_zh and row.title_en for row in RETURN_CODES.values())


@pytest.mark.parametrize(
    "day",
    ["2026-06-01", "20260601", "2026/6/1", "2026年6月1日", "2026-06-01 09:30:00", "20260601093000"],
)
def test_days_of_the_banks_are_read(day: str) -> None:
    assert read_day(day) == dt.date(2026, 6, 1)


# the same result, whatever file it comes in


def keys(*files: ResultFile) -> list[str]:
    return sorted(key for file in files for key in result_keys(file.lines, "B1"))


def test_renamed_reordered_split_and_reformatted_results_have_the_same_keys() -> None:
    whole = parse_results("a.csv", text(HEADER, PAID, RETURNED, PENDING))
    turned = parse_results("b (1).csv", text(HEADER, PENDING, RETURNED, PAID, encoding="utf-8"))
    halves = [
        parse_results("c.csv", text(HEADER, PAID)),
        parse_results("d.csv", text(HEADER, RETURNED, PENDING)),
    ]
    lines = [line.split(",") for line in (HEADER, PAID, RETURNED, PENDING)]
    assert keys(whole) == keys(turned) == keys(*halves)
    assert keys(whole) == keys(parse_results("e.xlsx", xlsx(*lines)))


def test_new_outcome_of_an_item_has_a_new_key() -> None:
    before, after = one(HEADER, PENDING), one(HEADER, PENDING.replace("处理中", "成功"))
    assert result_key(before) != result_key(after)


def test_key_belongs_to_its_batch() -> None:
    line = one(HEADER, PAID)
    assert result_key(line, "B1") != result_key(line, "B2")


def test_like_lines_without_item_number_are_two_payments() -> None:
    header, line = "账号,户名,金额,状态", "1,张三,100,成功"
    first, second = result_keys(parse_results("r.csv", text(header, line, line)).lines)
    assert first != second


# pain.002


def status(item: str, word: str, amount: str = "100.00", reason: str = "") -> str:
    why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{item}</OrgnlEndToEndId><TxSts>{word}</TxSts>{why}"
        "<AccptncDtTm>2026-06-11T10:00:00+08:00</AccptncDtTm><AcctSvcrRef>T1</AcctSvcrRef>"
        f'<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">{amount}</InstdAmt></Amt></OrgnlTxRef>'
        "</TxInfAndSts>"
    )


def report(*statuses: str, count: int | str = "", total: str = "", version: str = "10") -> bytes:
    declared = f"<OrgnlNbOfTxs>{count}</OrgnlNbOfTxs>" if count != "" else ""
    declared += f"<OrgnlCtrlSum>{total}</OrgnlCtrlSum>" if total else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}">'
        "<CstmrPmtStsRpt><GrpHdr><MsgId>S1</MsgId><CreDtTm>2026-06-11T10:00:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts>"
        "<OrgnlMsgId>B26-001</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
        f"{declared}<GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>B26-001</OrgnlPmtInfId>{''.join(statuses)}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


@pytest.mark.parametrize("version", ["03", "10", "12"])
def test_status_report_gives_its_lines(version: str) -> None:
    content = report(
        status("P1", "ACSC"),
        status("P2", "RJCT", "200.50", "AC04"),
        status("P3", "RJCT", "1", "MS03"),
        status("P4", "ACSP", "2"),
        count=4,
        total="303.50",
        version=version,
    )
    file = parse_results("r.xml", content)
    assert (file.format, file.batch_no, file.declared_count) == ("pain.002", "B26-001", 4)
    assert [(x.item_no, x.outcome, x.return_code) for x in file.lines] == [
        ("P1", "PAID", None),
        ("P2", "RETURNED", "R03"),
        ("P3", "UNKNOWN", "R08"),
        ("P4", "UNKNOWN", None),
    ]
    assert (file.lines[0].bank_reference, file.lines[0].booked_on) == ("T1", dt.date(2026, 6, 11))


def test_status_report_in_the_encoding_of_a_chinese_bank_is_read() -> None:
    spoken = status("P1", "RJCT", "1", "NARR").replace(
        "</StsRsnInf>", "<AddtlInf>户名不符</AddtlInf></StsRsnInf>"
    )
    content = report(spoken).decode().replace("UTF-8", "GB18030").encode("gb18030")
    line = parse_results("r.xml", content).lines[0]
    assert (line.return_code, line.reason_text) == ("R01", "户名不符")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
def test_status_report_cut_off_is_refused_with_its_line(share: float) -> None:
    content = report(status("P1", "ACSC"))
    assert problems(content[: int(len(content) * share)], "r.xml") == [(2, "result.xml_broken")]


def test_status_report_with_fewer_lines_than_declared_is_refused() -> None:
    content = report(status("P1", "ACSC"), count=2)
    assert problems(content, "r.xml") == [(None, "result.count_differs")]


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE a [<!ENTITY x "lol"><!ENTITY y "&x;&x;&x;">]>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd">',
    ],
)
def test_message_with_a_document_type_is_refused(doctype: str) -> None:
    content = report(status("P1", "ACSC")).replace(b"<Document", doctype.encode() + b"<Document", 1)
    assert problems(content, "r.xml") == [(None, "result.doctype")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<a/>", "result.unknown_format"),
        (b"", "result.xml_broken"),
        (b"<Document xmlns='urn:x'><CstmrPmtStsRpt/></Document>", "result.unknown_format"),
        (b"<a>" * 100, "result.too_deep"),
        (report(), "result.whole_batch"),
        (report(status("P1", "ACSC")).replace(b'"CNY"', b'"EUR"'), "result.currency"),
        (report(status("P1", "ACSC", "-1")), "result.amount_not_positive"),
        (report(status("P1", "")), "result.no_outcome"),
        (report(status("", "ACSC")), "result.no_item"),
        (report(status("P1", "ACSC"), count="many"), "result.count_unreadable"),
    ],
)
def test_message_that_is_no_good_report_is_refused(content: bytes, code: str) -> None:
    assert [found for _, found in problems(content, "r.xml")] == [code]


# there and back

PAYER = Payer("太仓市民政局", "32250199733600000123", "中国工商银行太仓支行", "102100099996")
NAMES = st.text(
    st.characters(codec="gb18030", exclude_categories=("C", "Z")), min_size=1, max_size=30
)
ITEMS = st.builds(
    PayItem,
    item_no=st.from_regex(r"[A-Z][A-Z0-9]{0,11}-[0-9]{1,6}", fullmatch=True),
    account=st.from_regex(r"[0-9]{12,20}", fullmatch=True),
    account_name=st.one_of(
        NAMES, st.sampled_from(['张,三"丰', "=1+1", "'=1", "合计", "+cmd", "O'Neil;"])
    ),
    amount_fen=st.integers(1, 10**12).map(Fen),
    bank_name=st.just("中国工商银行太仓支行"),
    cnaps=st.just("102100099996"),
    purpose=NAMES,
)
LISTS = st.lists(ITEMS, min_size=1, max_size=6, unique_by=lambda item: item.item_no)
WORDS = {"PAID": ("成功", ""), "RETURNED": ("失败", "账号不存在"), "UNKNOWN": ("处理中", "")}


def echo(profile: Profile, content: bytes, outcomes: Sequence[str]) -> tuple[str, bytes]:
    """Answer a payment file as a bank does: the same list with two more columns."""
    if profile.format == "pain.001":
        return "r.xml", echo_message(content, outcomes)
    name = f"r.{profile.format}"
    rows = [list(row.cells) for row in read_sheet(name, content).lines]
    header = next(i for i, row in enumerate(rows) if "账号" in row)
    rows[header] += ["处理状态", "失败原因"]
    for row, outcome in zip(rows[header + 1 :], outcomes, strict=True):
        row += WORDS[outcome]
    if profile.format == "xlsx":
        return name, xlsx_as_text(rows)
    # The bank hands cells back as they stood in our file, with what keeps them from being formulas.
    quoted = [
        ",".join('"' + neutral(cell).replace('"', '""') + '"' for cell in row) for row in rows
    ]
    return name, "\r\n".join(quoted).encode("gb18030")


def xlsx_as_text(rows: list[list[str]]) -> bytes:
    def fill(_: Any, sheet: Any) -> None:
        for line, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(line, column, cell)

    return xlsx(fill=fill)


def echo_message(content: bytes, outcomes: Sequence[str]) -> bytes:
    words = {"PAID": ("ACSC", ""), "RETURNED": ("RJCT", "AC01"), "UNKNOWN": ("PDNG", "")}
    order = next(read_xml(content).all("Document/CstmrCdtTrfInitn"))
    statuses = []
    for transfer, outcome in zip(order.all("PmtInf/CdtTrfTxInf"), outcomes, strict=True):
        word, reason = words[outcome]
        details = (
            f"<Cdtr><Nm>{escape(transfer.said('Cdtr/Nm'))}</Nm></Cdtr><CdtrAcct><Id><Othr><Id>"
            f"{transfer.said('CdtrAcct/Id/Othr/Id')}</Id></Othr></Id></CdtrAcct></OrgnlTxRef>"
        )
        one_status = status(
            transfer.said("PmtId/EndToEndId"), word, transfer.said("Amt/InstdAmt"), reason
        )
        statuses.append(one_status.replace("</OrgnlTxRef>", details))
    header = {
        "count": order.said("GrpHdr/NbOfTxs"),
        "total": order.said("GrpHdr/CtrlSum"),
    }
    return report(*statuses, **header)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
@settings(max_examples=40, deadline=None)
@given(items=LISTS, seed=st.integers(0, 10**6))
def test_what_goes_to_the_bank_comes_back(
    profile: Profile, items: list[PayItem], seed: int
) -> None:
    outcomes = random.Random(seed).choices(list(WORDS), k=len(items))
    items = [dataclasses.replace(i, purpose=f"{n}{i.purpose}"[:30]) for n, i in enumerate(items)]
    made_at = dt.datetime(2026, 6, 10, tzinfo=dt.UTC)
    file = export_batch(profile, "B26-001", items, PAYER, made_at)
    answer = parse_results(*echo(profile, file.content, outcomes))
    assert answer.batch_no == "B26-001"
    assert answer.declared_count == len(items)
    assert answer.declared_total_fen == sum(item.amount_fen for item in items)
    sent = [(i.item_no, i.account, i.account_name, i.amount_fen) for i in items]
    assert sent == [(x.item_no, x.account, x.account_name, x.amount_fen) for x in answer.lines]
    assert [line.outcome for line in answer.lines] == outcomes
