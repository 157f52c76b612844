"""Banking: batches, what the bank answers, refunds, and the monthly reconciliation."""
