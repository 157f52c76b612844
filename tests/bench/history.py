"""A bureau's past in bulk: thousands of payments, written by SQL as the actions would have.

Payment, award, share, instalment and commitment of one payment share one id, which is the
number that the statements count by. Most are PAID; the newest wait for the reviewer of
finance or, for the last approval, for a deputy leader, and pass the gate. Row history is
left out, and so are batches and the events of awards; ledger, acts, duties and events are there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from grants.kernel import calendar
from grants.kernel.identity import SYSTEM, Role
from grants.payments import queries
from grants.payments.gatekeeper import gate_of
from grants.platform import crypto, db
from tests.world import YUAN, World

PROGRAMMES, FUNDS, YEARS, PAYEES = 10, 4, 5, 300
LINES_A_YEAR = PROGRAMMES * FUNDS
LINES = LINES_A_YEAR * YEARS
_SPARE_FEN = 1_000_000 * YUAN

_COMMUNITIES = (
    "弇山 武陵 朱雀 梅园 县府 德兴 人民 太平 桃园 洋沙 康乐 惠阳 良辅 娄江 海运堤 "
    "港城 金浪 牌楼 九曲 岳王 沙溪 归庄 直塘 璜泾 王秀 鹿河 双凤 新湖 浏家港 陆渡"
).split()
_KINDS = "邻里家园 一老一小 公益创投 社工站点 困境儿童 长者食堂 志愿服务".split()


@dataclass(frozen=True)
class Size:
    """How many payments there are, and how many of them wait, for whom."""

    payments: int
    for_finance: int
    for_deputy: int

    @property
    def paid(self) -> int:
        """Ids 1 to this are history."""
        return self.payments - self.for_finance - self.for_deputy

    @property
    def last_steps(self) -> range:
        """Ids that wait for their last approval."""
        return range(self.payments - self.for_deputy + 1, self.payments + 1)


async def lay_ground() -> None:
    """Programmes, fund sources, five years of lines, and payees with verified accounts."""
    year = calendar.today().year
    async with db.unit_of_work(SYSTEM):
        await db.execute("SET LOCAL session_replication_role = replica")
        await db.execute(_GROUND, year)
        kinds = await db.rows("SELECT id, name FROM organisation ORDER BY id")
        await db.write_many(
            """
            INSERT INTO bank_account (id, organisation, holder_name, number, number_index,
                number_last4, bank_name, cnaps, state, entered_by_person, verified_by_person,
                evidence)
            VALUES ($1, $1, $2, $3, $4, $5, '示例银行太仓支行', '999305285003', 'VERIFIED',
                    2, 3, '')
            """,
            [(r["id"], r["name"], *_account_number(r["id"])) for r in kinds],
        )
        # The treasury's last days would refuse approvals to whoever measures in December.
        await db.execute(
            "UPDATE policy_version SET body = body || '{\"year_end_cutoff_day\": 31}' "
            "WHERE kind = 'payment_gate'"
        )
        await _count_on()


def _account_number(payee: int) -> tuple[bytes, bytes, str]:
    number = f"3205{payee:011d}"
    return (
        crypto.encrypt("bank_account", number),
        crypto.blind_index("bank_account", number),
        number[-4:],
    )


async def lay_history(world: World, size: Size) -> None:
    """Payments 1 to `size.payments`, with everything that stands behind each."""
    today = calendar.today()
    gate = await _gate_of_one(world, size, today)
    async with db.unit_of_work(SYSTEM):
        await db.execute("SET LOCAL session_replication_role = replica")
        await db.execute("DELETE FROM payment; DELETE FROM line_balance")
        for table in ("award", "award_share", "instalment", "commitment", "cash_plan"):
            await db.execute(f"DELETE FROM {table}")
        await _lay(world, size, today, gate)
        await db.execute(_ACTS, *_people(world))
        await db.execute(_DUTIES, *_people(world))
        await db.execute(_EVENTS, *_people(world))
        await db.execute(_MOVES, world[Role.FIN_OFFICER].user_id)
        await db.execute(_QUOTAS, world[Role.FIN_OFFICER].user_id)
        await _count_on()


async def _gate_of_one(world: World, size: Size, today: date) -> dict[str, object]:
    """What the gate says of these payments: each row carries it, as real rows do."""
    async with db.unit_of_work(SYSTEM):
        await db.execute("SET LOCAL session_replication_role = replica")
        await _lay(world, Size(1, 1, 0), today, {})
    payment = await queries.payment(SYSTEM, 1)
    return (await gate_of(payment, today=today)).stored()


async def _lay(world: World, size: Size, today: date, gate: dict[str, object]) -> None:
    await db.execute("DROP TABLE IF EXISTS pg_temp.planned")
    await db.execute(_planned(size, today))
    await db.execute("ANALYZE planned")
    await db.execute(_AWARDS, world[Role.OFFICER].person_id)
    await db.execute(_PAYMENTS, world[Role.OFFICER].person_id, gate)
    await db.execute(_BALANCES, _SPARE_FEN)
    await db.execute(_CASH_PLANS)


def _people(world: World) -> list[int]:
    roles = (Role.OFFICER, Role.SECTION_HEAD, Role.FIN_OFFICER, Role.DEPUTY_LEADER)
    return [world[role].person_id for role in roles]


async def _count_on() -> None:
    """Serial columns go on after the ids that were given."""
    for r in await db.rows(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    ):
        name = r["tablename"]
        await db.execute(
            f"SELECT setval(pg_get_serial_sequence('\"{name}\"', 'id'), max(id)) "
            f'FROM "{name}" HAVING max(id) IS NOT NULL '
            f"AND pg_get_serial_sequence('\"{name}\"', 'id') IS NOT NULL"
        )


def _planned(size: Size, today: date) -> str:
    """One row for each payment: state, line, payee, amount, days."""
    first_open = LINES - LINES_A_YEAR
    ahead = [f"'{today + timedelta(days=days)}'::date" for days in (-5, 0)]
    return f"""
    CREATE TEMP TABLE planned ON COMMIT DROP AS
    SELECT n, waits, step, line, payee, amount_fen, title, code, year, starts_on, due_on,
           CASE WHEN waits THEN NULL ELSE due_on - 3 END AS paid_on
    FROM (
        SELECT *, CASE WHEN waits THEN {ahead[0]} + n % 40
                  ELSE least({ahead[1]} - 4, make_date(year, 1, 15) + n * 37 % 340) END AS due_on,
               make_date(year, 1, 5) AS starts_on
        FROM (
            SELECT n, n > {size.paid} AS waits,
                   CASE WHEN n <= {size.paid} THEN 4
                        WHEN n <= {size.paid + size.for_finance} THEN 2 ELSE 3 END AS step,
                   CASE WHEN n <= {size.paid} THEN 1 + n % {LINES}
                        ELSE {first_open} + 1 + n % {LINES_A_YEAR} END AS line,
                   1 + n * 7 % {PAYEES} AS payee,
                   -- One amount for all last steps: pgbench repeats one approval's statements.
                   CASE WHEN n > {size.payments - size.for_deputy} THEN 3000000
                        ELSE 500000 + n::bigint * 7919 % 4400000 END AS amount_fen
            FROM generate_series(1, {size.payments}) n
        ) counted
        CROSS JOIN LATERAL (SELECT l.fiscal_year AS year, l.code FROM budget_line l
                            WHERE l.id = counted.line) line
        CROSS JOIN LATERAL (
            SELECT ({_array(_KINDS)})[1 + n % {len(_KINDS)}] || '·'
                   || ({_array(_COMMUNITIES)})[1 + n / 7 % {len(_COMMUNITIES)}] || '社区' AS title
        ) named
    ) dated
    """


def _array(words: list[str]) -> str:
    return "ARRAY[" + ",".join(f"'{word}'" for word in words) + "]"


_GROUND = f"""
WITH programmes AS (
    INSERT INTO programme (id, code, name, name_en, instrument, department)
    SELECT n, 'P' || n, '示例项目' || n, 'Sample programme ' || n, 'SERVICE_CONTRACT',
           'CIVIL_AFFAIRS' FROM generate_series(1, {PROGRAMMES}) n
), funds AS (
    INSERT INTO fund_source (id, code, name, name_en, kind)
    SELECT n, 'F' || n, '示例资金' || n, 'Sample fund ' || n, 'GENERAL'
    FROM generate_series(1, {FUNDS}) n
), lines AS (
    INSERT INTO budget_line (id, code, programme, fund_source, fiscal_year, func_code,
                             gov_eco_code, dept_eco_code, state)
    SELECT 1 + n, 'P' || 1 + n % {PROGRAMMES} || '-F' || 1 + n / {PROGRAMMES} % {FUNDS} || '-'
           || $1::int - {YEARS - 1} + n / {LINES_A_YEAR},
           1 + n % {PROGRAMMES}, 1 + n / {PROGRAMMES} % {FUNDS},
           $1::int - {YEARS - 1} + n / {LINES_A_YEAR}, '2080208', '50205', '30227', 'OPEN'
    FROM generate_series(0, {LINES - 1}) n
)
INSERT INTO organisation (id, name, external_id, kind, standing, standing_note, inspection_year,
                          inspection_result, version, is_demo)
