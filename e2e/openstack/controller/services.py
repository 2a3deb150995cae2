"""Starts the six OpenStack services of a cloud and waits until they answer."""

import socket
import time

from . import processes
from .client import Client, password_login, send
from .config import ADMIN_PASSWORD, CINDER, CONTROL_HOST, NOVA, SERVICES, ZONES, auth_url, ready_file
from .places import SOURCE
from .progress import Failure

READY_LIMIT_S = 180
POLL_S = 0.1
STOP_PATIENCE_S = 3
DATABASE_STOP_PATIENCE_S = 30
# A killed process is gone from /proc a moment before its sockets are closed.
ADDRESS_FREE_LIMIT_S = 2


def environment(run, cache):
    """The environment of everything that runs in the virtual environment: nothing of the caller's, proxies above all, gets in."""
    return {
        "PATH": f"{cache.venv}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(run.path("home")),
        "LANG": "C.UTF-8",
        # Stevedore keeps what it learns of installed plugins here; a shared place saves each process a second.
        "XDG_CACHE_HOME": str(cache.install / "cache"),
        "PYTHONPATH": str(SOURCE / "services"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
        # Neutron renames its process; without this the new name overwrites the environment by which we find it.
        "SPT_NOENV": "1",
        "OSLO_LOCK_PATH": str(run.path("lock")),
        "OS_KEYSTONE_CONFIG_DIR": str(run.path("conf/keystone")),
        "OS_KEYSTONE_CONFIG_FILES": "keystone.conf",
        "OS_PLACEMENT_CONFIG_DIR": str(run.path("conf/placement")),
        "OS_GLANCE_CONFIG_DIR": str(run.path("conf/glance")),
        "OS_NEUTRON_CONFIG_DIR": str(run.path("conf/neutron")),
        "OS_NEUTRON_CONFIG_FILES": "neutron.conf;ml2_conf.ini",
        "OS_NOVA_CONFIG_DIR": str(run.path("conf/nova")),
        "GANTRY_CONTROL_HOST": CONTROL_HOST,
        "GANTRY_HYPERVISORS": " ".join(ZONES.values()),
        "GANTRY_NOVA_READY": str(ready_file(run, NOVA)),
        "GANTRY_CINDER_CONF": str(run.path("conf/cinder/cinder.conf")),
        "GANTRY_ZONES": " ".join(ZONES),
        "GANTRY_CINDER_READY": str(ready_file(run, CINDER)),
    }


def start(run, cache, wanted, tied):
    """Starts the wanted services; returns their processes by name."""
    env = environment(run, cache)
    started = {}
    for service in wanted:
        command = [cache.python, SOURCE / "services/serve.py", service.module, run.bind, service.port, service.threads]
        started[service.name] = processes.start(run, service.name, command, env, tied)
    return started


def wait(run, started, progress):
    """Waits until every started service answers, and Nova's hypervisors report in.

    Raises Failure if one ends, or does not answer in time.
    """
    deadline = time.monotonic() + READY_LIMIT_S
    waiting = [service for service in SERVICES if service.name in started]
    while waiting:
        for name, process in started.items():
            _check_alive(run, name, process)
        for service in list(waiting):
            if _answers(run, service):
                waiting.remove(service)
                progress.say(f"  {service.name} answers")
        if waiting and time.monotonic() > deadline:
            raise processes.failed(run, waiting[0].name, f"it did not answer within {READY_LIMIT_S} s")
        time.sleep(POLL_S if waiting else 0)
    for name, process in started.items():
        _check_alive(run, name, process)
    if NOVA.name in started:
        check_hypervisors(run)


def _check_alive(run, name, process):
    code = process.poll()
    if code is not None:
        raise processes.failed(run, name, f"it ended with code {code}")


def _answers(run, service):
    if service in (NOVA, CINDER) and not ready_file(run, service).exists():
        return False
    try:
        return send("GET", run.url(service.port, service.health)).status < 400
    except OSError:
        return False


def check_hypervisors(run):
    """Makes sure that every zone's hypervisor is up in Nova's own eyes.

    Raises Failure if one is not.
    """
    admin = Client(auth_url(run), password_login("admin", ADMIN_PASSWORD, "admin"))
    answer = admin.must("GET", "compute", "/os-services?binary=nova-compute")
    states = {one["host"]: one["state"] for one in answer["services"]}
    for name in ZONES.values():
        if states.get(name) != "up":
            raise processes.failed(run, NOVA.name, f"hypervisor {name} is {states.get(name, 'unknown')}")


def kill(run):
    """Ends all processes of a cloud whose files are not needed any more."""
    processes.stop(lambda: processes.find(run.dir), 0)


def stop(run):
    """Ends all processes of the cloud: the services first, then the database, which is given time to close its files."""
    def all_services():
        return [process for process in processes.find(run.dir) if process.name != "mariadb"]

    processes.stop(all_services, STOP_PATIENCE_S)
    processes.stop(lambda: processes.find(run.dir), DATABASE_STOP_PATIENCE_S)


def check_address(run):
    """Makes sure that no other cloud, and nothing else, listens on the cloud's address.

    Raises Failure that says who does.
    """
    deadline = time.monotonic() + ADDRESS_FREE_LIMIT_S
    while listening := [service for service in SERVICES if _is_taken(run, service.port)]:
        if time.monotonic() > deadline:
            break
        time.sleep(POLL_S)
    if not listening:
        return
    others = sorted({process.dir for process in processes.find()} - {str(run.dir)})
    whose = f"perhaps by the cloud in {', '.join(others)}" if others else "by a process that is not ours"
    raise Failure(
        f"OpenStack cannot start: {run.bind}:{listening[0].port} is in use, {whose}. "
        "End that with `openstack.sh down --dir <its folder>`, or choose another address, such as --bind 127.0.7.2."
    )


def _is_taken(run, port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((run.bind, port))
        except OSError:
            return True
    return False
