"""Reports: what leaders and auditors read."""
