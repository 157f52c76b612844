"""Tables of imports: each run of a file, and how far the running one is."""

from __future__ import annotations

from piccolo.constraints import Check
from piccolo.table import Table

from grants.platform import columns as c


class ImportRun(Table, tablename="import_run"):
    """One import of one file: who, when, how, and what became of it.

    RUNNING is written before the work begins; the work then holds a lock on the row, and one
    transaction brings both the awards and the end. So a run that is RUNNING while nobody holds
    its row was broken off, and nothing of it was written. Only one run is RUNNING at a time.
    """

    id = c.key()
    file_name = c.text()
    sha256 = c.text()
    options = c.document()
    state = c.text()
    row_count = c.number(default=0)
    done_count = c.number(default=0)
    report = c.document()
    user_id = c.id_elsewhere()
    started_at = c.moment()
    finished_at = c.maybe_moment()
    import_run_state = Check(
        "state IN ('RUNNING','DONE','REFUSED','UNCHANGED','FAILED','BROKEN_OFF')"
    )
    import_run_finished = Check("(state = 'RUNNING') = (finished_at IS NULL)")


class ImportProgress(Table, tablename="import_progress"):
    """How far a run is. It stands beside the run, whose row the work keeps locked.

    It is no business and has no history: the report of the run says what was done.
    """

    id = c.key()
    run = c.refers_to(ImportRun, unique=True)
    step = c.text()
    done_count = c.number(default=0)
    row_count = c.number(default=0)
    told_at = c.moment()
