"""Payment files for the bank and what is said before one is made."""

import csv
import dataclasses
import datetime as dt
import hashlib
import io
import zipfile
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from pydantic import ValidationError

from grants.banking.bank_profiles import (
    PROFILES,
    BatchFile,
    Payer,
    PayItem,
    Profile,
    export_batch,
    manifest,
    preflight,
)
from grants.kernel.errors import RuleBroken
from grants.kernel.money import Fen
from grants.platform.sheets import read_sheet

MADE_AT = dt.datetime(2026, 6, 10, 1, 30, tzinfo=dt.UTC)
PAYER = Payer("太仓市民政局", "32250199733600000123", "中国工商银行太仓支行", "102100099996")
ITEM = PayItem(
    item_no="B26-001-1",
    account="6200003205850000011",
    account_name="张三",
    amount_fen=Fen(6_000_001),
    bank_name="中国工商银行太仓支行",
    purpose="考证奖励",
    to_person=True,
)
OTHER = PayItem(
    item_no="B26-001-2",
    account="0012345678901234",
    account_name='太仓市"邻里"社工,服务中心',
    amount_fen=Fen(12_345_600),
    bank_name="中国农业银行太仓支行",
    cnaps="103100000026",
    purpose="公益创投首付款",
)
CSV, XLSX, XML = (PROFILES[code] for code in ("bank-csv", "bank-xlsx", "pain-001"))
NS = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


def made(profile: Profile, *items: PayItem, payer: Payer = PAYER) -> BatchFile:
    return export_batch(profile, "B26-001", items or (ITEM, OTHER), payer, MADE_AT)


def changed(item: PayItem = ITEM, **values: Any) -> PayItem:
    return dataclasses.replace(item, **values)


def codes(
    items: Sequence[PayItem], profile: Profile = CSV, payer: Payer | None = PAYER
) -> set[tuple[str, str]]:
    findings = preflight(items, profile, payer)
    for finding in findings:
        assert finding.message_id.format(**finding.params)
    return {(finding.code, finding.level) for finding in findings}


# files


def test_text_file_is_gb18030_with_totals_before_the_list_and_data_from_row_five() -> None:
    lines = list(csv.reader(io.StringIO(made(CSV).content.decode("gb18030"), newline="")))
    assert lines[:3] == [["批次号", "B26-001"], ["总笔数", "2"], ["总金额", "183456.01"]]
    assert lines[4][:5] == ["1", ITEM.account, "张三", "60000.01", "中国工商银行太仓支行"]
    assert lines[5][1:3] == ["0012345678901234", '太仓市"邻里"社工,服务中心']
    assert lines[5][-1] == "B26-001-2"


def test_file_name_carries_month_bank_count_and_total() -> None:
    name = "202606_中国工商银行太仓支行_B26-001_总数2笔-总计183456元0角1分"
    assert made(CSV).name == f"{name}.csv"
    assert made(XLSX).name == f"{name}.xlsx"
    assert made(XML, changed(cnaps="102100099996")).name == "B26-001.pain.001.xml"


def test_file_name_never_leaves_its_folder() -> None:
    payer = dataclasses.replace(PAYER, bank_name="../中国工商银行/太仓:支行")
    assert not set('/\\:*?"<>|') & set(made(CSV, changed(cnaps=PAYER.cnaps), payer=payer).name)


def test_spreadsheet_keeps_accounts_as_text_and_amounts_as_numbers() -> None:
    content = made(XLSX).content
    rows = read_sheet("a.xlsx", content).lines
    assert rows[4].line_number == 5
    assert rows[5].cells[1] == "0012345678901234"
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        part = package.read("xl/worksheets/sheet1.xml").decode()
    assert "<v>60000.01</v>" in part and ITEM.account in part
    assert "<f>" not in part


