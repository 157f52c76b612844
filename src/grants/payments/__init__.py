"""Payments: requests, the gate, and the chain of approvals."""
