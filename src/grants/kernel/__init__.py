"""Pure Python: money, calendar, identifiers, identity, workflow, errors. No I/O, no framework."""