def test_message_is_well_formed_and_names_batch_items_and_sums() -> None:
    items = (changed(cnaps="102100099996", account_name="张<&>三"), OTHER)
    root = ET.fromstring(made(XML, *items).content)
    order = root.find("p:CstmrCdtTrfInitn", NS)
    assert order is not None
    assert order.findtext("p:GrpHdr/p:MsgId", None, NS) == "B26-001"
    assert order.findtext("p:GrpHdr/p:CreDtTm", None, NS) == "2026-06-10T09:30:00+08:00"
    assert order.findtext("p:GrpHdr/p:CtrlSum", None, NS) == "183456.01"
    transfers = order.findall("p:PmtInf/p:CdtTrfTxInf", NS)
    assert [t.findtext("p:PmtId/p:EndToEndId", None, NS) for t in transfers] == [
        "B26-001-1",
        "B26-001-2",
    ]
    amount = transfers[0].find("p:Amt/p:InstdAmt", NS)
    assert amount is not None and (amount.text, amount.get("Ccy")) == ("60000.01", "CNY")
    assert transfers[0].findtext("p:Cdtr/p:Nm", None, NS) == "张<&>三"


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
def test_same_items_and_moment_give_the_same_bytes(profile: Profile) -> None:
    items = (changed(cnaps="102100099996"), OTHER)
    first, second = made(profile, *items), made(profile, *items)
    assert first == second
    assert first.sha256 == hashlib.sha256(first.content).hexdigest()


def test_spreadsheet_says_only_the_given_moment() -> None:
    with zipfile.ZipFile(io.BytesIO(made(XLSX).content)) as package:
        core = package.read("docProps/core.xml").decode()
        years = {part.date_time[0] for part in package.infolist()}
    assert core.count("2026-06-10T01:30:00Z") == 2
    assert years == {1980}


def test_manifest_states_count_sum_and_digest() -> None:
    file = made(CSV)
    says = manifest(file, [ITEM, OTHER], "出纳李", MADE_AT)
    assert (says["count"], says["total_fen"], says["total_yuan"]) == (2, 18_345_601, "183456.01")
    assert says["sha256"] == hashlib.sha256(file.content).hexdigest()
    assert (says["made_by"], says["made_at"]) == ("出纳李", "2026-06-10T09:30:00+08:00")
    assert says["items_sha256"] == manifest(made(XLSX), [ITEM, OTHER], "x", MADE_AT)["items_sha256"]


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "@x", "-2+3"])
def test_name_like_a_formula_is_made_harmless_in_the_text_file(name: str) -> None:
    item = changed(account_name=name)
    assert ("pay.formula_text", "warning") in codes([item])
    text = made(CSV, item).content.decode("gb18030")
    cells = list(csv.reader(io.StringIO(text, newline="")))[4]
    assert cells[2] == f"'{name}"


def test_trailer_and_separator_follow_the_profile() -> None:
    profile = CSV.model_copy(
        update={"trailer": (("合计", "{count}笔", "{total}"),), "separator": "|", "preamble": ()}
    )
    lines = made(profile).content.decode("gb18030").split("\r\n")
    assert lines[0].startswith("序号|账号|")
    assert lines[-2] == "合计|2笔|183456.01"


def test_amounts_can_be_text() -> None:
    profile = XLSX.model_copy(update={"amounts_as": "text"})
    assert read_sheet("a.xlsx", made(profile).content).lines[4].cells[3] == "60000.01"


def test_batch_number_has_letters_digits_and_hyphens() -> None:
    for number in ("", "B" * 33, "B 1", "../x"):
        with pytest.raises(RuleBroken) as refused:
            export_batch(CSV, number, [ITEM], PAYER, MADE_AT)
        assert refused.value.code == "batch.number_shape"


def test_moment_without_zone_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="zone"):
        export_batch(CSV, "B1", [ITEM], PAYER, dt.datetime(2026, 6, 10))


def test_no_file_is_made_over_a_blocking_fault() -> None:
    with pytest.raises(RuleBroken) as refused:
        made(CSV, changed(amount_fen=Fen(0)))
    assert refused.value.code == "batch.not_ready"
    assert refused.value.params["findings"] == tuple(
        preflight([changed(amount_fen=Fen(0))], CSV, PAYER)
    )


# profiles


def test_profile_with_an_unknown_place_is_refused() -> None:
    data = CSV.model_dump() | {"file_name": "{batch_no.__class__}{secret}"}
    with pytest.raises(ValidationError, match="secret"):
        Profile.model_validate(data)


