"""The invariants that `grants verify` checks: each is seen broken when somebody breaks it."""

from __future__ import annotations

import contextlib
from datetime import date, timedelta

import pytest

from grants.awards import changes
from grants.awards import queries as awards
from grants.banking import actions as banking
from grants.banking import refunds
from grants.cli import print_verdicts
from grants.invariants.verify import INVARIANTS, verify
from grants.kernel import calendar
from grants.kernel.identity import Role
from grants.kernel.money import Fen
from grants.platform import db
from grants.platform.audit import seal_history
from tests.world import DAY, YUAN, active_award, approved, empty_tables, furnished, instalments
from tests.world_awards import claim, parts_of
from tests.world_banking import pay

#: A person who approved a payment, and one who approved an award.
APPROVER = "(SELECT min(person_id) FROM payment_act WHERE decision = 'APPROVE')"
AWARDER = "(SELECT person_id FROM case_event WHERE case_kind = 'award' AND verb = 'approve')"

#: An application out of nowhere, in the state put into its place.
APPLICATION = """
INSERT INTO application (id, number, round, organisation, title, category, theme, community,
    asked_fen, own_fen, state, revision, submitted_at, supplement_note, created_by_person,
    created_at, version)
VALUES (1, '1', 1, 1, '', 'A', '', '', 5, 0, '{}', 1, now(), '', 1, now(), 1)
"""

#: An evaluation of the first award out of nowhere: kind, state, points, total and grade.
EVALUATION = """
INSERT INTO evaluation (id, number, award, kind, evaluator_person, points, words, finding, total,
    grade, policy_version, state, assigned_by_person, assigned_at, due_on, signed_at,
    confirmed_at, reason, version)
SELECT 1, '1', (SELECT min(id) FROM award), '{}', 1, '{{"A": {}}}', '{{}}', '', {}, '{}', v.id,
    'CONFIRMED', 2, now(), now(), now(), now(), '', 1
FROM policy_version v WHERE v.kind = 'venture_evaluation'
"""

