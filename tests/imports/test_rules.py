"""Judging import lines: what is refused, what is noted, and in which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from grants.awards.listed import EarlierAward
from grants.awards.workflow import AwardState
from grants.imports.candidates import Candidate
from grants.imports.ground import Ground, KnownLine
from grants.imports.payees import Payee, PayeeBook
from grants.imports.rules import Judged, Verdict, judge
from grants.imports.values import clean, day_of
from grants.kernel.errors import RuleBroken
from grants.kernel.money import Fen
from grants.parties.rules import KnownOrganisation

CENTRE = KnownOrganisation(1, "示例晨曦社会工作服务中心", "52320585MJ9000014P", None)
ALIKE = KnownOrganisation(2, "示例朝阳服务社", None, "GB-CHC-7")
ID_NUMBER = "320585198506129971"
SOMEBODY = Payee("示例·顾敏", id_number=ID_NUMBER, person_id=31)
NOBODY_YET = "32058519900101003X"
LINES = {
    "L26": KnownLine(11, "L26", 5, 2026, "OPEN"),
    "L27": KnownLine(12, "L27", 5, 2027, "OPEN"),
    "L25": KnownLine(13, "L25", 5, 2025, "OPEN"),
    "X26": KnownLine(14, "X26", 6, 2026, "OPEN"),
    "Z26": KnownLine(15, "Z26", 5, 2026, "CLOSED"),
}
PAST = Candidate(
    2,
    external_id="A-1",
    title="邻里家园",
    payee_name="示例晨曦社会工作服务中心",
    amount="6万",
    decided_on="2024-03-01",
)
ACTIVE = replace(
    PAST,
    decided_on="",
    state="在执行",
    line_codes="L26",
    instalments=(("2026-07-01", "3万"), ("2026-11-01", "3万"), ("", ""), ("", "")),
)


EARLIER = EarlierAward(
    funder_id="",
    external_id="A-1",
    title="邻里家园",
    purpose="",
    amount_fen=Fen(6_000_000),
    minutes_no="",
    decided_on=date(2024, 3, 1),
    starts_on=None,
    ends_on=None,
    organisation_id=1,
    person_id=None,
    payee_name="示例晨曦社会工作服务中心",
)


def judged(
    *candidates: Candidate,
    create: bool = False,
    assume: str | None = None,
    imported: Sequence[EarlierAward] = (),
    on_record: Sequence[KnownOrganisation] = (CENTRE, ALIKE),
) -> list[Judged]:
    known = {(award.funder_id, award.external_id): award for award in imported}
    ground = Ground(date(2026, 6, 15), 5, LINES, known, assume)
    similar = {"示例朝阳服务中心": ALIKE}
    book = PayeeBook(on_record, similar, [SOMEBODY], may_create=create)
    return list(judge(candidates, ground, book))


def codes(candidate: Candidate, **how: object) -> list[str]:
    return [reason.code for reason in judged(candidate, **how)[0].reasons]  # type: ignore[arg-type]


def test_a_past_award_of_a_known_payee_is_accepted() -> None:
    (row,) = judged(PAST)
    assert row.verdict is Verdict.ACCEPTED
    assert row.award is not None
    assert (row.award.amount_fen, row.award.state) == (6_000_000, AwardState.HISTORIC)
    assert (row.award.payee.organisation_id, row.award.shares) == (1, ())


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("0", "import.amount_not_positive"),
        ("0.00", "import.amount_not_positive"),
        ("-5", "import.amount_not_positive"),
        ("1.005", "money.too_many_decimals"),
        ("17759.960000000001", "money.too_many_decimals"),
        ("1000000000000000", "money.too_large"),
        ("陆万", "money.not_a_number"),
        ("1E9", "money.not_a_number"),
        ("六万元整", "money.not_a_number"),
        ("", "money.empty"),
    ],
)
def test_an_amount_that_is_none_refuses_its_line(amount: str, code: str) -> None:
    (row,) = judged(replace(PAST, amount=amount))
    assert (row.verdict, row.reasons[0].code) == (Verdict.REFUSED, code)
    assert row.award is None


@pytest.mark.parametrize(
    ("amount", "amount_fen"),
    [
        ("６００００", 6_000_000),
        ("35907.80", 3_590_780),
        ("¥1,234.5", 123_450),
        ("1.5万元", 1_500_000),
    ],
)
def test_amounts_as_people_write_them_are_accepted(amount: str, amount_fen: int) -> None:
    assert judged(replace(PAST, amount=amount))[0].amount_fen == amount_fen


@pytest.mark.parametrize("field", ["external_id", "title", "payee_name"])
def test_what_an_award_cannot_do_without_is_asked_for(field: str) -> None:
    assert codes(replace(PAST, **{field: " \x00 "})) == ["import.text_missing"]  # type: ignore[arg-type]


def test_a_text_that_is_too_long_is_refused_not_cut() -> None:
    assert codes(replace(PAST, purpose="长" * 20_001)) == ["import.text_too_long"]
    assert codes(replace(PAST, purpose="长" * 20_000)) == []


def test_control_characters_go_and_line_breaks_stay() -> None:
    assert clean(' “a”\r\n"b"\x00\x1b\u202e\ud800 ') == '“a”\n"b"'


@pytest.mark.parametrize(
    "text",
    [
        "2015-06-10",
        "2015-06-10T00:00:00+00:00",
        "2015-06-10T23:59:59Z",
        "2015-06-10 08:30:00",
        "2015/6/10",
        "2015年6月10日",
        "2015.6.10",
        "２０１５-06-10",
    ],
)
def test_a_day_is_the_day_the_funder_wrote(text: str) -> None:
    assert day_of(text, "x") == date(2015, 6, 10)


@pytest.mark.parametrize(
    "text", ["2015", "2015-02-30", "10.06.2015", "1815-06-10", "soon", "99999-1-1"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(RuleBroken, match=r"import\.not_a_day"):
        day_of(text, "x")


def test_an_award_cannot_end_before_it_starts() -> None:
    wrong = replace(PAST, starts_on="2024-05-01", ends_on="2024-04-30")
    assert codes(wrong) == ["import.ends_before_start"]


def test_a_past_award_needs_a_day_of_decision_that_is_over() -> None:
    assert codes(replace(PAST, decided_on="")) == ["import.undecided"]
    assert codes(replace(PAST, decided_on="2026-06-16")) == ["import.decided_later"]
    assert codes(replace(PAST, decided_on="2026-06-15")) == []


def test_lines_of_a_past_award_are_not_read() -> None:
    assert codes(replace(ACTIVE, state="", decided_on="2024-01-01")) == [
        "import.past_moves_nothing"
    ]


def test_a_wrong_check_character_of_a_credit_code_is_refused() -> None:
    assert codes(replace(PAST, uscc="52320585MJ9000014Q")) == ["import.uscc"]


def test_an_unknown_state_is_refused() -> None:
    assert codes(replace(PAST, state="好")) == ["import.state"]


def test_another_currency_is_refused_unless_it_is_taken_as_yuan() -> None:
    pounds = replace(PAST, currency="GBP")
    assert codes(pounds) == ["import.currency"]
    assert codes(pounds, assume="CNY") == []
    assert codes(replace(PAST, currency="cny")) == []


def test_the_second_line_with_one_number_is_refused() -> None:
    first, second = judged(PAST, replace(PAST, line=3))
    assert (first.verdict, second.verdict) == (Verdict.ACCEPTED, Verdict.REFUSED)
    assert (second.reasons[0].code, second.reasons[0].params["first"]) == ("import.repeated", 2)


def test_the_same_number_of_another_funder_is_another_award() -> None:
    rows = judged(PAST, replace(PAST, line=3, funder_id="GB-CHC-9"))
    assert [row.verdict for row in rows] == [Verdict.ACCEPTED, Verdict.ACCEPTED]


def test_what_is_imported_already_is_unchanged() -> None:
    (row,) = judged(PAST, imported=[EARLIER])
    assert (row.verdict, row.reasons, row.award) == (Verdict.UNCHANGED, (), None)


def test_another_amount_for_a_known_number_is_pointed_out_and_changes_nothing() -> None:
    (row,) = judged(PAST, imported=[replace(EARLIER, amount_fen=Fen(5))])
    assert (row.verdict, row.reasons[0].code) == (Verdict.UNCHANGED, "import.differs")


def test_every_reason_against_a_line_is_given_at_once() -> None:
    wrong = replace(PAST, title="", amount="0", decided_on="x", uscc="1")
    assert codes(wrong) == [
        "import.text_missing",
        "import.amount_not_positive",
        "import.not_a_day",
        "import.uscc",
    ]


# Payees


def test_a_payee_is_found_by_its_code_under_another_name() -> None:
    (row,) = judged(replace(PAST, payee_name="晨曦", uscc="52320585MJ9000014P"))
    assert (row.verdict, row.reasons[0].code) == (Verdict.WARNED, "import.other_name")
    assert row.award is not None
    assert row.award.payee.organisation_id == 1


def test_a_payee_is_found_by_its_name_however_it_is_spaced() -> None:
    (row,) = judged(replace(PAST, payee_name="示例 晨曦社会工作服务中心　"))
    assert row.award is not None
    assert row.award.payee.organisation_id == 1


def test_one_number_under_two_names_is_one_new_payee() -> None:
    rows = judged(
        replace(PAST, payee_name="Mind", payee_key="GB-CHC-50"),
        replace(PAST, external_id="A-2", payee_name="Mind Andover", payee_key="GB-CHC-50"),
    )
    assert [row.verdict for row in rows] == [Verdict.ACCEPTED, Verdict.WARNED]
    assert rows[0].award and rows[1].award
    assert rows[0].award.payee is rows[1].award.payee


def test_one_name_under_two_numbers_is_two_payees_that_look_alike() -> None:
    rows = judged(
        replace(PAST, payee_name="SPLASH", payee_key="GB-CHC-50"),
        replace(PAST, external_id="A-2", payee_name="Splash", payee_key="GB-CHC-51"),
    )
    assert rows[1].reasons[0].code == "import.same_name"
    assert rows[0].award and rows[1].award
    assert rows[1].award.payee.looks_like == [(rows[0].award.payee, "same_name")]


def test_a_name_that_two_payees_bear_needs_a_code() -> None:
    twin = KnownOrganisation(3, CENTRE.name, None, "GB-CHC-8")
    assert codes(PAST, on_record=(CENTRE, twin)) == ["import.payee_ambiguous"]


def test_an_unknown_name_is_refused_unless_new_payees_are_allowed() -> None:
    unknown = replace(PAST, payee_name="示例新机构")
    assert codes(unknown) == ["import.payee_unknown"]
    (row,) = judged(unknown, create=True)
    assert row.award is not None
    assert row.award.payee.external_id == "name:示例新机构"


def test_a_new_payee_called_nearly_like_another_is_warned() -> None:
    (row,) = judged(replace(PAST, payee_name="示例朝阳服务中心"), create=True)
    assert (row.verdict, row.reasons[0].code) == (Verdict.WARNED, "import.payee_similar")


def test_a_refused_line_brings_no_payee_along() -> None:
    rows = judged(
        replace(PAST, payee_name="SPLASH", payee_key="GB-CHC-50", amount="0"),
        replace(PAST, external_id="A-2", payee_name="SPLASH", payee_key="GB-CHC-51"),
    )
    assert [row.verdict for row in rows] == [Verdict.REFUSED, Verdict.ACCEPTED]


# Active awards


def test_an_active_award_becomes_a_draft_over_its_line() -> None:
    (row,) = judged(ACTIVE)
    assert (row.verdict, row.reasons) == (Verdict.ACCEPTED, ())
    assert row.award is not None
    assert row.award.state is AwardState.DRAFT
    assert [(s.line_id, s.fiscal_year, s.amount_fen) for s in row.award.shares] == [
        (11, 2026, 6_000_000)
    ]
    assert [i.amount_fen for i in row.award.instalments] == [3_000_000, 3_000_000]


def test_an_active_award_over_two_years_splits_by_the_year_of_its_instalments() -> None:
    two = replace(
        ACTIVE, line_codes="L26；L27", instalments=(("2026-07-01", "4万"), ("2027-03-01", "2万"))
    )
    (row,) = judged(two)
    assert row.award is not None
    assert [(s.line_id, s.fiscal_year, s.amount_fen) for s in row.award.shares] == [
        (11, 2026, 4_000_000),
        (12, 2027, 2_000_000),
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"line_codes": ""}, "import.line_missing"),
        ({"line_codes": "L99"}, "import.no_line"),
        ({"line_codes": "X26"}, "award.foreign_line"),
        ({"line_codes": "Z26"}, "budget.line_closed"),
        ({"line_codes": "L25"}, "award.past_year"),
        ({"line_codes": "L26;L27"}, "import.line_without_instalment"),
        ({"instalments": ()}, "import.line_without_instalment"),
        ({"instalments": (("2026-07-01", "5万"),)}, "import.instalments_differ"),
        ({"instalments": (("2027-07-01", "6万"),)}, "import.no_line_of_year"),
        ({"instalments": (("2026-07-01", ""),)}, "import.instalment_half"),
        ({"instalments": (("", "6万"),)}, "import.instalment_half"),
        ({"instalments": (("2026-07-01", "0"),)}, "import.amount_not_positive"),
        ({"instalments": (("x", "6万"),)}, "import.not_a_day"),
    ],
)
def test_an_active_award_that_its_lines_cannot_bear_is_refused(
    changes: dict[str, object], code: str
) -> None:
    assert codes(replace(ACTIVE, **changes)) == [code]  # type: ignore[arg-type]


# Persons

TO_SOMEBODY = replace(PAST, payee_name="示例·顾敏", id_number=ID_NUMBER)


def test_a_person_on_record_is_found_by_the_id_number() -> None:
    (row,) = judged(replace(TO_SOMEBODY, id_number=" 320585 19850612 9971 "))
    assert (row.verdict, row.payee_last4) == (Verdict.ACCEPTED, "9971")
    assert row.award is not None
    assert (row.award.payee.person_id, row.award.payee.organisation_id) == (31, None)


def test_a_person_who_is_new_comes_in_once() -> None:
    rows = judged(
        replace(PAST, payee_name="示例·新人", id_number=NOBODY_YET),
        replace(PAST, external_id="A-2", payee_name="示例·新人", id_number=NOBODY_YET.lower()),
    )
    assert rows[0].award is not None and rows[1].award is not None
    assert rows[0].award.payee is rows[1].award.payee
    assert rows[0].award.payee.is_new


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id_number": "320585198506129972"}, "import.id_number"),
        ({"id_number": "32058519850612997"}, "import.id_number"),
        ({"id_number": "", "uscc": ID_NUMBER}, "import.id_number_as_code"),
        ({"id_number": "", "uscc": "320585198506129972"}, "import.id_number_as_code"),
        ({"uscc": "52320585MJ9000014P"}, "import.two_payees"),
        ({"payee_name": "示例·别人"}, "import.person_other_name"),
    ],
)
def test_a_person_whose_number_does_not_fit_is_refused_and_not_named_by_it(
    changes: dict[str, str], code: str
) -> None:
    (row,) = judged(replace(TO_SOMEBODY, **changes))  # type: ignore[arg-type]
    assert (row.verdict, [r.code for r in row.reasons]) == (Verdict.REFUSED, [code])
    told = repr([(r.message, r.params) for r in row.reasons]) + repr(row)
    assert "19850612" not in told


def test_one_id_number_under_two_names_is_refused() -> None:
    rows = judged(
        replace(PAST, payee_name="示例·新人", id_number=NOBODY_YET),
        replace(PAST, external_id="A-2", payee_name="示例·别人", id_number=NOBODY_YET),
    )
    assert [row.verdict for row in rows] == [Verdict.ACCEPTED, Verdict.REFUSED]


def test_no_text_of_a_line_shows_an_id_number() -> None:
    (row,) = judged(replace(TO_SOMEBODY, id_number=NOBODY_YET, payee_name="示例·新人"))
    assert NOBODY_YET[:14] not in repr(row) + repr(TO_SOMEBODY) + repr(SOMEBODY)


# Again, with a change


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"title": "另一个名称"}, ["Award title"]),
        ({"purpose": "为老服务", "ends_on": "2025-01-01"}, ["Award purpose", "Ends on (day)"]),
        ({"payee_name": "示例朝阳服务社"}, ["Name of the payee"]),
        ({"payee_name": "示例·顾敏", "id_number": ID_NUMBER}, ["Name of the payee"]),
        ({"decided_on": ""}, []),
    ],
)
def test_a_changed_line_is_told_field_by_field_and_changes_nothing(
    changes: dict[str, str], fields: list[str]
) -> None:
    (row,) = judged(replace(PAST, **changes), imported=[EARLIER])  # type: ignore[arg-type]
    assert (row.verdict, row.award) == (Verdict.UNCHANGED, None)
    assert [reason.params["field"] for reason in row.reasons] == fields


def test_a_number_that_is_wrong_is_told_of_a_known_award_too() -> None:
    (row,) = judged(replace(PAST, uscc="52320585MJ9000014Q"), imported=[EARLIER])
    assert (row.verdict, [r.code for r in row.reasons]) == (Verdict.UNCHANGED, ["import.uscc"])
