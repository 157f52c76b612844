"""Budget: fund sources, programmes, budget lines, quota, cash plan and the ledger."""
