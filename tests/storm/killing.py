"""Starts workers, kills them and their database, and looks whether all is well."""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from grants.platform import db, embedded, schema
from tests.world import YUAN, furnished


@dataclass
class Storm:
    """The office in the storm: starts workers, kills them and their database, and looks."""

    root: Path
    server: subprocess.Popen[str]
    chance: random.Random = field(default_factory=lambda: random.Random(20260615))
    told: list[Path] = field(default_factory=list)

    def _ask(self, *words: object) -> None:
        assert self.server.stdin is not None
        self.server.stdin.write(" ".join(map(str, words)) + "\n")
        self.server.stdin.flush()

    def _hear(self) -> str:
        assert self.server.stdout is not None
        return self.server.stdout.readline().strip()

    def _start(self, verb: str) -> tuple[int, str]:
        """Fork a worker; answers its process number and its first word."""
        self.told.append(self.root / f"told-{len(self.told)}")
        self.told[-1].touch()
        self._ask(verb, len(self.told), self.told[-1])
        words = {self._hear(), self._hear()}
        (pid,) = (word for word in words if word.isdigit())
        return int(pid), next(word for word in words if not word.isdigit())

    def strike(self, *, database_too: bool = False, after_s: float | None = None) -> None:
        """Let a worker work for 20 to 300 ms, then kill it with -9, perhaps with PostgreSQL."""
        pid, word = self._start("work")
        assert word == "READY", self.told[-1].read_text()
        time.sleep(after_s or self.chance.uniform(0.02, 0.3))
        if database_too:
            for number in processes_in(self.root):
                kill(number)
            kill(pid)
            embedded.start_cluster(self.root)
        else:
            kill(pid)
        while Path(f"/proc/{pid}").exists():
            time.sleep(0.002)

    def wrong(self, *, of_all: bool = False) -> dict[str, list[str]]:
        """What is wrong now; empty when all is well."""
        self._ask("check", *(self.told if of_all else self.told[-1:]))
        words = [self._hear(), self._hear()]
        found = next(json.loads(word) for word in words if not word.isdigit())
        assert isinstance(found, dict)
        return found

    def calm(self) -> None:
        """Finish whatever the killed workers left lying about."""
        _, word = self._start("calm")
        assert word == "DONE", self.told[-1].read_text()

    def acts(self) -> int:
        """How many acts were told to be done so far."""
        return sum(len(path.read_text().splitlines()) for path in self.told)


def kill(pid: int) -> None:
    """Kill a process that may have ended by itself."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def processes_in(root: Path) -> list[int]:
    """The postmaster of `root` and its children, the postmaster first."""
    data = embedded.start_cluster(root).data_dir
    postmaster = int((data / "postmaster.pid").read_text().split("\n")[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return [postmaster, *map(int, children)]


async def lay_out(root: Path, cluster: embedded.Cluster) -> None:
    """A furnished office in a database of the storm's own; leaves the pool as it was."""
    before = db.ENGINE.pool, db.ENGINE.config
    await schema.ensure_database(cluster.connect("postgres"), "grants_storm")
    await db.open_pool(cluster.connect("grants_storm"), 2)
    try:
        await schema.migrate()
        world = await furnished(quota_fen=50_000_000 * YUAN)
    finally:
        await db.close_pool()
        db.ENGINE.pool, db.ENGINE.config = before
    (root / "world").write_bytes(pickle.dumps(world.__dict__))
    (root / "connection").write_text(json.dumps(cluster.connect("grants_storm")))
