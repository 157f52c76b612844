"""Invariants of cases: their states, who took part in them, and what was decided on."""

from __future__ import annotations

from collections.abc import Sequence

from grants.invariants.invariant import Invariant
from grants.kernel.errors import N_

OF_CASES: Sequence[Invariant] = (
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
            UNION ALL SELECT 'call_round', id, state FROM call_round
            UNION ALL SELECT 'application', id, state FROM application
            UNION ALL SELECT 'funding_decision', id, state FROM funding_decision
            UNION ALL SELECT 'public_notice', id, state FROM public_notice
            UNION ALL SELECT 'objection', id, state FROM objection
            UNION ALL SELECT 'agreement', id, state FROM agreement
            UNION ALL SELECT 'spending', id, state FROM spending
            UNION ALL SELECT 'evaluation', id, state FROM evaluation
            UNION ALL SELECT 'settlement', id, state FROM settlement
            UNION ALL SELECT 'progress_report', id, state FROM progress_report
            UNION ALL SELECT 'project_change', id, state FROM project_change
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
        "decided_projects_are_held",
        N_("For each decided project its money is held, until it is funded or drops out"),
        """
        SELECT 'application ' || a.number AS what FROM application a
        LEFT JOIN precommitment p ON p.case_kind = 'application' AND p.case_id = a.id
        LEFT JOIN (
            SELECT l.application, l.amount_fen, l.place FROM decision_line l
            JOIN funding_decision d ON d.id = l.decision AND d.state = 'ADOPTED'
        ) l ON l.application = a.id
        WHERE coalesce(p.precommitted_fen, 0) <> CASE
            WHEN a.state IN ('PROPOSED', 'APPROVED')
              OR (a.state = 'ELIGIBLE' AND l.place = 'FUNDED') THEN coalesce(l.amount_fen, 0)
            ELSE 0 END
        ORDER BY a.id
        """,
    ),
    Invariant(
        "nothing_is_funded_unpublished",
        N_("Whatever is to be funded was published, its days over and no objection open"),
        """
        SELECT 'application ' || a.number AS what FROM application a
        WHERE a.state IN ('APPROVED', 'AWARDED') AND NOT EXISTS (
            SELECT 1 FROM notice_entry e JOIN public_notice n ON n.id = e.notice
            WHERE e.case_kind = 'application' AND e.case_id = a.id AND n.state = 'ENDED'
              AND NOT EXISTS (
                SELECT 1 FROM objection o WHERE o.notice = n.id
                  AND o.state IN ('RECEIVED', 'UPHELD')
                  AND (o.entry = e.id OR (o.entry IS NULL AND o.state = 'RECEIVED'))))
        ORDER BY a.id
        """,
    ),
    Invariant(
        "awards_follow_their_agreements",
        N_("A funded project has one agreement in force, whose award is its own"),
        """
        SELECT 'agreement ' || g.number AS what FROM agreement g
        JOIN application a ON a.id = g.application
        LEFT JOIN award w ON w.id = g.award
        WHERE (g.state = 'ACTIVE') <> (a.state = 'AWARDED')
           OR (g.state = 'ACTIVE' AND (w.basis <> g.number OR w.organisation <> g.organisation
               OR w.created_by_person <> g.drawn_up_by_person))
        UNION ALL
        SELECT 'application ' || a.number FROM application a
        WHERE a.state = 'AWARDED' AND NOT EXISTS (
            SELECT 1 FROM agreement g WHERE g.application = a.id AND g.state = 'ACTIVE')
        UNION ALL
        SELECT 'award ' || w.number FROM award w
        WHERE w.origin = 'AGREEMENT' AND w.state <> 'DRAFT' AND NOT EXISTS (
            SELECT 1 FROM agreement g WHERE g.award = w.id AND g.state = 'ACTIVE')
        ORDER BY what
        """,
    ),
    Invariant(
        "evaluations_open_their_parts",
        N_("A part that an evaluation opens was opened by a confirmed one that was passed"),
        """
        SELECT 'instalment ' || i.id AS what FROM instalment i
        WHERE i.opened_by IN ('MIDTERM', 'FINAL') AND i.condition_met_on IS NOT NULL
          AND NOT EXISTS (
            SELECT 1 FROM evaluation e JOIN policy_version v ON v.id = e.policy_version
            CROSS JOIN LATERAL jsonb_array_elements(v.body -> 'grades') g
            WHERE e.award = i.award AND e.kind = i.opened_by AND e.state = 'CONFIRMED'
              AND g ->> 'name' = e.grade AND (g ->> 'k_permille')::int > 0)
        ORDER BY i.id
        """,
    ),
    Invariant(
        "evaluations_add_up",
        N_("A signed evaluation's total is the sum of its points, its grade what they earn"),
        """
        SELECT 'evaluation ' || e.number AS what FROM evaluation e
        JOIN policy_version v ON v.id = e.policy_version
        WHERE e.total IS NOT NULL AND (
            e.total <> (SELECT coalesce(sum(p.value::int), 0) FROM jsonb_each_text(e.points) p)
            OR e.grade <> (SELECT g ->> 'name' FROM jsonb_array_elements(v.body -> 'grades') g
                           WHERE (g ->> 'least')::int <= e.total
                           ORDER BY (g ->> 'least')::int DESC LIMIT 1))
        ORDER BY e.id
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