BREACHES: list[tuple[str, str]] = [
    ("line_buckets_are_their_moves", "DELETE FROM ledger_move WHERE act = 'commit'"),
    (
        "line_buckets_are_their_moves",
        "UPDATE line_balance SET available_fen = available_fen - 1, paid_fen = paid_fen + 1",
    ),
    (
        "commitment_buckets_are_their_moves",
        "UPDATE commitment SET committed_fen = committed_fen + 1, amount_fen = amount_fen + 1",
    ),
    (
        "commitment_buckets_are_their_moves",
        "UPDATE ledger_move SET amount_fen = amount_fen + 1 WHERE act = 'pay'",
    ),
    (
        "precommitments_are_their_moves",
        "INSERT INTO precommitment (line, case_kind, case_id, precommitted_fen) "
        "SELECT min(id), 'application', 1, 5 FROM line_balance",
    ),
    (
        "quota_is_sum_of_buckets",
        "UPDATE line_balance SET quota_fen = quota_fen + 1, available_fen = available_fen + 1",
    ),
    (
        "line_is_sum_of_commitments",
        "UPDATE line_balance SET available_fen = available_fen - 1, "
        "committed_fen = committed_fen + 1",
    ),
    ("quota_follows_its_documents", "UPDATE quota_movement SET amount_fen = amount_fen + 1"),
    ("quota_follows_its_documents", "DELETE FROM ledger_move WHERE act = 'receive'"),
    ("quota_follows_its_documents", "UPDATE quota_movement SET state = 'REJECTED'"),
    ("award_within_its_shares", "UPDATE award_share SET amount_fen = amount_fen - 1"),
    ("award_within_its_shares", "UPDATE award SET amount_fen = amount_fen + 1"),
    ("paid_within_award", "UPDATE award SET amount_fen = 1"),
    ("payments_fill_their_buckets", "UPDATE payment SET state = 'PAID' WHERE state = 'APPROVED'"),
    ("payments_fill_their_buckets", "UPDATE payment SET amount_fen = 1 WHERE state = 'PAID'"),
    ("payments_fill_their_buckets", "UPDATE refund SET state = 'REJECTED'"),
    ("instalment_paid_once", "UPDATE payment SET amount_fen = amount_fen + 1"),
    ("instalment_paid_once", "UPDATE instalment SET amount_fen = 1"),
    ("instalment_knows_its_payment", "UPDATE instalment SET state = 'OPEN'"),
    ("instalment_knows_its_payment", "UPDATE instalment SET state = 'PAID'"),
    ("payment_in_one_live_batch", "UPDATE payment SET batch_no = NULL"),
    ("payment_in_one_live_batch", "UPDATE payment SET batch_no = 'B1'"),
    ("paid_item_has_one_receipt", "DELETE FROM bank_result"),
    ("paid_item_has_one_receipt", "UPDATE payment SET state = 'APPROVED'"),
    ("batch_totals", "UPDATE batch SET total_fen = total_fen + 1"),
    ("batch_totals", "UPDATE batch SET item_count = 0"),
    ("batch_totals", "UPDATE batch SET file_sha256 = 'other' WHERE file_sha256 IS NOT NULL"),
    ("items_pay_their_payments", "UPDATE batch_item SET amount_fen = amount_fen + 1"),
    ("state_is_fold_of_events", "UPDATE award SET state = 'COMPLETED'"),
    ("nothing_is_funded_unpublished", APPLICATION.format("APPROVED")),
    (
        "evaluations_open_their_parts",
        "UPDATE instalment SET opened_by = 'MIDTERM' WHERE condition_met_on IS NOT NULL",
    ),
    (
        "evaluations_open_their_parts",
        f"WITH e AS ({EVALUATION.format('MIDTERM', 40, 40, '不合格')}) "
        "UPDATE instalment SET opened_by = 'MIDTERM' WHERE condition_met_on IS NOT NULL",
    ),
    ("evaluations_add_up", EVALUATION.format("FINAL", 80, 81, "良")),
    ("evaluations_add_up", EVALUATION.format("FINAL", 80, 80, "优")),
    ("awards_follow_their_agreements", APPLICATION.format("AWARDED")),
    ("awards_follow_their_agreements", "UPDATE award SET origin = 'AGREEMENT'"),
    (
        "decided_projects_are_held",
        f"WITH a AS ({APPLICATION.format('DROPPED')} RETURNING id) "
        "INSERT INTO precommitment (line, case_kind, case_id, precommitted_fen) "
        "SELECT 1, 'application', id, 5 FROM a",
    ),
    ("state_is_fold_of_events", "UPDATE payment SET state = 'RETURNED' WHERE state = 'APPROVED'"),
    ("state_is_fold_of_events", "UPDATE batch SET state = 'SENT' WHERE state = 'SETTLED'"),
    ("state_is_fold_of_events", "DELETE FROM case_event WHERE verb = 'approve_finally'"),
    ("state_is_fold_of_events", "UPDATE case_event SET state_before = 'X' WHERE verb = 'settle'"),
    ("state_is_fold_of_events", "UPDATE cash_plan SET state = 'REJECTED'"),
    ("state_is_fold_of_events", "UPDATE bank_account SET state = 'RETIRED'"),
    ("state_is_fold_of_events", "DELETE FROM case_event WHERE verb = 'verify'"),
    ("payees_are_as_their_events_say", "UPDATE organisation SET standing = 'ILLEGAL'"),
    (
        "payees_are_as_their_events_say",
        "UPDATE organisation SET grade = '5A', grade_expires_on = '2030-01-01'",
    ),
    ("payees_are_as_their_events_say", "UPDATE organisation SET inspection_result = 'BASIC'"),
    ("nobody_approved_their_own", f"UPDATE payment SET made_by_person = {APPROVER}"),
    (
        "nobody_approved_their_own",
        f"UPDATE batch SET sent_by_person = {APPROVER} WHERE state = 'SETTLED'",
    ),
    ("nobody_approved_their_own", f"UPDATE award SET created_by_person = {AWARDER}"),
    (
        "nobody_approved_their_own",
        "INSERT INTO month_close (month_on, state, book_fen, ledger_fen, bank_fen, differences, "
        "closed_by_person) SELECT '2026-06-01', 'CLOSED', 0, 0, 0, '[]', imported_by_person "
        "FROM bank_file",
    ),
    ("approved_by_the_whole_chain", "DELETE FROM payment_act WHERE step = 2"),
    ("approved_by_the_whole_chain", "UPDATE payment SET round = 2"),
    (
        "cash_plan_covers_payments",
        "UPDATE cash_plan SET months_fen = array_fill(1::bigint, '{12}')",
    ),
    ("cash_plan_covers_payments", "UPDATE cash_plan SET state = 'SUPERSEDED'"),
    ("refunds_within_payments", "UPDATE refund SET amount_fen = 30000 * 100 + 1"),
    ("claims_are_their_recoveries", "DELETE FROM recovery WHERE source_kind = 'award_change'"),
    ("claims_are_their_recoveries", "DELETE FROM recovery WHERE source_kind = 'refund'"),
    ("claims_are_their_recoveries", "UPDATE award_change SET after_fen = after_fen + 1"),
    ("claims_are_their_recoveries", "UPDATE refund SET state = 'REJECTED'"),
    ("awards_changed_as_decided", "UPDATE award SET amount_fen = amount_fen + 1"),
    ("awards_changed_as_decided", "UPDATE award_change SET state = 'REJECTED'"),
    (
        "administrators_do_no_business",
        'INSERT INTO role_grant ("user", role, starts_on, granted_by) '
        """SELECT "user", 'SYS_ADMIN', '2020-01-01', 1 FROM role_grant WHERE role = 'OFFICER'""",
    ),
    (
        "history_is_sealed",
        "UPDATE row_history SET after = '{}' WHERE table_name = 'line_balance'",
    ),
    ("history_is_sealed", "DELETE FROM row_history WHERE id = (SELECT min(id) FROM row_history)"),
    ("history_is_sealed", "UPDATE row_history SET user_id = user_id + 1"),
    ("rows_are_as_their_history_says", "UPDATE payment SET invoice_amount_fen = 1"),
    ("rows_are_as_their_history_says", "UPDATE bank_result SET amount_fen = amount_fen + 1"),
    ("rows_are_as_their_history_says", "UPDATE award SET organisation = organisation + 1"),
]


