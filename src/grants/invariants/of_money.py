"""Invariants of the ledger, of awards and of payments: every fen stands where its moves say."""

from __future__ import annotations

from collections.abc import Sequence

from grants.invariants.invariant import Invariant
from grants.kernel.errors import N_

_COMMITTED = ("committed", "payable", "in_bank", "paid", "surrendered")
_PRECOMMITTED = ("precommitted",)
_BUCKETS = ("available", *_PRECOMMITTED, *_COMMITTED)


def _folded(owner: str, buckets: Sequence[str]) -> str:
    """Breaches of “balances are the sum of their moves”, for a line or what holds some of it."""
    table = "line_balance" if owner == "line" else owner
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


OF_MONEY: Sequence[Invariant] = (
    Invariant(
        "line_buckets_are_their_moves",
        N_("Each bucket of each line is the sum of its moves"),
        _folded("line", _BUCKETS),
    ),
    Invariant(
        "commitment_buckets_are_their_moves",
        N_("Each bucket of each commitment is the sum of its moves"),
        _folded("commitment", _COMMITTED),
    ),
    Invariant(
        "precommitments_are_their_moves",
        N_("What a decision holds for each case is the sum of its moves"),
        _folded("precommitment", _PRECOMMITTED),
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
           OR b.quota_fen <> b.available_fen + b.precommitted_fen + b.committed_fen
                             + b.payable_fen + b.in_bank_fen + b.paid_fen + b.surrendered_fen
        ORDER BY b.id
        """,
    ),
    Invariant(
        "line_is_sum_of_commitments",
        N_("What a line has held, committed and paid is the sum of what holds it"),
        """
        SELECT 'line ' || b.id AS what FROM line_balance b
        LEFT JOIN (
            SELECT line, sum(committed_fen) AS committed, sum(payable_fen) AS payable,
                   sum(in_bank_fen) AS in_bank, sum(paid_fen) AS paid,
                   sum(surrendered_fen) AS surrendered
            FROM commitment GROUP BY line
        ) c ON c.line = b.id
        LEFT JOIN (SELECT line, sum(precommitted_fen) AS fen FROM precommitment GROUP BY line) p
               ON p.line = b.id
        WHERE (b.precommitted_fen, b.committed_fen, b.payable_fen, b.in_bank_fen, b.paid_fen,
               b.surrendered_fen)
              IS DISTINCT FROM
              (coalesce(p.fen, 0), coalesce(c.committed, 0), coalesce(c.payable, 0),
               coalesce(c.in_bank, 0), coalesce(c.paid, 0), coalesce(c.surrendered, 0))
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
)
