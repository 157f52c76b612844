"""The payment gate: each rule with what passes and what does not, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest

from grants.first_policies import FUND_MATRIX, PAYMENT_GATE
from grants.kernel.findings import Finding, Mark
from grants.kernel.identity import Role
from grants.kernel.money import Fen
from grants.payments.gate import NEVER_WAIVED, gate_refusal, look_through_gate
from grants.payments.gate_facts import GateFacts, GateRulePolicy, Look
from grants.payments.gate_rules import RULES

YUAN = 100
DAY = date(2026, 6, 15)

#: A payment against which nothing speaks: 30,000.00 of a service contract.
GOOD = GateFacts(
    amount_fen=Fen(30_000 * YUAN),
    award_state="ACTIVE",
    award_amount_fen=Fen(50_000 * YUAN),
    award_grade=None,
    instrument="SERVICE_CONTRACT",
    fund_kind="GENERAL",
    line_code="L1",
    line_year=2026,
    line_drawn_fen=Fen(0),
    line_carried_in_fen=Fen(0),
    line_available_fen=Fen(0),
    months_fen=(0, 0, 0, 0, 0, 30_000 * YUAN, 0, 0, 0, 0, 0, 0),
    commitment_left_fen=Fen(30_000 * YUAN),
    award_paid_fen=Fen(20_000 * YUAN),
    sequence=2,
    sequences=2,
    instalment_amount_fen=Fen(30_000 * YUAN),
    due_on=date(2026, 6, 1),
    condition="合同签订",
    condition_met_on=date(2026, 6, 10),
    condition_evidence="合同已签",
    minutes_needed=False,
    minutes_no="",
    publicised_from=None,
    publicised_to=None,
    objections="NONE",
    invoice_no="1",
    invoice_amount_fen=Fen(30_000 * YUAN),
    invoice_seller="示例晨曦社会工作服务中心",
    invoice_checked_on=date(2026, 6, 14),
    payee_name="示例晨曦社会工作服务中心",
    account_holder="示例晨曦社会工作服务中心",
    account_state="VERIFIED",
    account_last4="0011",
    standing="GOOD",
    inspection_year=2025,
    inspection_result="PASSED",
    grade_expires_on=None,
    owed_fen=Fen(0),
    owed_number=None,
    repeats=0,
    repeat_number=None,
    attachments=1,
    payment_due_on=date(2026, 7, 1),
)
#: Notice from Wednesday 3 to Wednesday 10 June 2026: five working days after the first.
PUBLIC: Mapping[str, object] = {
    "instrument": "VENTURE",
    "publicised_from": date(2026, 6, 3),
    "publicised_to": date(2026, 6, 10),
}
MARCH = (10_000 * YUAN,) * 12


def look(
    day: date = DAY,
    budget_approved_for: int = 2026,
    last_years_paid_fen: int = 0,
    **changes: object,
) -> Look:
    facts = replace(GOOD, **changes)  # type: ignore[arg-type]
    last_years_paid = Fen(last_years_paid_fen)
    return Look(facts, PAYMENT_GATE, FUND_MATRIX, budget_approved_for, last_years_paid, day)


PASSING: list[tuple[str, Mapping[str, object]]] = [
    ("commitment_covers_amount", {"amount_fen": 29_999 * YUAN}),
    ("cash_plan_has_room", {"months_fen": MARCH, "line_drawn_fen": 30_000 * YUAN}),
    ("cash_plan_has_room", {"months_fen": MARCH, "day": date(2026, 3, 31)}),
    (
        "within_pre_approval_cap",
        {"budget_approved_for": 2025, "last_years_paid_fen": 30_000 * YUAN},
    ),
    (
        "within_pre_approval_cap",
        {"budget_approved_for": 2025, "line_carried_in_fen": Fen(30_000 * YUAN)},
    ),
    ("within_pre_approval_cap", {"budget_approved_for": 2027}),
    ("fund_source_may_pay", {"fund_kind": "LOTTERY"}),
    ("fund_source_may_pay", {"fund_kind": "EARMARKED"}),
    ("line_is_of_this_year", {"day": date(2026, 1, 1)}),
    ("before_year_end_cutoff", {"day": date(2026, 12, 20)}),
    ("minutes_are_cited", {"minutes_needed": True, "minutes_no": "〔2026〕3号"}),
    ("publicity_is_over", PUBLIC),
    ("publicity_is_over", {**PUBLIC, "objections": "CLOSED"}),
    ("publicity_is_over", {**PUBLIC, "day": date(2026, 6, 11)}),
    ("invoice_is_present", {"instrument": "VENTURE", "invoice_no": None}),
    ("invoice_covers_amount", {"invoice_no": None, "invoice_amount_fen": 0}),
    ("invoice_covers_amount", {"invoice_amount_fen": 99_999 * YUAN}),
    ("invoice_names_payee", {"invoice_seller": ""}),
    ("invoice_names_payee", {"invoice_seller": "示例晨曦 社会工作服务中心"}),
    ("invoice_is_checked", {"instrument": "VENTURE", "invoice_checked_on": None}),
    ("names_agree", {"payee_name": "示例（太仓）中心", "account_holder": "示例(太仓) 中心"}),
    ("payee_stands_well", {"standing": None}),
    ("inspection_is_passed", {"standing": None, "inspection_result": None}),
    ("inspection_is_passed", {"inspection_year": 2024}),
    ("clock_is_kept", {"payment_due_on": date(2026, 6, 19)}),
]

FAILING: list[tuple[str, Mapping[str, object]]] = [
    *[
        ("award_is_active", {"award_state": state})
        for state in ("DRAFT", "TERMINATED", "COMPLETED", "WITHDRAWN", "HISTORIC")
    ],
    ("commitment_covers_amount", {"amount_fen": 30_000 * YUAN + 1}),
    ("commitment_covers_amount", {"commitment_left_fen": 30_000 * YUAN - 1}),
    ("commitment_covers_amount", {"instalment_amount_fen": 30_000 * YUAN - 1}),
    ("cash_plan_has_room", {"months_fen": None}),
    ("cash_plan_has_room", {"line_drawn_fen": 1}),
    ("cash_plan_has_room", {"day": date(2026, 5, 31)}),
    ("cash_plan_has_room", {"months_fen": MARCH, "day": date(2026, 2, 28)}),
    ("within_pre_approval_cap", {"budget_approved_for": 2025}),
    (
        "within_pre_approval_cap",
        {
            "budget_approved_for": 2025,
            "last_years_paid_fen": 40_000 * YUAN,
            "line_drawn_fen": 10_000 * YUAN + 1,
        },
    ),
    ("invoice_names_payee", {"invoice_seller": "示例晚霞社会工作服务中心"}),
    ("invoice_is_checked", {"invoice_checked_on": None}),
    ("payee_owes_nothing", {"owed_fen": Fen(1), "owed_number": "追〔2026〕0001"}),
    ("fund_source_may_pay", {"instrument": "POST_SUBSIDY", "fund_kind": "LOTTERY"}),
    ("fund_source_may_pay", {"instrument": "PERSONAL_AWARD", "fund_kind": "LOTTERY"}),
    ("fund_source_may_pay", {"instrument": "EVALUATION", "fund_kind": "CHARITY"}),
    ("line_is_of_this_year", {"line_year": 2025}),
    ("line_is_of_this_year", {"day": date(2027, 1, 1)}),
    ("before_year_end_cutoff", {"day": date(2026, 12, 21)}),
    ("minutes_are_cited", {"minutes_needed": True}),
    ("publicity_is_over", {"instrument": "VENTURE"}),
    ("publicity_is_over", {"instrument": "POST_SUBSIDY"}),
    ("publicity_is_over", {**PUBLIC, "publicised_to": date(2026, 6, 9)}),
    ("publicity_is_over", {**PUBLIC, "objections": "OPEN"}),
    ("publicity_is_over", {**PUBLIC, "day": date(2026, 6, 10)}),
    ("condition_is_met", {"condition_met_on": None}),
    ("condition_is_met", {"condition_met_on": DAY + timedelta(days=1)}),
    ("invoice_is_present", {"invoice_no": None}),
    ("invoice_is_present", {"invoice_no": ""}),
    ("invoice_covers_amount", {"invoice_amount_fen": 30_000 * YUAN - 1}),
    ("account_is_verified", {"account_state": "ENTERED"}),
    ("account_is_verified", {"account_state": "RETIRED"}),
    ("names_agree", {"account_holder": "示例向阳服务社"}),
    ("payee_stands_well", {"standing": "ABNORMAL"}),
    ("inspection_is_passed", {"inspection_result": None, "inspection_year": None}),
    ("inspection_is_passed", {"inspection_result": "FAILED"}),
    ("inspection_is_passed", {"inspection_year": 2023}),
    ("no_similar_payment", {"repeats": 1, "repeat_number": "付〔2026〕0001"}),
    ("evidence_is_attached", {"attachments": 0}),
    ("clock_is_kept", {"payment_due_on": date(2026, 6, 14)}),
    ("clock_is_kept", {"payment_due_on": date(2026, 6, 18)}),
]


def case_name(case: object) -> str:
    return ",".join(map(str, case)) if isinstance(case, Mapping) else str(case)


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_passes_the_good_payment(rule: str) -> None:
    assert RULES[rule](look())[0] is True


@pytest.mark.parametrize(("rule", "changes"), PASSING, ids=case_name)
def test_a_rule_passes_what_it_should(rule: str, changes: Mapping[str, object]) -> None:
    assert RULES[rule](look(**changes))[0] is True  # type: ignore[arg-type]


@pytest.mark.parametrize(("rule", "changes"), FAILING, ids=case_name)
def test_a_rule_finds_what_it_should(rule: str, changes: Mapping[str, object]) -> None:
    assert RULES[rule](look(**changes))[0] is False  # type: ignore[arg-type]


def test_every_rule_has_a_case_that_fails() -> None:
    assert {rule for rule, _ in FAILING} == set(RULES)


@pytest.mark.parametrize(
    ("rule", "changes"), [(rule, {}) for rule in RULES] + PASSING + FAILING, ids=case_name
)
def test_each_answer_fills_its_sentence(rule: str, changes: Mapping[str, object]) -> None:
    _, message, params = RULES[rule](look(**changes))  # type: ignore[arg-type]
    assert "{" not in message.format(**params)


def found(rule: str, findings: list[Finding]) -> Finding:
    return next(finding for finding in findings if finding.rule == rule)


def test_the_gate_is_open_where_nothing_speaks_against_it() -> None:
    findings = look_through_gate(look(), {})
    assert {finding.mark for finding in findings} == {Mark.PASS}
    assert [finding.rule for finding in findings] == list(RULES)
    assert gate_refusal(findings) is None


def test_the_first_blocking_rule_closes_the_gate() -> None:
    refusal = gate_refusal(look_through_gate(look(award_state="DRAFT", invoice_no=None), {}))
    assert refusal is not None
    assert refusal.code == "gate.award_is_active"


def test_a_warning_leaves_the_gate_open() -> None:
    findings = look_through_gate(look(attachments=0, repeats=1), {})
    assert found("evidence_is_attached", findings).mark == Mark.LOOK
    assert gate_refusal(findings) is None


def with_level(rule: str, level: str) -> Look:
    rules = {**PAYMENT_GATE.rules, rule: GateRulePolicy(level=level)}  # type: ignore[arg-type]
    return replace(look(invoice_no=None), policy=PAYMENT_GATE.model_copy(update={"rules": rules}))


def test_how_strict_a_rule_is_is_policy() -> None:
    assert gate_refusal(look_through_gate(with_level("invoice_is_present", "blocking"), {}))
    assert not gate_refusal(look_through_gate(with_level("invoice_is_present", "warning"), {}))
    rules = [f.rule for f in look_through_gate(with_level("invoice_is_present", "off"), {})]
    assert "invoice_is_present" not in rules


def test_a_rule_that_the_policy_forgets_blocks() -> None:
    forgetful = PAYMENT_GATE.model_copy(update={"rules": {}})
    findings = look_through_gate(replace(look(attachments=0), policy=forgetful), {})
    assert found("evidence_is_attached", findings).mark == Mark.STOP


def test_a_waived_rule_stays_visible_with_its_reason() -> None:
    findings = look_through_gate(look(invoice_no=None), {"invoice_is_present": "后补发票"})
    waived = found("invoice_is_present", findings)
    assert (waived.mark, waived.waiver) == (Mark.WAIVED, "后补发票")
    assert gate_refusal(findings) is None


@pytest.mark.parametrize("rule", sorted(NEVER_WAIVED))
def test_rules_that_guard_the_money_itself_are_never_waived(rule: str) -> None:
    changes = next(changes for name, changes in FAILING if name == rule)
    findings = look_through_gate(look(**changes), {rule: "领导同意"})  # type: ignore[arg-type]
    assert found(rule, findings).mark == Mark.STOP
    assert found(rule, findings).waivable_by == ()


def test_only_roles_that_the_policy_names_may_waive() -> None:
    findings = look_through_gate(look(invoice_no=None), {})
    assert found("invoice_is_present", findings).waivable_by == (Role.FIN_HEAD, Role.FIN_DEPUTY)
    assert found("minutes_are_cited", findings).waivable_by == ()
