"""What running projects do: spending with receipts, reports, changes of what was agreed."""
