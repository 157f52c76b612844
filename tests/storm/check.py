"""What must hold after a kill: nothing lost, nothing doubled, nothing half done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from grants.invariants.verify import verify
from grants.platform import db

IMPORTED_ROWS = 20

#: What a unit of work writes together is there together; each query finds what is torn.
TORN = {
    "a batch is sent with all of its items": """
        SELECT b.number AS what FROM batch b JOIN batch_item i ON i.batch = b.id
        WHERE (b.state IN ('OPEN', 'FROZEN') AND i.state NOT IN ('GENERATED', 'REMOVED'))
           OR (b.state IN ('SENT', 'SETTLED') AND i.state = 'GENERATED')
           OR (b.state = 'SETTLED' AND i.state IN ('SENT', 'UNKNOWN')) ORDER BY b.id
    """,
    "a payment is paid at most once": """
        SELECT 'payment ' || case_id AS what FROM ledger_move WHERE act = 'pay'
        GROUP BY case_id HAVING count(*) > 1 ORDER BY case_id
    """,
    "a result file is applied whole": """
        SELECT f.name AS what FROM bank_file f WHERE f.applied_count <>
            (SELECT count(*) FROM bank_result r WHERE r.bank_file = f.id) ORDER BY f.id
    """,
    "an import is written whole": f"""
        SELECT split_part(external_id, '#', 1) AS what FROM award WHERE external_id IS NOT NULL
        GROUP BY 1 HAVING count(*) <> {IMPORTED_ROWS} ORDER BY 1
    """,
    "the buckets add up to the quota documents": """
        SELECT 'line ' || b.id AS what FROM line_balance b
        WHERE b.quota_fen <> (SELECT coalesce(sum(q.amount_fen), 0) FROM quota_movement q
                              WHERE q.line = b.id AND q.state = 'APPROVED') ORDER BY b.id
    """,
    "numbers of documents have no gap": """
        SELECT s.series AS what FROM number_series s
        WHERE s.series = 'payment-2026' AND s.last <> (SELECT count(*) FROM payment)
           OR s.series = 'batch-2026' AND s.last <> (SELECT count(*) FROM batch)
        ORDER BY s.series
    """,
}


async def found_wrong(told: Sequence[str]) -> dict[str, list[str]]:
    """What is wrong, by the sentence that does not hold; empty when all is well."""
    wrong = {v.name: list(v.examples) for v in await verify() if v.breaches}
    for sentence, query in TORN.items():
        if torn := [str(r["what"]) for r in await db.rows(query)]:
            wrong[sentence] = torn
    if lost := await _lost(told):
        wrong["what was told to be done is done"] = lost
    return wrong


async def _lost(told: Sequence[str]) -> list[str]:
    """Acts that a worker was told are done, and that are not there."""
    lines = [line for text in told for line in text.splitlines()]
    faults = [line for line in lines if line.startswith("FAULT")]
    acts = Counter(tuple(line.split()) for line in lines if not line.startswith("FAULT"))
    done: Counter[tuple[str, ...]] = Counter()
    for r in await db.rows(
        "SELECT case_kind, case_id, regexp_replace(verb, '_finally$', '') AS verb, "
        "count(*) AS times FROM case_event GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    ):
        done[(r["case_kind"], str(r["case_id"]), r["verb"])] = r["times"]
    for r in await db.rows(
        "SELECT split_part(external_id, '#', 1) AS name FROM award WHERE external_id IS NOT NULL "
        "GROUP BY 1 ORDER BY 1"
    ):
        done[("import", "0", r["name"])] = 2
    return faults + [" ".join(act) for act, times in acts.items() if done[act] < times]
