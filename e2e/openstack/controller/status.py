"""Tells about a cloud: its processes and their memory, the versions that answer, the ends of its logs."""

import os
import subprocess
from collections import deque
from pathlib import Path

from . import config, processes
from .client import send
from .cloud import read_ready
from .progress import Failure

LOG_LINES = 20


def report(run):
    """Prints what runs; returns whether the cloud is up."""
    found = processes.find(run.dir)
    ready = read_ready(run)
    state = "up" if ready and found else "starting or broken" if found else "down"
    print(f"OpenStack in {run.dir} is {state}")
    if not found:
        others = sorted({process.dir for process in processes.find()})
        if others:
            print(f"Clouds that run in other folders: {', '.join(others)}")
        return False
    memory_mib = {process.pid: _memory_mib(process.pid) for process in found}
    for process in found:
        print(f"  {process.name:10} pid {process.pid:<8} {memory_mib[process.pid]:6.0f} MiB")
    print(f"  {'in all':10} {'':12} {sum(memory_mib.values()):6.0f} MiB")
    if ready:
        _report_versions(ready["bind"])
        print(f"clouds.yaml: {ready['clouds_yaml']}")
    return bool(ready)


def _memory_mib(pid):
    """Memory with shared pages counted in part (PSS), or 0 if the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _report_versions(bind):
    def get(service, path):
        try:
            return send("GET", f"http://{bind}:{service.port}{path}").body
        except OSError as error:
            raise Failure(f"OpenStack's {service.name} does not answer ({error}); see `openstack.sh logs`") from error

    compute = get(config.NOVA, "/v2.1/")["version"]
    placement = get(config.PLACEMENT, "/")["versions"][0]
    identity = get(config.KEYSTONE, "/v3")["version"]["id"]
    images = get(config.GLANCE, "/versions")["versions"][0]["id"]
    network = get(config.NEUTRON, "/")["versions"][0]["id"]
    print(f"Keystone {identity}, Glance {images}, Neutron {network}")
    print(f"Nova microversions {compute['min_version']} to {compute['version']}", end=", ")
    print(f"Placement {placement['min_version']} to {placement['max_version']}")


def logs(run, follow):
    """Prints the end of every log, or follows them all until interrupted."""
    files = sorted(run.path("log").glob("*.log"))
    if not files:
        raise Failure(f"There are no logs in {run.dir}: no cloud was started there.")
    if follow:
        os.execvp("tail", ["tail", "-n", str(LOG_LINES), "-F", *map(str, files)])
    for file in files:
        with open(file, errors="replace", encoding="utf-8") as lines:
            tail = deque(lines, LOG_LINES)
        print(f"==> {file} <==")
        print("".join(tail))


def print_environment(run, cache):
    """Prints shell assignments for the OpenStack client, to be evaluated."""
    print(f"export OS_CLIENT_CONFIG_FILE={run.path('clouds.yaml')} OS_CLOUD=openstack OS_COMPUTE_API_VERSION=2.96")
    print(f"export PATH={cache.venv}/bin:$PATH")


def check(run, cache):
    """Runs the smoke test; returns its exit code."""
    script = Path(__file__).with_name("check.py")
    package = {"PYTHONPATH": str(script.parent.parent)}
    command = [cache.python, "-B", "-m", "controller.check", run.path("clouds.yaml")]
    return subprocess.run(command, env={**os.environ, **package}, check=False).returncode