@pytest.fixture(scope="module")
async def lived_in(database: None) -> None:
    """One payment paid and partly claimed back, one in a batch, one lowered; all sealed."""
    await empty_tables()
    world = await furnished()
    award = await active_award(world, 30_000 * YUAN, 20_000 * YUAN, 10_000 * YUAN)
    first, second, _ = await instalments(award)
    paid = await approved(world, first)
    await pay(world, paid)
    owed = await claim(world, award, 3_000 * YUAN)
    refund = await refunds.record_refund(
        world[Role.FIN_OFFICER],
        paid,
        amount_fen=Fen(1_000 * YUAN),
        received_on=date(2026, 7, 1),
        reference="T1",
        reason="多付退回",
    )
    await refunds.decide_refund(world[Role.FIN_HEAD], refund, "approve")
    change = await changes.propose_change(
        world[Role.OFFICER],
        award,
        await parts_of(award, p3=8_000 * YUAN),
        reason="抵扣应退款",
        clawback_id=owed,
        seen_version=(await awards.award(world[Role.OFFICER], award)).version,
        today=DAY,
    )
    await changes.decide_change(world[Role.SECTION_HEAD], change, "approve", today=DAY)
    waiting = await approved(world, second)
    await banking.make_batch(world[Role.FIN_OFFICER], [waiting], "bank-csv", today=DAY)
    async with db.ENGINE.transaction():
        await seal_history(calendar.now() + timedelta(minutes=1))


class Undone(Exception):
    """Takes a breach back."""


async def broken_by(statement: str) -> set[str]:
    """What a statement breaks that only the owner of the database could run, and undo it.

    Triggers and foreign keys are off meanwhile.
    """
    names: set[str] = set()
    with contextlib.suppress(Undone):
        async with db.ENGINE.transaction():
            await db.execute("SET LOCAL session_replication_role = replica")
            await db.execute(statement)
            names = {verdict.name for verdict in await verify() if verdict.breaches}
            raise Undone
    return names


@pytest.mark.parametrize(("name", "statement"), BREACHES)
async def test_a_breach_is_seen(lived_in: None, name: str, statement: str) -> None:
    assert name in await broken_by(statement)


async def test_a_lived_in_office_breaks_no_invariant(lived_in: None) -> None:
    assert await broken_by("SELECT 1") == set()


def test_every_invariant_is_broken_by_some_test() -> None:
    names = {invariant.name for invariant in INVARIANTS}
    names |= {"history_is_sealed", "rows_are_as_their_history_says"}
    assert names == {name for name, _ in BREACHES}


#: Tables without a history, as migrations/0002_guards.py names them.
_SILENT = {
    "row_history", "history_seal", "sign_in", "job_run", "inbox_message", "mail",
    "number_series", "import_progress", "migration",
}  # fmt: skip


async def test_no_row_changes_comes_or_goes_without_being_seen(lived_in: None) -> None:
    unseen = []
    tables = await db.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in sorted({r["tablename"] for r in tables} - _SILENT):
        if not await db.value(f'SELECT EXISTS (SELECT 1 FROM "{table}")'):
            continue
        for act in (
            f'UPDATE "{table}" SET id = id + 1000000',
            f'DELETE FROM "{table}" WHERE id = (SELECT max(id) FROM "{table}")',
            f"DELETE FROM row_history WHERE table_name = '{table}'",
        ):
            if "rows_are_as_their_history_says" not in await broken_by(act):
                unseen.append(act)
    assert unseen == []


async def test_verify_says_that_all_is_well(
    lived_in: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await print_verdicts() == 0
    assert "every invariant holds" in capsys.readouterr().out


async def test_verify_names_the_breach_and_fails(
    lived_in: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.suppress(Undone):
        async with db.ENGINE.transaction():
            await db.execute("SET LOCAL session_replication_role = replica")
            await db.execute("UPDATE award SET amount_fen = amount_fen + 1")
            assert await print_verdicts() == 1
            raise Undone
    told = capsys.readouterr().out
    assert "FAIL award_within_its_shares" in told
    assert "助〔2026〕0001" in told


@pytest.mark.usefixtures("empty")
async def test_an_empty_office_breaks_no_invariant() -> None:
    assert await broken_by("SELECT 1") == set()