SELECT n, '示例' || ({_array(_COMMUNITIES)})[1 + n % {len(_COMMUNITIES)}]
          || ({_array(["同心", "晨曦", "众和", "乐助", "春晖"])})[1 + n / 30 % 5]
          || CASE n / 150 WHEN 0 THEN '社会工作服务中心' ELSE '公益事业发展中心' END
          || CASE WHEN n = 300 THEN '二' ELSE '' END,
       'bench-' || n, 'PRIVATE_NON_ENTERPRISE', 'GOOD', '', $1::int - 1, 'PASSED', 1, true
FROM generate_series(1, {PAYEES}) n
"""

_AWARDS = """
WITH awards AS (
    INSERT INTO award (id, number, programme, organisation, title, purpose, amount_fen, state,
                       basis, minutes_no, decided_on, starts_on, ends_on, origin, funder_id,
                       objections, created_by_person, version)
    SELECT n, '助〔' || year || '〕' || n, l.programme, payee, title, '驻点社会工作服务',
           amount_fen,
           CASE WHEN waits THEN 'ACTIVE' ELSE 'COMPLETED' END, '', '局长办公会纪要', starts_on,
           starts_on, make_date(year, 12, 31), 'MANUAL', '', 'NONE', $1, 2
    FROM planned JOIN budget_line l ON l.id = planned.line
), commitments AS (
    INSERT INTO commitment (id, line, award_id, amount_fen, committed_fen, payable_fen,
                            in_bank_fen, paid_fen, surrendered_fen)
    SELECT n, line, n, amount_fen, CASE WHEN waits THEN amount_fen ELSE 0 END, 0, 0,
           CASE WHEN waits THEN 0 ELSE amount_fen END, 0 FROM planned
), shares AS (
    INSERT INTO award_share (id, award, line, fiscal_year, amount_fen, commitment)
    SELECT n, n, line, year, amount_fen, n FROM planned
)
INSERT INTO instalment (id, award, share, sequence, amount_fen, condition, due_on,
                        condition_met_on, condition_evidence, state)
