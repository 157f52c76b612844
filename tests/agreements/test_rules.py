"""Whose scan it is, how an amount is split, and when its parts fall due."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.agreements.rules import code_of, due_days, parts_of, scan_is_of_this_paper
from grants.agreements.workflow import AGREEMENT
from grants.calls.terms import InstalmentTerm
from grants.kernel.money import Fen

DIGEST, OTHER = "a" * 64, "b" * 64
TERMS = [
    InstalmentTerm(code="T1", share_permille=500, condition="协议签订", opened_by="AGREEMENT"),
    InstalmentTerm(code="T2", share_permille=300, condition="中期合格", opened_by="MIDTERM"),
    InstalmentTerm(code="T3", share_permille=200, condition="末期合格", opened_by="FINAL"),
]


def code(agreement_id: int = 7, digest: str = DIGEST) -> str:
    return code_of("https://grants.example", agreement_id, digest)


@pytest.mark.parametrize(
    ("codes", "refused"),
    [
        ([code()], ""),
        (["https://elsewhere.example/x", code()], ""),
        ([], "agreement.no_code"),
        (["https://grants.example/agreements/7"], "agreement.no_code"),
        ([code(8)], "agreement.other_case"),
        ([code(), code(8)], "agreement.other_case"),
        ([code(7, OTHER)], "agreement.other_version"),
        ([code(), code(7, OTHER)], "agreement.other_version"),
    ],
)
def test_a_scan_is_known_by_the_code_on_every_page(codes: list[str], refused: str) -> None:
    refusal = scan_is_of_this_paper(codes, 7, DIGEST)
    assert (refusal.code if refusal else "") == refused


@given(st.integers(1, 10**9))
def test_the_parts_add_up_to_the_amount_to_the_fen(amount_fen: int) -> None:
    due = due_days(
        date(2026, 7, 1),
        date(2026, 8, 1),
        date(2027, 6, 30),
        2026,
        first_workdays=15,
        final_days=30,
    )
    parts = parts_of(Fen(amount_fen), TERMS, due)
    assert sum(amount for _, amount, _ in parts) == amount_fen
    assert all(amount > 0 for _, amount, _ in parts)


def test_parts_fall_due_within_the_year_that_bears_them() -> None:
    due = due_days(
        date(2026, 7, 1),
        date(2026, 8, 1),
        date(2027, 6, 30),
        2026,
        first_workdays=15,
        final_days=30,
    )
    assert due["AGREEMENT"] == date(2026, 7, 22)
    assert due["MIDTERM"] == due["FINAL"] == date(2026, 12, 31)


def test_the_state_table_has_no_dead_end_but_its_ends() -> None:
    left = {source for step in AGREEMENT.steps for source in step.sources}
    assert {str(s) for s in AGREEMENT.titles if s not in left} == {"ACTIVE", "VOID"}
