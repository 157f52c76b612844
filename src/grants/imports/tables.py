"""The table of import runs."""

from __future__ import annotations

from piccolo.constraints import Check
from piccolo.table import Table

from grants.platform import columns as c


class ImportRun(Table, tablename="import_run"):
    """One import of one file: preview first, then commit; the same file twice changes nothing."""

    id = c.key()
    file_name = c.text()
    sha256 = c.text()
    options = c.document()
    state = c.text()
    row_count = c.number(default=0)
    done_count = c.number(default=0)
    report = c.document()
    user_id = c.fen()
    started_at = c.moment()
    finished_at = c.maybe_moment()
    import_run_state = Check("state IN ('PREVIEW','RUNNING','DONE','REFUSED','UNCHANGED')")
