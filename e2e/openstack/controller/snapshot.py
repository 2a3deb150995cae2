"""Makes a cloud from nothing once (migrations, accounts, catalog, resources) and keeps its files; later ones start from a copy."""

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

from . import config, database, processes, seed, services
from .places import locked

FACTS = "facts.json"
# What is kept of a cloud's folder.
KEPT = ("mysql", "images")
UNUSED_DAYS = 7
# Templates, which Nova fills in from its own configuration: the database's socket differs from run to run.
CELL0_DATABASE = "{scheme}://{username}@{hostname}/nova_cell0?{query}"
CELL1_DATABASE = "{scheme}://{username}@{hostname}/nova?{query}"
PHASES = ["migrations", "first start", "seed", "save"]


def needed(cache):
    """The phases that making a snapshot would take now; empty if there is one."""
    return [] if cache.snapshot.exists() else PHASES


def ensure(run, cache, progress, renew=False):
    """Makes the snapshot if there is none, using the folder and the address of `run` for it."""
    with _lock(cache, progress):
        if renew:
            shutil.rmtree(cache.snapshot, ignore_errors=True)
        if cache.snapshot.exists():
            return
        try:
            _build(run, cache, progress)
        finally:
            services.stop(run)
        progress.phase("save", "saving the snapshot")
        _save(run, cache)


def restore(run, cache, progress):
    """Copies the snapshot into the folder of `run`, starts nothing; returns the facts saved with it."""
    with _lock(cache, progress):
        for folder in KEPT:
            shutil.copytree(cache.snapshot / folder, run.path(folder), dirs_exist_ok=True)
        cache.snapshot.touch()
        return json.loads(cache.snapshot.joinpath(FACTS).read_text())


def relocate(run, facts):
    """Tells the running database where the cloud is now: the snapshot was made at another address, in another folder."""
    database.execute(
        run,
        f"update keystone.endpoint set url = replace(url, '//{facts['bind']}:', '//{run.bind}:'); "
        f"update glance.image_locations set value = replace(value, '{facts['dir']}/', '{run.dir}/')",
    )


def _lock(cache, progress):
    path = cache.snapshot.with_name(f"{cache.snapshot.name}.lock")
    return locked(path, lambda: progress.say("another run makes or copies the snapshot; waiting"))


def _build(run, cache, progress):
    """Brings up a complete cloud in the folder of `run`."""
    run.clear()
    config.write(run, cache)
    progress.phase("migrations", "making the database")
    database.create(run)
    database.start(run, tied=True)
    database.create_databases(run)
    _migrate(run, cache, progress)
    progress.phase("first start", "starting Keystone")
    services.wait(run, services.start(run, cache, [config.KEYSTONE], tied=True), progress)
    seed.identity(run)
    others = [service for service in config.SERVICES if service is not config.KEYSTONE]
    services.wait(run, services.start(run, cache, others, tied=True), progress)
    progress.phase("seed", "creating zones, flavors, image, network and credentials")
    _tool(run, cache, "discover-hosts", _nova_manage(run), ["cell_v2", "discover_hosts"])
    facts = {"bind": run.bind, "dir": str(run.dir), **seed.resources(run)}
    run.path(FACTS).write_text(json.dumps(facts, indent=2) + "\n")


def _migrate(run, cache, progress):
    """Creates all tables. Each service's migrations use one core, so two go on at a time, the longest first."""
    conf = run.path("conf")
    neutron = ["neutron-db-manage"]
    for name in ("neutron.conf", "ml2_conf.ini"):
        neutron += ["--config-file", conf / "neutron" / name]
    nova = _nova_manage(run)
    cells = ["cell_v2", "create_cell", "--name", "cell1", "--database_connection", CELL1_DATABASE, "--transport-url", config.MESSAGE_BUS]
    jobs = {
        "neutron": [(neutron, ["upgrade", "heads"])],
        "nova": [
            (nova, ["api_db", "sync"]),
            (nova, ["cell_v2", "map_cell0", "--database_connection", CELL0_DATABASE]),
            (nova, cells),
            (nova, ["db", "sync"]),
        ],
        "keystone": [(_keystone_manage(run), ["db_sync"]), (_keystone_manage(run), _bootstrap(run))],
        "glance": [(["glance-manage", "--config-file", conf / "glance/glance-api.conf"], ["db_sync"])],
        "cinder": [(["cinder-manage", "--config-file", conf / "cinder/cinder.conf"], ["db", "sync"])],
        "placement": [(["placement-manage", "--config-file", conf / "placement/placement.conf"], ["db", "sync"])],
    }

    def migrate(name):
        for tool, words in jobs[name]:
            _tool(run, cache, f"migrate-{name}", tool, words)
        progress.say(f"  {name}'s tables are there")

    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(migrate, jobs))


def _nova_manage(run):
    return ["nova-manage", "--config-file", run.path("conf/nova/nova.conf")]


def _keystone_manage(run):
    return ["keystone-manage", "--config-file", run.path("conf/keystone/keystone.conf")]


def _bootstrap(run):
    url = config.auth_url(run)
    words = ["bootstrap", "--bootstrap-password", config.ADMIN_PASSWORD, "--bootstrap-region-id", config.REGION]
    for interface in ("admin", "internal", "public"):
        words += [f"--bootstrap-{interface}-url", url]
    return words


def _tool(run, cache, log, tool, words):
    command = [cache.venv / "bin" / tool[0], *tool[1:], *words]
    processes.run_tool(run, log, command, services.environment(run, cache))


def _save(run, cache):
    """Copies the stopped cloud's files beside their final place, then renames; drops snapshots that nobody uses any more."""
    partial = cache.snapshot.with_name(f"{cache.snapshot.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for folder in KEPT:
        shutil.copytree(run.path(folder), partial / folder)
    shutil.copy(run.path(FACTS), partial)
    partial.rename(cache.snapshot)
    for other in cache.install.glob("snapshot-????????????"):
        if time.time() - other.stat().st_mtime > UNUSED_DAYS * 86400:
            shutil.rmtree(other, ignore_errors=True)
