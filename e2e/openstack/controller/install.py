"""Installs OpenStack into the cache: Debian's database server, and the pinned Python packages in a virtual environment."""

import json
import os
import re
import shutil
import subprocess
import sys
import time

from .places import SOURCE, locked, system_env
from .progress import Failure

# The -core packages bring the programs without setting up a database service on the machine.
PROGRAMS = {"mariadbd": "mariadb-server-core", "mariadb-install-db": "mariadb-server-core", "mariadb": "mariadb-client-core"}
VENV_PACKAGE = "python3-venv"
# Written last: an environment without it was not finished.
DONE = "installed.json"
SAY_EVERY_S = 5.0
ERROR_LINES = 15


def needed(cache):
    """The phases that installing would take now; empty if all is there."""
    phases = ["debian packages"] if _missing_packages() else []
    return phases if _is_done(cache) else [*phases, "python packages"]


def install(cache, progress):
    """Brings the machine to where a cloud can start; does nothing if it is there.

    Raises Failure if a Debian package is missing and cannot be installed, or if pip fails.
    """
    missing = _missing_packages()
    if missing:
        progress.phase("debian packages", f"installing the Debian packages {' '.join(missing)}")
        _install_debian_packages(missing)
    if _is_done(cache):
        return
    lock = cache.install.with_name(f"{cache.install.name}.lock")
    with locked(lock, lambda: progress.say("another installation is under way; waiting")):
        if not _is_done(cache):
            progress.phase("python packages", f"installing OpenStack's Python packages into {cache.install}")
            _install_python_packages(cache, progress)


def _is_done(cache):
    return cache.install.joinpath(DONE).exists() and cache.python.exists()


def _missing_packages():
    path = system_env()["PATH"]
    missing = {package for program, package in PROGRAMS.items() if not shutil.which(program, path=path)}
    try:
        import ensurepip  # noqa: F401  # Debian keeps it apart from Python, and venv needs it.
    except ImportError:
        missing.add(VENV_PACKAGE)
    return sorted(missing)


def _install_debian_packages(packages):
    """Installs by apt-get if we may, else says what to install."""
    advice = f"Install them as root: apt-get install --no-install-recommends {' '.join(packages)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Failure(f"OpenStack cannot start: the Debian packages {' '.join(packages)} are missing. {advice}")
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=600"]
    commands = [[*apt, "update"], [*apt, "install", "-y", "--no-install-recommends", *packages]]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in commands:
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0 or _missing_packages():
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-ERROR_LINES:])
        raise Failure(f"apt-get could not install {' '.join(packages)}:\n{tail}\n{advice}")


def _install_python_packages(cache, progress):
    """Builds the environment in its final place, as its scripts name that place, and marks it when done."""
    shutil.rmtree(cache.install, ignore_errors=True)
    cache.install.mkdir(parents=True)
    _quietly([sys.executable, "-m", "venv", cache.venv], "create a virtual environment")
    _pip_install(cache, progress)
    progress.say("compiling the packages")
    # Twice as fast as pip, which compiles in one process. Some packages ship templates that are not Python: no failure.
    subprocess.run([cache.python, "-m", "compileall", "-q", "-j", "0", cache.venv / "lib"], capture_output=True, check=False)
    main = ("keystone", "nova", "neutron", "cinder", "glance", "openstack-placement")
    versions = {name: version for name, version in _pins() if name in main}
    partial = cache.install / f"{DONE}.partial"
    partial.write_text(json.dumps(versions) + "\n")
    partial.rename(cache.install / DONE)


def _pins():
    """The (name, version) pairs of constraints.txt."""
    lines = SOURCE.joinpath("constraints.txt").read_text().splitlines()
    return [tuple(line.split("==")) for line in lines if "==" in line and not line.startswith("#")]


def _pip_install(cache, progress):
    """Runs pip, counting the packages that it has fetched. No resolver: constraints.txt is complete."""
    command = [cache.python, "-m", "pip", "install", "--no-deps", "--no-compile", "--no-input", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", "-r", SOURCE / "constraints.txt"]
    total = len(_pins())
    fetched, last, said_s = 0, [], time.monotonic()
    pip = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for line in pip.stdout:
            last = [*last, line.rstrip()[:300]][-ERROR_LINES:]
            fetched += bool(re.match(r"Collecting ", line))
            if time.monotonic() - said_s > SAY_EVERY_S or line.startswith("Installing collected"):
                said_s = time.monotonic()
                progress.say(f"  {fetched} of {total} packages fetched")
    finally:
        if pip.poll() is None and sys.exc_info()[0]:
            pip.kill()
    if pip.wait() != 0:
        tail = "\n".join(f"  | {line}" for line in last)
        advice = "Check that this machine reaches a Python package index, then run it again."
        raise Failure(f"pip could not install OpenStack:\n{tail}\n{advice}")


def _quietly(command, aim):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-ERROR_LINES:])
        raise Failure(f"OpenStack cannot be installed: could not {aim}:\n{tail}")
