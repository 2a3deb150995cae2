"""All of Cinder in one process: API, scheduler, and one volume service per zone, talking over an in-memory message bus.

Like `nova_all_in_one`: the code and the database are Cinder's own. The backends are `cinder_no_data`.
Environment: GANTRY_CINDER_CONF, the configuration file; GANTRY_CONTROL_HOST, the name under which Cinder lists its services;
GANTRY_ZONES, the backends, named like their zones, with spaces between; GANTRY_CINDER_READY, a file to write when all report in.
"""

from cinder import monkey_patch

# Before any other import of Cinder: native threads, not eventlet's.
monkey_patch.patch(backend="threading")

import logging  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402

# Cinder reads its configuration from the command line's arguments, also as a WSGI application.
sys.argv = [sys.argv[0], "--config-file", os.environ["GANTRY_CINDER_CONF"]]

from cinder import service  # noqa: E402
from cinder.common import constants  # noqa: E402
from cinder.wsgi import wsgi  # noqa: E402
from oslo_config import cfg  # noqa: E402

CONTROL_HOST = os.environ["GANTRY_CONTROL_HOST"]
REPORTING = threading.Lock()


class OneOfMany(service.Service):
    """A Cinder service beside others: Cinder keeps the id under which one reports in a class, for all that are in a process."""

    def report_state(self):
        with REPORTING:
            service.Service.service_id = self.origin_service_id
            super().report_state()


def _create_services():
    """The scheduler last: at its start it asks the volume services what they can hold."""
    for zone in os.environ["GANTRY_ZONES"].split():
        cfg.CONF.register_opt(cfg.StrOpt("backend_host"), group=zone)
        name = f"{CONTROL_HOST}@{zone}"
        yield OneOfMany.create(host=name, service_name=zone, binary=constants.VOLUME_BINARY, coordination=True)
    yield OneOfMany.create(host=CONTROL_HOST, binary=constants.SCHEDULER_BINARY)


def _start_services():
    """Starts all services, lets each report at once (in a restored database their last report is old), then says it is ready."""
    try:
        for one in _create_services():
            one.start()
            one.report_state()
            RUNNING.append(one)
        with open(os.environ["GANTRY_CINDER_READY"], "w", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")
    except BaseException:
        logging.getLogger("cinder").exception("Cinder could not start")
        os._exit(1)


application = wsgi.initialize_application()
# Kept for as long as the process lives, or their timers would be collected.
RUNNING = []
threading.Thread(target=_start_services, daemon=True, name="start").start()
