"""A cloud's life: up from the snapshot, watched while its starter lives if so asked, down without a trace."""

import hashlib
import json
import os
import time

from . import config, database, install, processes, seed, services, snapshot
from .places import Cache, cache_root, locked
from .progress import Failure, Progress

READY = "ready.json"
CLOUDS = "clouds.yaml"
WATCH_POLL_S = 0.5


def up(run, tied, replace):
    """Starts a cloud and returns what ready.json says of it.

    Raises Failure if that does not work: nothing is left running then, but the folder with the logs is.
    """
    cache = Cache.current()
    phases = install.needed(cache)
    phases += snapshot.PHASES if phases else snapshot.needed(cache)
    progress = Progress([*phases, "start"])
    with _lock(run, progress):
        _clear_the_way(run, replace, progress)
        install.install(cache, progress)
        try:
            snapshot.ensure(run, cache, progress)
            ready = _start(run, cache, tied, progress)
        except Failure:
            services.kill(run)
            raise
        except BaseException:
            services.kill(run)
            run.remove()
            raise
    progress.end(f"OpenStack is ready at {ready['auth_url']}; clouds.yaml: {ready['clouds_yaml']}")
    return ready


def make_snapshot(run, renew):
    """Makes the snapshot, if there is none or another is wanted, and leaves nothing running."""
    cache = Cache.current()
    phases = install.needed(cache)
    progress = Progress([*phases, *(snapshot.PHASES if phases or renew else snapshot.needed(cache))])
    with _lock(run, progress):
        _clear_the_way(run, False, progress)
        install.install(cache, progress)
        try:
            snapshot.ensure(run, cache, progress, renew)
        finally:
            services.stop(run)
        run.remove()
    progress.end(f"the snapshot is {cache.snapshot}")


def install_only():
    """Installs what a cloud needs."""
    cache = Cache.current()
    progress = Progress(install.needed(cache))
    install.install(cache, progress)
    progress.end(f"OpenStack is installed in {cache.install}")


def down(run, keep):
    """Ends the cloud in the folder; removes the folder too, unless `keep`."""
    progress = Progress([])
    with _lock(run, progress):
        count = len(processes.find(run.dir))
        # First, so that whoever watches the cloud sees that it is meant.
        run.path(READY).unlink(missing_ok=True)
        if keep:
            services.stop(run)
        else:
            services.kill(run)
            run.remove()
    what = f"{count} processes ended" if count else "nothing ran"
    files = f"files are in {run.dir}" if run.dir.exists() else f"no files in {run.dir}"
    progress.end(f"{what}; {files}")


def watch(run, ready):
    """Returns when `down` ends the cloud.

    Raises Failure if one of its processes ends without that.
    """
    while True:
        time.sleep(WATCH_POLL_S)
        if read_ready(run) is None:
            return
        alive = {process.pid for process in processes.find(run.dir)}
        for name, pid in ready["pids"].items():
            if pid not in alive and read_ready(run):
                raise processes.failed(run, name, "it ended while the cloud was in use")


def read_ready(run):
    """What ready.json says, or None if the cloud is not up."""
    try:
        return json.loads(run.path(READY).read_text())
    except FileNotFoundError:
        return None


def _lock(run, progress):
    """One start or stop per folder at a time. The lock lies in the cache, as the folder itself comes and goes."""
    name = hashlib.sha256(os.fsencode(run.dir)).hexdigest()[:12]
    return locked(cache_root() / "locks" / name, lambda: progress.say(f"another command works on {run.dir}; waiting"))


def _clear_the_way(run, replace, progress):
    """Ends what an earlier, killed start left in the folder; refuses to end a cloud that is up, unless `replace`."""
    left = processes.find(run.dir)
    if left and read_ready(run) and not replace:
        raise Failure(
            f"OpenStack is already up in {run.dir} ({len(left)} processes). Use it, end it with `openstack.sh down --dir {run.dir}`, "
            "or start anew with --replace."
        )
    if left:
        progress.say(f"ending {len(left)} processes of an earlier cloud in {run.dir}")
        services.kill(run)
    services.check_address(run)


def _start(run, cache, tied, progress):
    progress.phase("start", "starting from the snapshot")
    run.clear()
    config.write(run, cache)
    facts = snapshot.restore(run, cache, progress)
    database.start(run, tied)
    snapshot.relocate(run, facts)
    services.wait(run, services.start(run, cache, config.SERVICES, tied), progress)
    _write_clouds(run, facts["application_credential"])
    return _write_ready(run, facts)


def _write_ready(run, facts):
    """Writes ready.json, which appears only when everything works, and whole."""
    ready = {
        "auth_url": config.auth_url(run),
        "region": config.REGION,
        "clouds_yaml": str(run.path(CLOUDS)),
        "dir": str(run.dir),
        "bind": run.bind,
        "log_dir": str(run.path("log")),
        "pids": {process.name: process.pid for process in processes.find(run.dir)},
        "zones": list(config.ZONES),
        **{key: facts[key] for key in ("project_id", "image_id", "network_id", "public_network_id", "qos_policy_id", "security_group_id")},
    }
    partial = run.path(f"{READY}.partial")
    partial.write_text(json.dumps(ready, indent=2) + "\n")
    partial.rename(run.path(READY))
    return ready


def _write_clouds(run, credential):
    """Writes clouds.yaml with three ways to log in: a member by password, the same by application credential, and the admin."""
    def password(user, secret, project):
        names = f"username: {user}\n      password: {secret}\n      project_name: {project}"
        return f"{names}\n      user_domain_id: {config.DOMAIN}\n      project_domain_id: {config.DOMAIN}"

    by_credential = f"application_credential_id: {credential['id']}\n      application_credential_secret: {credential['secret']}"
    entries = {
        "openstack": ("password", password(seed.DEMO_USER, seed.DEMO_PASSWORD, seed.DEMO_PROJECT)),
        "openstack-appcred": ("v3applicationcredential", by_credential),
        "admin": ("password", password("admin", config.ADMIN_PASSWORD, "admin")),
    }
    lines = ["clouds:"]
    for name, (auth_type, auth) in entries.items():
        lines += [f"  {name}:", f"    auth_type: {auth_type}", "    auth:", f"      auth_url: {config.auth_url(run)}", f"      {auth}"]
        lines += [f"    region_name: {config.REGION}", "    identity_api_version: 3"]
    path = run.path(CLOUDS)
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n")
