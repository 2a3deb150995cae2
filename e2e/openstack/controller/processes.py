"""Processes of a cloud: each bears the cloud's folder in its environment, by which ours, and only ours, are found again."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .progress import Failure

DIR_VARIABLE = "GANTRY_OPENSTACK_DIR"
NAME_VARIABLE = "GANTRY_OPENSTACK_PROCESS"
LOG_TAIL_LINES = 25
STOP_POLL_S = 0.05
KILL_LIMIT_S = 10
PR_SET_PDEATHSIG = 1
# Loaded here, as a child between fork and exec must not load anything.
LIBC = ctypes.CDLL(None)


@dataclass(frozen=True)
class Process:
    """A running process of a cloud, as /proc tells."""

    pid: int
    name: str
    dir: str


def _die_with_parent():
    """Runs in the child: the kernel ends it when the thread that started it ends, even by kill -9."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(run, name, argv, env, tied):
    """Starts a process in a session of its own, its output going to log/<name>.log; `tied` ones end with this one."""
    marks = {DIR_VARIABLE: str(run.dir), NAME_VARIABLE: name}
    with open(log_path(run, name), "ab") as log:
        return subprocess.Popen(
            [str(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**env, **marks},
            start_new_session=True,
            preexec_fn=_die_with_parent if tied else None,
        )


def run_tool(run, name, argv, env):
    """Runs a tool to its end, its output going to log/<name>.log.

    Raises Failure with the end of the log if the tool fails.
    """
    process = start(run, name, argv, env, tied=True)
    if process.wait() != 0:
        raise failed(run, name, f"{Path(str(argv[0])).name} ended with code {process.returncode}")


def log_path(run, name):
    return run.path("log", f"{name}.log")


def failed(run, name, what):
    """The Failure for a process that went wrong: what, the end of its log, what to do."""
    path = log_path(run, name)
    try:
        lines = path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
    except FileNotFoundError:
        lines = ["(no log)"]
    tail = "\n".join(f"  | {line[:300]}" for line in lines)
    return Failure(
        f"OpenStack's {name} does not run: {what}. The end of {path}:\n{tail}\n"
        "If it names no cause that you can mend, make the cached snapshot anew with `openstack.sh snapshot --renew`, and try again."
    )


def find(directory=None):
    """All processes of the cloud in `directory`, or of every cloud."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            process = _read(int(entry.name))
            if process and (directory is None or process.dir == str(directory)):
                found.append(process)
    return sorted(found, key=lambda process: process.name)


def _read(pid):
    """The process `pid`, if it bears a cloud's mark and is no zombie."""
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    pairs = dict(line.split("=", 1) for line in raw.decode(errors="replace").split("\0") if "=" in line)
    if DIR_VARIABLE not in pairs:
        return None
    return Process(pid, pairs.get(NAME_VARIABLE, "?"), pairs[DIR_VARIABLE])


def stop(find_them, patience_s):
    """Asks the processes that `find_them` lists to end, and after `patience_s` seconds ends by force what is left.

    One that ended has no environment, so it is not found again, even before its parent has collected it.
    """
    if patience_s:
        _signal_until_gone(find_them, signal.SIGTERM, patience_s)
    _signal_until_gone(find_them, signal.SIGKILL, KILL_LIMIT_S)


def _signal_until_gone(find_them, signum, limit_s):
    """Signals each process once, and waits until all are gone or the time is over."""
    deadline = time.monotonic() + limit_s
    asked = set()
    while (remaining := find_them()) and time.monotonic() < deadline:
        for process in remaining:
            if process.pid not in asked:
                _send(process.pid, signum)
                asked.add(process.pid)
        time.sleep(STOP_POLL_S)


def _send(pid, signum):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signum)
