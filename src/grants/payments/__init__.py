"""Payments: requests, approvals, batches, bank returns, refunds."""
