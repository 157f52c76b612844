"""What a body may say, how it is read, and what differs between two."""

from __future__ import annotations

from typing import Any

import pytest
from litestar.datastructures import FormMultiDict
from pydantic import BaseModel, ValidationError

from grants.awards.tiers import ApprovalTiers, Tier
from grants.figures.differences import differences, said
from grants.figures.reading import readable
from grants.figures.shapes import Widget, shape_of
from grants.figures.typed import body_typed
from grants.figures.words import Words
from grants.first_policies import APPROVAL_TIERS, FIRST_POLICIES, PAYMENT_GATE
from grants.kernel.errors import FieldFault
from grants.kernel.identity import Role
from grants.payments.gate import NEVER_WAIVED
from grants.payments.gate_facts import GateRulePolicy
from grants.payments.gate_rules import RULES
from grants.platform.texts import texts
from grants.policies.forms import VersionForm
from grants.policies.kinds import KINDS
from grants.policies.rules import money_stays_guarded
from grants.policies.words import GATE_RULES, WORDS

HEAD = (Role.SECTION_HEAD,)


def dumped(body: BaseModel) -> dict[str, Any]:
    return body.model_dump(mode="json")


def as_typed(model: type[BaseModel], body: dict[str, Any], words: Words = WORDS) -> FormMultiDict:
    """A body as the browser would send its form."""
    sent: list[tuple[str, Any]] = []
    for leaf in shape_of(model, body, words).every_leaf():
        if leaf.widget in (Widget.PICKS, Widget.CHAIN):
            sent += [(leaf.path, one) for one in leaf.chosen]
        elif leaf.widget is not Widget.FLAG or leaf.value:
            sent.append((leaf.path, "on" if leaf.widget is Widget.FLAG else leaf.text))
    return FormMultiDict(sent)


