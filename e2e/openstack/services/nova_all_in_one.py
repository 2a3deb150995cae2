"""All of Nova in one process: API, conductor, scheduler, and one fake hypervisor per zone, talking over an in-memory message bus.

The processes that RabbitMQ would join are threads here; the code that they run, and the database, are Nova's own.
Environment: GANTRY_CONTROL_HOST, the name under which Nova lists conductor and scheduler; GANTRY_HYPERVISORS, names with spaces
between; GANTRY_NOVA_READY, a file to write when all of them report in.
"""

from nova import monkey_patch

# Before any other import of Nova: native threads, not eventlet's.
monkey_patch.patch(backend="threading")

import logging  # noqa: E402
import os  # noqa: E402
import threading  # noqa: E402
import uuid  # noqa: E402

import nova.conf  # noqa: E402
import os_vif  # noqa: E402
from nova import objects, service  # noqa: E402
from nova.api.openstack import wsgi_app  # noqa: E402
from nova.compute import rpcapi  # noqa: E402
from nova.virt import fake  # noqa: E402
from oslo_service import opts as service_opts  # noqa: E402

CONTROL_HOST = os.environ["GANTRY_CONTROL_HOST"]


class NamedFakeDriver(fake.FakeDriver):
    """Nova's fake hypervisor with an id that follows from its name, as several share one process and one state folder."""

    def get_available_resource(self, nodename):
        resources = super().get_available_resource(nodename)
        resources["uuid"] = _node_id(nodename)
        return resources

    def get_nodenames_by_uuid(self, refresh=False):
        return {_node_id(name): name for name in self.get_available_nodes()}


# Nova loads compute drivers by a name below nova.virt, so the class has to be there.
fake.NamedFakeDriver = NamedFakeDriver


def _node_id(name):
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def _create_services():
    """The services in the order in which they must start: a compute waits for its conductor."""
    yield service.Service.create(binary="nova-conductor", topic="conductor", host=CONTROL_HOST)
    yield service.Service.create(binary="nova-scheduler", topic="scheduler", host=CONTROL_HOST)
    for host in os.environ["GANTRY_HYPERVISORS"].split():
        topic, other = rpcapi.RPC_TOPIC, rpcapi.RPC_TOPIC_ALT
        yield service.Service.create(binary="nova-compute", topic=topic, topic_alt=other, host=host)


def _start_services():
    """Starts all services, lets each report at once (Nova waits 5 s with the first report), then says that Nova is ready."""
    try:
        os_vif.initialize()
        for one in _create_services():
            one.start()
            one.servicegroup_api._driver._report_state(one)
            RUNNING.append(one)
        with open(os.environ["GANTRY_NOVA_READY"], "w", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")
    except BaseException:
        logging.getLogger("nova").exception("Nova could not start")
        os._exit(1)


application = wsgi_app.init_application("osapi_compute", "nova-api-os-compute")
service_opts.register_service_opts(nova.conf.CONF)
objects.register_all()
# Kept for as long as the process lives, or their timers would be collected.
RUNNING = []
threading.Thread(target=_start_services, daemon=True, name="start").start()
