"""`grants verify`: every invariant of the money, as one query each that finds its breaches.

A query answers the rows that break the invariant, named by `what`; no row means it holds. They
read the tables of every feature on purpose: the witness that no feature lied to another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grants.kernel.errors import N_
from grants.platform import db
from grants.platform.audit import broken_seals, rows_unlike_history


@dataclass(frozen=True)
class Invariant:
    """A sentence that must hold, and the query that finds where it does not."""

    name: str
    sentence: str
    breaches: str


@dataclass(frozen=True)
class Verdict:
    """Whether an invariant holds; `examples` names up to five breaches."""

    name: str
    sentence: str
    breaches: int
    examples: Sequence[str]


_BUCKETS = ("available", "committed", "payable", "in_bank", "paid", "surrendered")


def _folded(owner: str, buckets: Sequence[str]) -> str:
    """Breaches of “balances are the sum of their moves”, for a line or a commitment."""
    table = "line_balance" if owner == "line" else "commitment"
    sums = ", ".join(
        f"coalesce(sum(amount_fen) FILTER (WHERE to_bucket = '{b}'), 0)"
        f" - coalesce(sum(amount_fen) FILTER (WHERE from_bucket = '{b}'), 0) AS {b}"
        for b in buckets
    )
    differs = " OR ".join(f"t.{b}_fen <> coalesce(m.{b}, 0)" for b in buckets)
    return f"""
    SELECT '{owner} ' || t.id AS what FROM {table} t
    LEFT JOIN (SELECT {owner} AS of, {sums} FROM ledger_move GROUP BY {owner}) m ON m.of = t.id
    WHERE {differs} ORDER BY t.id
    """


INVARIANTS: Sequence[Invariant] = (
    Invariant(
        "line_buckets_are_their_moves",
        N_("Each bucket of each line is the sum of its moves"),
        _folded("line", _BUCKETS),
    ),
    Invariant(
        "commitment_buckets_are_their_moves",
        N_("Each bucket of each commitment is the sum of its moves"),
        _folded("commitment", _BUCKETS[1:]),
    ),
    Invariant(
        "quota_is_sum_of_buckets",
        N_("Quota is the sum of the buckets, and what came in less what went out"),
        """
        SELECT 'line ' || b.id AS what FROM line_balance b
        LEFT JOIN (
            SELECT line, sum(CASE WHEN from_bucket = 'outside' THEN amount_fen
                                  WHEN to_bucket = 'outside' THEN -amount_fen ELSE 0 END) AS quota
            FROM ledger_move GROUP BY line
        ) m ON m.line = b.id
        WHERE b.quota_fen <> coalesce(m.quota, 0)
           OR b.quota_fen <> b.available_fen + b.committed_fen + b.payable_fen + b.in_bank_fen
                             + b.paid_fen + b.surrendered_fen
        ORDER BY b.id
        """,
    ),
    Invariant(
        "line_is_sum_of_commitments",
        N_("What a line has committed and paid is the sum of its commitments"),
        """
        SELECT 'line ' || b.id AS what FROM line_balance b
        LEFT JOIN (
            SELECT line, sum(committed_fen) AS committed, sum(payable_fen) AS payable,
                   sum(in_bank_fen) AS in_bank, sum(paid_fen) AS paid,
                   sum(surrendered_fen) AS surrendered
            FROM commitment GROUP BY line
        ) c ON c.line = b.id
        WHERE (b.committed_fen, b.payable_fen, b.in_bank_fen, b.paid_fen, b.surrendered_fen)
              IS DISTINCT FROM
              (coalesce(c.committed, 0), coalesce(c.payable, 0), coalesce(c.in_bank, 0),
               coalesce(c.paid, 0), coalesce(c.surrendered, 0))
        ORDER BY b.id
        """,
    ),
    Invariant(
        "quota_follows_its_documents",
        N_("Every approved quota document moved its amount, and no other did"),
        """
        SELECT 'quota document ' || q.number AS what FROM quota_movement q
        LEFT JOIN (SELECT case_id, count(*) AS moves, min(amount_fen) AS low,
                          max(amount_fen) AS high
                   FROM ledger_move WHERE case_kind = 'quota_movement' GROUP BY case_id) m
               ON m.case_id = q.id
        WHERE (q.state = 'APPROVED') <> (m.case_id IS NOT NULL)
           OR m.low <> q.amount_fen OR m.high <> q.amount_fen
           OR m.moves <> CASE WHEN q.kind = 'TRANSFER' THEN 2 ELSE 1 END
        ORDER BY q.id
        """,
    ),
    Invariant(
        "award_within_its_shares",
        # What was carried over counts as the closed line's share until the award follows.
        N_("The shares of an award add up to it, and no commitment exceeds its share"),
        """
        SELECT 'award ' || a.number AS what FROM award a
        LEFT JOIN (SELECT award, sum(amount_fen) AS fen FROM award_share GROUP BY award) s
               ON s.award = a.id
        WHERE a.state <> 'HISTORIC' AND s.fen IS DISTINCT FROM a.amount_fen
        UNION ALL
        SELECT 'commitment ' || c.id FROM commitment c
        JOIN budget_line l ON l.id = c.line AND l.state = 'OPEN'
        WHERE c.amount_fen > (
            SELECT coalesce(sum(s.amount_fen), 0) FROM award_share s
            JOIN budget_line b ON b.id = s.line
            WHERE s.award = c.award_id AND (s.line = c.line OR b.state = 'CLOSED'))
        ORDER BY what
        """,
    ),
    Invariant(
        "paid_within_award",
        N_("Paid and on its way is never more than the award"),
        """
        SELECT 'award ' || a.number AS what FROM award a
        JOIN (SELECT award_id, sum(payable_fen + in_bank_fen + paid_fen) AS fen
              FROM commitment GROUP BY award_id) c ON c.award_id = a.id
        WHERE c.fen > a.amount_fen ORDER BY a.id
        """,
    ),
    Invariant(
        "payments_fill_their_buckets",
        N_("Payments in each state add up to the buckets of their commitment"),
        """
        SELECT 'commitment ' || c.id AS what FROM commitment c
        LEFT JOIN (
            SELECT p.commitment,
                   sum(p.amount_fen) FILTER (WHERE p.state IN ('APPROVED', 'BOUNCED')) AS payable,
                   sum(p.amount_fen) FILTER (WHERE p.state = 'IN_BANK') AS in_bank,
                   sum(p.amount_fen - coalesce(r.fen, 0)) FILTER (WHERE p.state = 'PAID') AS paid
            FROM payment p
            LEFT JOIN (SELECT payment, sum(amount_fen) AS fen FROM refund
                       WHERE state = 'APPROVED' GROUP BY payment) r ON r.payment = p.id
            GROUP BY p.commitment
        ) p ON p.commitment = c.id
        WHERE (c.payable_fen, c.in_bank_fen, c.paid_fen) IS DISTINCT FROM
              (coalesce(p.payable, 0), coalesce(p.in_bank, 0), coalesce(p.paid, 0))
        ORDER BY c.id
        """,
    ),
    Invariant(
        "instalment_paid_once",
        N_("No instalment has two living payments, and none is paid above its amount"),
        """
        SELECT 'instalment ' || i.id AS what FROM instalment i
        JOIN payment p ON p.instalment = i.id AND p.state NOT IN ('WITHDRAWN', 'REJECTED')
        GROUP BY i.id, i.amount_fen
        HAVING count(*) > 1 OR sum(p.amount_fen) > i.amount_fen ORDER BY i.id
        """,
    ),
    Invariant(
        "instalment_knows_its_payment",
        N_("An instalment is requested or paid exactly when a payment says so"),
        """
        SELECT 'instalment ' || i.id AS what FROM instalment i
        LEFT JOIN payment p ON p.instalment = i.id AND p.state NOT IN ('WITHDRAWN', 'REJECTED')
        WHERE CASE WHEN p.id IS NULL THEN i.state NOT IN ('OPEN', 'CANCELLED')
                   WHEN p.state = 'PAID' THEN i.state <> 'PAID'
                   ELSE i.state <> 'REQUESTED' END
        ORDER BY i.id
        """,
    ),
    Invariant(
        "payment_in_one_live_batch",
        N_("No payment is in two live batches, and each knows its own"),
        """
        SELECT 'payment ' || p.number AS what FROM payment p
        LEFT JOIN (SELECT i.payment, count(*) AS live, max(b.number) AS number FROM batch_item i
                   JOIN batch b ON b.id = i.batch
                   WHERE i.state NOT IN ('RETURNED', 'REMOVED') GROUP BY i.payment) i
               ON i.payment = p.id
        WHERE coalesce(i.live, 0) > 1 OR i.number IS DISTINCT FROM p.batch_no
        ORDER BY p.id
        """,
    ),
    Invariant(
        "paid_item_has_one_receipt",
        N_("Every paid item has exactly one receipt of the bank, and every receipt one item"),
        """
        SELECT 'item ' || i.item_no AS what FROM batch_item i
        LEFT JOIN (SELECT batch_item, count(*) AS receipts FROM bank_result
                   WHERE outcome = 'PAID' GROUP BY batch_item) r ON r.batch_item = i.id
        WHERE (i.state = 'PAID') <> (coalesce(r.receipts, 0) = 1)
        UNION ALL
        SELECT 'payment ' || p.number FROM payment p
        WHERE (p.state = 'PAID') <> (1 = (SELECT count(*) FROM batch_item i
                                          WHERE i.payment = p.id AND i.state = 'PAID'))
        ORDER BY what
        """,
    ),
    Invariant(
        "batch_totals",
        N_("Count and total of each batch are those of its items and of its manifest"),
        """
        SELECT 'batch ' || b.number AS what FROM batch b
        LEFT JOIN (SELECT batch, count(*) AS items, sum(amount_fen) AS fen FROM batch_item
                   WHERE state <> 'REMOVED' GROUP BY batch) i ON i.batch = b.id
        WHERE b.state <> 'CANCELLED' AND (
              (b.item_count, b.total_fen) IS DISTINCT FROM
              (coalesce(i.items, 0), coalesce(i.fen, 0))
           OR (b.state <> 'OPEN' AND ((b.manifest ->> 'total_fen')::bigint <> b.total_fen
               OR (b.manifest ->> 'count')::bigint <> b.item_count
               OR b.manifest ->> 'sha256' <> b.file_sha256)))
        ORDER BY b.id
        """,
    ),
    Invariant(
        "items_pay_their_payments",
        N_("An item of a batch pays what its payment says"),
        """
        SELECT 'item ' || i.item_no AS what FROM batch_item i JOIN payment p ON p.id = i.payment
        WHERE i.amount_fen <> p.amount_fen ORDER BY i.id
        """,
    ),
    Invariant(
        "state_is_fold_of_events",
        N_("The state of every case is the last one its events say, without a gap"),
        """
        WITH chained AS (
            SELECT case_kind, case_id, id, state_before, state_after,
                   lag(state_after) OVER same AS stood,
                   row_number() OVER (PARTITION BY case_kind, case_id ORDER BY id DESC) AS back
            FROM case_event WHERE state_after IS NOT NULL
            WINDOW same AS (PARTITION BY case_kind, case_id ORDER BY id)
        ), standing AS (
            SELECT 'award' AS kind, id, state FROM award
            UNION ALL SELECT 'payment', id, state FROM payment
            UNION ALL SELECT 'batch', id, state FROM batch
            UNION ALL SELECT 'quota_movement', id, state FROM quota_movement
            UNION ALL SELECT 'cash_plan', id, state FROM cash_plan
            UNION ALL SELECT 'refund', id, state FROM refund
            UNION ALL SELECT 'year_end', id, state FROM year_end
            UNION ALL SELECT 'award_change', id, state FROM award_change
            UNION ALL SELECT 'clawback', id, state FROM clawback
            UNION ALL SELECT 'bank_account', id, state FROM bank_account
        )
        SELECT case_kind || ' ' || case_id || ' event ' || id AS what FROM chained
        WHERE stood IS NOT NULL AND state_before IS DISTINCT FROM stood
        UNION ALL
        SELECT s.kind || ' ' || s.id FROM standing s
        LEFT JOIN chained c ON c.case_kind = s.kind AND c.case_id = s.id AND c.back = 1
        WHERE s.state IS DISTINCT FROM c.state_after ORDER BY what
        """,
    ),
    Invariant(
        "payees_are_as_their_events_say",
        N_("Standing, grade and inspection of an organisation are those last recorded"),
        """
        WITH said AS (
            SELECT DISTINCT ON (case_id, verb) case_id, verb, facts FROM case_event
            WHERE case_kind = 'organisation' AND verb IN ('standing', 'grade', 'inspection')
            ORDER BY case_id, verb, id DESC
        )
        SELECT 'organisation ' || o.id AS what FROM organisation o
        LEFT JOIN said s ON s.case_id = o.id AND s.verb = 'standing'
        LEFT JOIN said g ON g.case_id = o.id AND g.verb = 'grade'
        LEFT JOIN said i ON i.case_id = o.id AND i.verb = 'inspection'
        WHERE o.standing <> coalesce(s.facts -> 'standing' ->> 1, 'GOOD')
           OR o.grade IS DISTINCT FROM g.facts -> 'grade' ->> 1
           OR o.grade_expires_on::text IS DISTINCT FROM g.facts ->> 'expires_on'
           OR o.inspection_result IS DISTINCT FROM i.facts -> 'result' ->> 1
           OR o.inspection_year::text IS DISTINCT FROM i.facts ->> 'year'
        ORDER BY o.id
        """,
    ),
    Invariant(
        "nobody_approved_their_own",
        N_("No natural person took two duties on one case, whatever the account"),
        """
        SELECT 'payment ' || a.payment AS what FROM payment_act a JOIN payment p ON p.id = a.payment
        WHERE a.decision IN ('APPROVE', 'RETURN', 'REJECT') AND a.person_id = p.made_by_person
        UNION ALL
        SELECT 'payment ' || payment FROM payment_act WHERE decision <> 'WITHDRAW'
        GROUP BY payment, round, person_id HAVING count(*) > 1
        UNION ALL
        SELECT 'payment ' || i.payment FROM batch_item i JOIN batch b ON b.id = i.batch
        JOIN payment_act a ON a.payment = i.payment AND a.person_id = b.sent_by_person
        WHERE i.state <> 'REMOVED'
        UNION ALL
        SELECT 'award ' || e.case_id FROM case_event e JOIN award a ON a.id = e.case_id
        WHERE e.case_kind = 'award' AND e.verb IN ('approve', 'terminate')
          AND e.person_id = a.created_by_person
        UNION ALL
        SELECT 'month ' || m.month_on FROM month_close m JOIN bank_file f
            ON f.imported_by_person = m.closed_by_person
        JOIN bank_result r ON r.bank_file = f.id
        WHERE m.state = 'CLOSED' AND date_trunc('month', r.booked_on) = m.month_on
        ORDER BY what
        """,
    ),
    Invariant(
        "approved_by_the_whole_chain",
        N_("Every approved payment passed every step of its frozen chain, in its last round"),
        """
        SELECT 'payment ' || p.number AS what FROM payment p
        LEFT JOIN (SELECT payment, round, count(*) AS approvals FROM payment_act
                   WHERE decision = 'APPROVE' GROUP BY payment, round) a
               ON a.payment = p.id AND a.round = p.round
        WHERE p.state IN ('APPROVED', 'IN_BANK', 'BOUNCED', 'PAID')
          AND coalesce(a.approvals, 0) <> jsonb_array_length(p.chain)
        ORDER BY p.id
        """,
    ),
    Invariant(
        "cash_plan_covers_payments",
        N_("Money approved and paid is within the cash plan of its line"),
        """
        SELECT 'line ' || l.code AS what FROM budget_line l
        JOIN line_balance b ON b.id = l.id
        LEFT JOIN cash_plan c ON c.line = l.id AND c.state = 'APPROVED'
        WHERE l.state = 'OPEN' AND b.payable_fen + b.in_bank_fen + b.paid_fen
              > coalesce((SELECT sum(m) FROM unnest(c.months_fen) m), 0)
        ORDER BY l.id
        """,
    ),
    Invariant(
        "refunds_within_payments",
        N_("No more came back of a payment than was paid"),
        """
        SELECT 'payment ' || p.number AS what FROM payment p
        JOIN (SELECT payment, sum(amount_fen) AS fen FROM refund
              WHERE state <> 'REJECTED' GROUP BY payment) r ON r.payment = p.id
        WHERE r.fen > p.amount_fen ORDER BY p.id
        """,
    ),
    Invariant(
        "claims_are_their_recoveries",
        N_(
            "What came back of each claim is the sum of its refunds and set-offs, each counted once"
        ),
        """
        SELECT 'clawback ' || k.number AS what FROM clawback k
        LEFT JOIN (SELECT clawback, sum(amount_fen) AS fen FROM recovery GROUP BY clawback) r
               ON r.clawback = k.id
        WHERE k.recovered_fen <> coalesce(r.fen, 0)
        UNION ALL
        SELECT r.source_kind || ' ' || r.source_id FROM recovery r
        LEFT JOIN refund f ON r.source_kind = 'refund' AND f.id = r.source_id
                          AND f.state = 'APPROVED'
        LEFT JOIN award_change c ON r.source_kind = 'award_change' AND c.id = r.source_id
                                AND c.state = 'APPROVED'
        GROUP BY r.source_kind, r.source_id, f.amount_fen, c.before_fen, c.after_fen
        HAVING sum(r.amount_fen) > coalesce(f.amount_fen, c.before_fen - c.after_fen, 0)
        ORDER BY what
        """,
    ),
    Invariant(
        "awards_changed_as_decided",
        N_("An award is as large as its last approved change says, and only those moved money"),
        """
        SELECT 'award ' || a.number AS what FROM award a
        JOIN LATERAL (SELECT after_fen FROM award_change c
                      WHERE c.award = a.id AND c.state = 'APPROVED'
                      ORDER BY c.decided_at DESC, c.id DESC LIMIT 1) last ON true
        WHERE a.amount_fen <> last.after_fen
        UNION ALL
        SELECT 'move ' || m.move_key FROM ledger_move m
        LEFT JOIN award_change c ON c.id = split_part(m.move_key, ':', 2)::bigint
              AND c.state = 'APPROVED' AND m.case_kind = 'award' AND m.case_id = c.award
        WHERE m.move_key LIKE 'award_change:%' AND c.id IS NULL
        ORDER BY what
        """,
    ),
    Invariant(
        "administrators_do_no_business",
        N_("No person holds an administrator's role together with a business role"),
        """
        SELECT 'person ' || u.person AS what FROM role_grant g JOIN app_user u ON u.id = g."user"
        WHERE g.ends_on IS NULL OR g.ends_on > current_date
        GROUP BY u.person
        HAVING bool_or(g.role IN ('SYS_ADMIN', 'SEC_ADMIN', 'AUDIT_ADMIN'))
           AND bool_or(g.role NOT IN ('SYS_ADMIN', 'SEC_ADMIN', 'AUDIT_ADMIN'))
        ORDER BY u.person
        """,
    ),
)


async def verify() -> list[Verdict]:
    """Check every invariant, in order."""
    checked = [
        (one.name, one.sentence, [str(r["what"]) for r in await db.rows(one.breaches)])
        for one in INVARIANTS
    ]
    checked += [
        (
            "rows_are_as_their_history_says",
            N_("Every row is as its history says; none changed, came or went without it"),
            await rows_unlike_history(),
        ),
        (
            "history_is_sealed",
            N_("The sealed history of rows is unchanged"),
            [f"seal {n}" for n in await broken_seals()],
        ),
    ]
    return [Verdict(name, sentence, len(found), found[:5]) for name, sentence, found in checked]