def faults_of(tiers: list[dict[str, Any]]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        ApprovalTiers.model_validate({"tiers": tiers})
    causes = [found.get("ctx", {}).get("error") for found in caught.value.errors()]
    return [cause.message for cause in causes if isinstance(cause, FieldFault)]


def tier(code: str, up_to_fen: int | None, *chain: Role) -> dict[str, Any]:
    return {"code": code, "up_to_fen": up_to_fen, "chain": chain or HEAD}


@pytest.mark.parametrize("policy", FIRST_POLICIES, ids=lambda policy: policy.kind)
def test_every_first_policy_is_a_kind_that_can_be_changed(policy: Any) -> None:
    assert KINDS[policy.kind].model is type(policy.body)


@pytest.mark.parametrize("policy", FIRST_POLICIES, ids=lambda policy: policy.kind)
def test_a_body_survives_its_form(policy: Any) -> None:
    body, model, words = dumped(policy.body), type(policy.body), KINDS[policy.kind].words
    typed = body_typed(as_typed(model, body, words), model, words, body)
    assert typed.faults == {} and typed.body is not None
    assert differences(model, body, dumped(typed.body), words) == []


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_no_field_of_a_body_is_called_like_one_of_the_form(kind: Any) -> None:
    own = {*VersionForm.model_fields, "act", "csrf_token", "body"}
    assert own.isdisjoint(kind.model.model_fields)


@pytest.mark.parametrize("policy", FIRST_POLICIES, ids=lambda policy: policy.kind)
def test_every_field_has_a_name_in_words(policy: Any) -> None:
    words = KINDS[policy.kind].words
    shape = shape_of(type(policy.body), dumped(policy.body), words)
    assert {leaf.name for leaf in shape.every_leaf()} <= words.fields.keys()


def test_every_check_of_the_gate_has_a_title() -> None:
    assert GATE_RULES.keys() == RULES.keys()


def test_tiers_rise() -> None:
    (fault,) = faults_of([tier("T1", 200), tier("T2", 200), tier("T3", None)])
    assert fault == "{code} has to reach higher than the tier before it."


def test_the_last_tier_is_without_limit() -> None:
    assert "without limit" in faults_of([tier("T1", 200), tier("T2", 300)])[0]
    assert "without limit" in faults_of([])[0]


def test_only_the_last_tier_is_without_limit() -> None:
    assert "Only the last" in faults_of([tier("T1", None), tier("T2", None)])[0]


def test_two_tiers_have_two_names() -> None:
    assert "same name" in faults_of([tier("T1", 200), tier("T1", None)])[0]


def test_a_chain_has_each_role_once() -> None:
    twice = tier("T1", None, Role.SECTION_HEAD, Role.SECTION_HEAD)
    assert "stands twice" in faults_of([twice])[0]


def test_a_chain_has_nobody_who_may_not_approve() -> None:
    assert "may not approve" in faults_of([tier("T1", None, Role.CASHIER)])[0]


def test_a_chain_has_somebody() -> None:
    with pytest.raises(ValidationError):
        Tier(code="T1", up_to_fen=None, chain=())


@pytest.mark.parametrize("name", sorted(NEVER_WAIVED))
@pytest.mark.parametrize(
    "loose",
    [
        GateRulePolicy(level="off"),
        GateRulePolicy(level="warning"),
        GateRulePolicy(level="blocking", waivable_by=(Role.FIN_HEAD,)),
    ],
    ids=["off", "warning", "waivable"],
)
def test_checks_that_guard_the_money_always_stop(name: str, loose: GateRulePolicy) -> None:
    gate = PAYMENT_GATE.model_copy(update={"rules": {**PAYMENT_GATE.rules, name: loose}})
    found = money_stays_guarded(gate)
    assert found is not None and found[0].startswith(f"rules.{name}.")


def test_the_first_gate_guards_the_money() -> None:
    assert money_stays_guarded(PAYMENT_GATE) is None


def changed_tiers(**changed: Any) -> list[tuple[str, str, str]]:
    before, english = dumped(APPROVAL_TIERS), texts("en")
    after = dumped(APPROVAL_TIERS)
    after["tiers"][0] |= changed
    found = differences(ApprovalTiers, before, after, WORDS)
    return [(d.where(english), said(d.before, english), said(d.after, english)) for d in found]


def test_a_difference_is_said_in_words() -> None:
    assert changed_tiers(up_to_fen=80_000_00, minutes_needed=True) == [
        ("Tier T1 · Up to", "50,000.00 yuan", "80,000.00 yuan"),
        ("Tier T1 · A meeting decides", "no", "yes"),
    ]


def test_a_chain_is_read_by_titles_in_its_order() -> None:
    ((_, before, after),) = changed_tiers(chain=["FIN_OFFICER", "SECTION_HEAD"])
    assert before == "Section head → Finance reviewer → Deputy leader"
    assert after == "Finance reviewer → Section head"


def test_a_row_put_between_others_differs_by_itself_alone() -> None:
    before = dumped(APPROVAL_TIERS)
    new = {**before["tiers"][1], "code": "T9", "up_to_fen": 70_000_00}
    after = {"tiers": [before["tiers"][0], new, *before["tiers"][1:]]}
    found = differences(ApprovalTiers, before, after, WORDS)
    assert {d.row.key for d in found if d.row} == {"T9"} and found[0].before is None


def test_who_may_set_aside_has_no_order() -> None:
    before, after = dumped(PAYMENT_GATE), dumped(PAYMENT_GATE)
    after["rules"]["names_agree"]["waivable_by"].reverse()
    assert differences(type(PAYMENT_GATE), before, after, WORDS) == []


def test_the_matrix_is_read_with_kinds_of_award_down_and_funds_across() -> None:
    body = next(p.body for p in FIRST_POLICIES if p.kind == "fund_matrix")
    (table,) = readable(shape_of(type(body), dumped(body), WORDS), texts("en")).tables
    assert table.heads[1] == "Welfare lottery fund"
    title, cells = table.rows[2]
    assert (title, cells[1].text) == ("Post subsidy", "may not pay")