SELECT n, n, n, 1, amount_fen, '合同签订', due_on, starts_on, '合同已签',
       CASE WHEN waits THEN 'REQUESTED' ELSE 'PAID' END FROM planned
"""

_PAYMENTS = """
INSERT INTO payment (id, number, fiscal_year, award, instalment, share, commitment, bank_account,
    payee_name, amount_fen, purpose, invoice_no, invoice_kind, invoice_amount_fen, minutes_no,
    state, round, step, chain, tier, tier_policy, gate, made_by_person, due_on, submitted_at,
    approved_at, paid_on, version)
SELECT n, '付〔' || year || '〕' || lpad(n::text, 6, '0'), year, n, n, n, n, payee, o.name,
       planned.amount_fen, '服务费 ' || n, lpad(n::text, 20, '0'), 'RECEIPT',
       planned.amount_fen, '',
       CASE WHEN waits THEN 'SUBMITTED' ELSE 'PAID' END, 1, step,
       '["SECTION_HEAD", "FIN_OFFICER", "DEPUTY_LEADER"]', 'T1',
       (SELECT id FROM policy_version WHERE kind = 'approval_tiers'), $2, $1, due_on,
       due_on - 20, CASE WHEN waits THEN NULL ELSE due_on - 10 END, paid_on, step
FROM planned JOIN organisation o ON o.id = payee
"""

_BALANCES = """
INSERT INTO line_balance (id, quota_fen, available_fen, committed_fen, payable_fen, in_bank_fen,
                          paid_fen, surrendered_fen)
SELECT l.id, $1 + coalesce(c.held, 0), $1, coalesce(c.committed, 0), 0, 0, coalesce(c.paid, 0), 0
FROM budget_line l
LEFT JOIN (SELECT line, sum(amount_fen)::bigint AS held, sum(committed_fen)::bigint AS committed,
                  sum(paid_fen)::bigint AS paid FROM commitment GROUP BY line) c ON c.line = l.id