def test_profile_without_the_account_is_refused() -> None:
    data = CSV.model_dump() | {"columns": [c.model_dump() for c in CSV.columns[2:]]}
    with pytest.raises(ValidationError, match="account"):
        Profile.model_validate(data)


def test_every_shipped_profile_has_both_titles_and_takes_3000_rows() -> None:
    assert set(PROFILES) == {"bank-csv", "bank-xlsx", "pain-001"}
    assert all(p.title_zh and p.title_en and p.max_rows == 3000 for p in PROFILES.values())


# before a file is made


def test_good_list_has_no_finding() -> None:
    assert codes([ITEM, OTHER]) == set()


@pytest.mark.parametrize(
    ("values", "code", "level"),
    [
        ({"amount_fen": Fen(0)}, "pay.amount_not_positive", "blocking"),
        ({"amount_fen": Fen(-1)}, "pay.amount_not_positive", "blocking"),
        ({"account": "12 34"}, "pay.account_shape", "blocking"),
        ({"account": "6200003205850000 011"}, "pay.account_shape", "blocking"),
        ({"account": ""}, "pay.account_shape", "blocking"),
        ({"account_name": " "}, "pay.name_missing", "blocking"),
        ({"account_name": "张三\n李四"}, "pay.control_character", "blocking"),
        ({"account_name": "张三 "}, "pay.surrounding_space", "warning"),
        ({"account_name": "𠮷三"}, "pay.rare_character", "warning"),
        ({"account_name": "长" * 141}, "pay.text_too_long", "blocking"),
        ({"purpose": "长" * 31}, "pay.purpose_too_long", "blocking"),
        ({"purpose": ""}, "pay.personal_purpose_missing", "blocking"),
        ({"item_no": "=1"}, "pay.item_no_shape", "blocking"),
        ({"item_no": "x" * 36}, "pay.item_no_shape", "blocking"),
        ({"bank_name": "中国农业银行太仓支行"}, "pay.cnaps_missing", "blocking"),
        ({"bank_name": ""}, "pay.bank_unknown", "warning"),
        ({"cnaps": "103100000027"}, "pay.cnaps_wrong", "blocking"),
        ({"cnaps": "1031"}, "pay.cnaps_wrong", "blocking"),
        ({"account": "12345678"}, "pay.card_number", "warning"),
    ],
)
def test_fault_of_an_item_is_found(values: dict[str, Any], code: str, level: str) -> None:
    assert (code, level) in codes([changed(**values)])


def test_small_payment_to_a_person_needs_no_purpose() -> None:
    assert codes([changed(purpose="", amount_fen=Fen(5_000_000))]) == set()


def test_same_item_number_twice_is_found() -> None:
    twice = [ITEM, changed(OTHER, item_no=ITEM.item_no)]
    assert ("pay.item_no_twice", "blocking") in codes(twice)


def test_same_account_amount_and_purpose_twice_is_found() -> None:
    twice = [ITEM, changed(item_no="B26-001-9")]
    assert codes(twice) == {("pay.same_payment_twice", "blocking")}
    assert codes([ITEM, changed(item_no="B26-001-9", purpose="安家补贴")]) == set()


def test_more_items_than_the_bank_takes_and_none_at_all_are_found() -> None:
    many = [changed(item_no=f"x{i}", amount_fen=Fen(i + 1)) for i in range(3001)]
    assert ("pay.too_many_items", "blocking") in codes(many)
    assert codes(many[:3000]) == set()
    assert codes([]) == {("pay.no_items", "blocking")}


def test_message_always_needs_the_routing_number_of_both_banks() -> None:
    assert ("pay.cnaps_missing", "blocking") in codes([ITEM], XML)
    poor = dataclasses.replace(PAYER, cnaps="")
    assert ("pay.payer_cnaps_wrong", "blocking") in codes([OTHER], XML, poor)


def test_character_outside_the_encoding_of_the_bank_blocks() -> None:
    profile = CSV.model_copy(update={"encoding": "gbk"})
    assert ("pay.unencodable", "blocking") in codes([changed(account_name="𠮷三")], profile)


def test_findings_never_show_a_whole_account() -> None:
    account = "62000032058500000AB"
    assert all(
        account not in str(f.params) for f in preflight([changed(account=account)], CSV, PAYER)
    )
