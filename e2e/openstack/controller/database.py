"""The MariaDB server of a cloud: one process that listens on a socket in the cloud's folder, and nowhere else."""

import os
import subprocess
import time

from . import processes
from .config import DATABASES
from .places import system_env

NAME = "mariadb"
START_LIMIT_S = 60
POLL_S = 0.05
CONNECTIONS_MAX = 600


def _user():
    """MariaDB does not run as root unless told so."""
    return ["--user=root"] if os.geteuid() == 0 else []


def create(run):
    """Makes an empty database folder."""
    command = ["mariadb-install-db", "--no-defaults", *_user(), f"--datadir={run.path('mysql')}"]
    command += ["--skip-test-db", "--auth-root-authentication-method=normal"]
    processes.run_tool(run, "mariadb-install", command, system_env())


def start(run, tied):
    """Starts the server on the existing folder and waits until it answers."""
    command = ["mariadbd", "--no-defaults", *_user(), f"--datadir={run.path('mysql')}", f"--socket={run.socket}"]
    command += [f"--pid-file={run.path('mariadb.pid')}", "--skip-networking", "--skip-name-resolve", "--skip-log-bin"]
    # Nothing here has to survive a power cut: no flush to disk, ever.
    command += ["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-flush-method=nosync"]
    command += ["--innodb-buffer-pool-size=128M", "--innodb-log-file-size=16M", "--performance-schema=0"]
    command += [f"--max-connections={CONNECTIONS_MAX}", "--character-set-server=utf8mb4"]
    process = processes.start(run, NAME, command, system_env(), tied)
    deadline = time.monotonic() + START_LIMIT_S
    while query(run, "select 1") is None:
        if process.poll() is not None:
            raise processes.failed(run, NAME, f"it ended with code {process.returncode}")
        if time.monotonic() > deadline:
            raise processes.failed(run, NAME, f"it did not answer within {START_LIMIT_S} s")
        time.sleep(POLL_S)


def create_databases(run):
    """One empty database for each service; Nova has three."""
    # Three-byte UTF-8: with four bytes some of the services' indexes grow beyond what InnoDB takes.
    execute(run, "; ".join(f"create database {name} character set utf8mb3" for name in DATABASES))


def query(run, statement):
    """The answer to a statement as text, or None if the server does not answer or refuses."""
    client = ["mariadb", "--no-defaults", f"--socket={run.socket}", "--user=root", "--batch", "--skip-column-names"]
    done = subprocess.run([*client, "-e", statement], capture_output=True, text=True, env=system_env(), check=False)
    return done.stdout if done.returncode == 0 else None


def execute(run, statement):
    """Runs a statement that must work.

    Raises Failure if it does not.
    """
    if query(run, statement) is None:
        raise processes.failed(run, NAME, f"it refused the statement: {statement[:200]}")