"""

_CASH_PLANS = """
INSERT INTO cash_plan (line, revision, months_fen, state, proposed_by_person, decided_by_person)
SELECT id, 1, ARRAY[quota_fen] || array_fill(0::bigint, ARRAY[11]), 'APPROVED', 2, 3
FROM line_balance
"""

#: officer, section head, reviewer of finance, deputy leader: $1 to $4, in the order of the chain.
_CHAIN = """
(VALUES (0, 'OFFICER', 'SUBMIT', $1::bigint), (1, 'SECTION_HEAD', 'APPROVE', $2),
        (2, 'FIN_OFFICER', 'APPROVE', $3), (3, 'DEPUTY_LEADER', 'APPROVE', $4))
    AS did(step, role, decision, person)
"""

_ACTS = f"""
INSERT INTO payment_act (payment, round, step, role, decision, opinion, user_id, person_id,
                         decided_at)
SELECT p.id, 1, did.step, did.role, did.decision, '同意', u.id, did.person, p.submitted_at
FROM payment p JOIN {_CHAIN} ON did.step < p.step JOIN app_user u ON u.person = did.person
ORDER BY p.id, did.step
"""

_DUTIES = f"""
INSERT INTO held_duty (case_kind, case_id, person_id, duty)
SELECT 'payment', p.id, did.person, did.role FROM payment p JOIN {_CHAIN} ON did.step < p.step
ORDER BY p.id, did.step
"""

_EVENTS = """
INSERT INTO case_event (case_kind, case_id, verb, state_before, state_after, reason, facts,
                        user_id, person_id, role, request_id, at)
SELECT 'payment', p.id, did.verb, did.before, did.after, '', '{}', u.id, did.person, did.role, '',
       p.submitted_at
FROM payment p
JOIN (VALUES (0, 'draft', NULL, 'DRAFT', NULL, $1::bigint),
             (0, 'submit', 'DRAFT', 'SUBMITTED', 'OFFICER', $1),
             (1, 'approve', 'SUBMITTED', 'SUBMITTED', 'SECTION_HEAD', $2),
             (2, 'approve', 'SUBMITTED', 'SUBMITTED', 'FIN_OFFICER', $3),
             (3, 'approve_finally', 'SUBMITTED', 'APPROVED', 'DEPUTY_LEADER', $4),
             (3, 'send', 'APPROVED', 'IN_BANK', NULL, $3),
             (3, 'settle', 'IN_BANK', 'PAID', NULL, $3))
    AS did(step, verb, before, after, role, person) ON did.step < p.step
JOIN app_user u ON u.person = did.person
ORDER BY p.id, did.step
"""

_MOVES = """
INSERT INTO ledger_move (line, commitment, from_bucket, to_bucket, amount_fen, act, case_kind,
                         case_id, move_key, moved_on, moved_at, user_id)
SELECT c.line, p.commitment, source, target, p.amount_fen, act,
       CASE act WHEN 'commit' THEN 'award' ELSE 'payment' END, p.id,
       'payment:' || p.id || ':' || act, coalesce(p.paid_on, p.due_on), p.submitted_at, $1
FROM payment p JOIN commitment c ON c.id = p.commitment
JOIN (VALUES (0, 'commit', 'available', 'committed'), (3, 'approve', 'committed', 'payable'),
             (3, 'send', 'payable', 'in_bank'), (3, 'pay', 'in_bank', 'paid'))
    AS moved(step, act, source, target) ON moved.step < p.step
ORDER BY p.id, moved.step
"""

_QUOTAS = """
WITH documents AS (
    INSERT INTO quota_movement (id, number, kind, line, amount_fen, document_no, issued_on, reason,
                                state, proposed_by_person, decided_by_person, version)
    SELECT l.id, '指〔' || l.fiscal_year || '〕' || l.id, 'INITIAL', l.id, b.quota_fen,
           '太财预〔' || l.fiscal_year || '〕1号', make_date(l.fiscal_year, 1, 5), '', 'APPROVED',
           2, 3, 2
    FROM budget_line l JOIN line_balance b ON b.id = l.id
    RETURNING id, line, amount_fen, issued_on
)
INSERT INTO ledger_move (line, from_bucket, to_bucket, amount_fen, act, case_kind, case_id,
                         move_key, moved_on, moved_at, user_id)
SELECT line, 'outside', 'available', amount_fen, 'receive', 'quota_movement', id,
       'quota:' || id, issued_on, issued_on, $1 FROM documents ORDER BY id
"""
