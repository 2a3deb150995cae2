"""The command line of openstack.sh."""

import argparse
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from . import cloud, status
from .places import Cache, Run, cache_root
from .progress import Failure

PARENT_POLL_S = 0.5
EXAMPLES = """examples:
  openstack.sh up                               start in the background; prints one line of JSON, as in <dir>/ready.json
  openstack.sh up --foreground --dir /tmp/os    start, and end when the caller ends (or by Ctrl-C)
  eval "$(openstack.sh env)"; openstack server list
  openstack.sh check                            create and delete a server as a member would
  openstack.sh down                             end it and remove its files (KEEP=1 keeps them)"""


class Interrupted(BaseException):
    """A signal asked us to end."""


def parser():
    top = argparse.ArgumentParser(
        prog="openstack.sh",
        description="A real single-node OpenStack for Gantry's end-to-end tests: Keystone, Glance, Placement, Neutron, Cinder, Nova.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    helps = {
        "install": "install what is needed into the cache, start nothing",
        "snapshot": "make the database snapshot that later starts copy",
        "up": "start a cloud, installing and making the snapshot first if needed",
        "down": "end a cloud and remove its files",
        "status": "print what runs, versions, memory; exit 1 if it is not up",
        "logs": "print the ends of all logs",
        "env": "print shell assignments for the openstack client",
        "check": "smoke test the running cloud",
    }
    each = {name: commands.add_parser(name, help=text, description=text) for name, text in helps.items()}
    for name, command in each.items():
        if name != "install":
            command.add_argument("--dir", type=Path, help="the cloud's folder (default: run/ in the cache)")
    for name in ("up", "snapshot"):
        each[name].add_argument("--bind", default="127.0.7.1", help="the loopback address it listens on (default: %(default)s)")
    each["up"].add_argument("--foreground", action="store_true", help="stay, and end the cloud when the caller ends")
    each["up"].add_argument("--replace", action="store_true", help="end a cloud that is already up in the folder")
    each["up"].add_argument("--token-seconds", type=int, default=3600, help="how long tokens are valid (default: %(default)s)")
    each["up"].add_argument(
        "--ignore-port-tags",
        action="store_true",
        help="drop tags given when a port is created, as clouds without that Neutron extension do",
    )
    each["snapshot"].add_argument("--renew", action="store_true", help="make it anew even if there is one")
    each["logs"].add_argument("-f", "--follow", action="store_true", help="go on printing")
    return top


def run_command(options):
    """Does what the command line asks; returns the exit code."""
    if options.command == "install":
        cloud.install_only()
        return 0
    directory = (options.dir or cache_root() / "run").absolute()
    given = vars(options)
    run = Run(directory, given.get("bind", ""), given.get("token_seconds", 3600), given.get("ignore_port_tags", False))
    if options.command == "up":
        return _up(run, options)
    if options.command == "snapshot":
        cloud.make_snapshot(run, options.renew)
    elif options.command == "down":
        cloud.down(run, keep=bool(os.environ.get("KEEP")))
    elif options.command == "status":
        return 0 if status.report(run) else 1
    elif options.command == "logs":
        status.logs(run, options.follow)
    elif options.command == "env":
        status.print_environment(run, Cache.current())
    elif options.command == "check":
        return status.check(run, Cache.current())
    return 0


def _up(run, options):
    if options.foreground:
        _end_with_parent()
    ready = cloud.up(run, tied=options.foreground, replace=options.replace)
    print(json.dumps(ready), flush=True)
    if not options.foreground:
        return 0
    try:
        cloud.watch(run, ready)
        return 0
    finally:
        cloud.down(run, keep=bool(os.environ.get("KEEP")))


def _end_with_parent():
    """Interrupts this process when its parent is gone. The parent process, that is: PR_SET_PDEATHSIG would mean the thread."""
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(PARENT_POLL_S)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _interrupt(signum, _frame):
    # A second signal must not interrupt the cleaning up after the first.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise Interrupted(signal.Signals(signum).name)


def main():
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    options = parser().parse_args()
    try:
        return run_command(options)
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    except Interrupted as signal_name:
        print(f"ended by {signal_name}", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
