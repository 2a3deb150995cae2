"""Where everything lives: the shared cache, and the folder of one running cloud."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .progress import Failure

SOURCE = Path(__file__).resolve().parent.parent
# A file that says "this folder is ours": nothing is ever removed from a folder without it.
MARKER = "gantry-openstack"
# What decides how a snapshot looks, besides services/.
SNAPSHOT_CODE = ("config.py", "database.py", "seed.py", "snapshot.py")
# A unix socket's path has at most 107 bytes; the folder's part of it must leave room for "/mysql.sock".
DIR_BYTES_MAX = 90


def cache_root():
    """The folder for what outlives a run, shared by all runs of this user."""
    gantry = os.environ.get("GANTRY_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return (Path(gantry) if gantry else Path(base) / "gantry").absolute() / "openstack"


def _digest(files, *words):
    """A short name for the contents of `files` and for `words`."""
    total = hashlib.sha256("\n".join(words).encode())
    for file in sorted(files):
        total.update(file.name.encode() + b"\0" + file.read_bytes())
    return total.hexdigest()[:12]


@dataclass(frozen=True)
class Cache:
    """What is built once: the installed OpenStack and the database snapshot, each named by what went into it."""

    install: Path

    @classmethod
    def current(cls):
        """The cache entry for the present constraints and interpreter."""
        python = f"{sys.implementation.cache_tag}-{os.uname().machine}"
        return cls(cache_root() / _digest([SOURCE / "constraints.txt"], python))

    @property
    def venv(self):
        return self.install / "venv"

    @property
    def python(self):
        return self.venv / "bin" / "python"

    @property
    def snapshot(self):
        """The saved state for the present code, or where it would be. A change of what goes into it makes a new one."""
        code = [SOURCE / "controller" / name for name in SNAPSHOT_CODE] + list(SOURCE.glob("services/*.py"))
        return self.install / f"snapshot-{_digest(code, _mariadb_version())}"


def _mariadb_version():
    """The server's version: another one cannot be trusted to open these files."""
    answer = subprocess.run(["mariadbd", "--version"], capture_output=True, text=True, env=system_env(), check=False)
    return answer.stdout


def system_env():
    """This process's environment with the folders where Debian keeps servers on the PATH."""
    path = os.environ.get("PATH", "")
    return {**os.environ, "PATH": f"{path}:/usr/sbin:/usr/bin:/sbin:/bin"}


@dataclass(frozen=True)
class Run:
    """One running cloud: a folder and a loopback address of its own."""

    dir: Path
    bind: str
    token_s: int = 3600
    ignore_port_tags: bool = False

    def __post_init__(self):
        if len(os.fsencode(self.dir)) > DIR_BYTES_MAX:
            raise Failure(
                f"The folder {self.dir} cannot be used: its path is longer than {DIR_BYTES_MAX} bytes, "
                "too long for the database's socket. Choose a shorter --dir."
            )

    def path(self, *parts):
        return self.dir.joinpath(*parts)

    @property
    def socket(self):
        return self.path("mysql.sock")

    def url(self, port, path=""):
        return f"http://{self.bind}:{port}{path}"

    def clear(self):
        """Empties the folder, after making sure that it is ours."""
        self.dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        strangers = [entry.name for entry in self.dir.iterdir()]
        if strangers and not self.path(MARKER).exists():
            raise Failure(
                f"The folder {self.dir} was left alone: it has files ({strangers[0]}, ...) but was not made by this command. "
                "Choose an empty folder for --dir."
            )
        self.remove_contents()
        self.path(MARKER).write_text("State of a running OpenStack for Gantry's tests; `openstack.sh down` removes it.\n")

    def remove_contents(self):
        """Removes what an earlier run left; the marker goes last, so that an interrupted removal can go on."""
        if not self.path(MARKER).exists():
            return
        for entry in self.dir.iterdir():
            if entry.name == MARKER:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def remove(self):
        """Removes the folder if it is ours and nothing else is in it."""
        self.remove_contents()
        if self.path(MARKER).exists():
            self.path(MARKER).unlink()
            self.dir.rmdir()


@contextmanager
def locked(path, waiting):
    """Holds the lock file `path`; calls `waiting` once if somebody else has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
