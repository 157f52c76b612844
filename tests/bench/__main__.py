"""`python -m tests.bench`: a folder of its own, production settings, one table."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Measure once; 1 when an aim is not reached."""
    for name in [n for n in os.environ if n.startswith("GRANTS_")]:
        if name != "GRANTS_REHEARSAL_FILE":
            del os.environ[name]
    root = Path(tempfile.mkdtemp(prefix="grants-bench-"))
    root.chmod(0o711)  # the user who runs the database has to pass through
    os.environ["GRANTS_DATA"] = str(root)
    logging.disable(logging.WARNING)

    # Settings are read when they are imported.
    from grants.platform import embedded
    from tests.bench.rounds import measure

    try:
        return measure(root)
    finally:
        embedded.remove_cluster(root)
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
