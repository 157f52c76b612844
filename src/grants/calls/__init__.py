"""Public-welfare venture calls (公益创投): needs, rounds with published revisions, questions."""
