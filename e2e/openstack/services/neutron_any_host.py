"""Neutron without agents: every port is bound on every hypervisor at once and ACTIVE, every floating IP of a port is ACTIVE.

Neutron's own drivers bind only where an agent reports in, and its router agent is what sets a floating IP's status.
"""

from neutron.services.l3_router import l3_router_plugin
from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.db import constants as db_constants
from neutron_lib.plugins.ml2 import api
from neutron_lib.services.qos import base as qos
from neutron_lib.services.qos import constants as qos_constants

ANY_NUMBER = {"type:range": [0, db_constants.DB_INTEGER_MAX_VALUE]}
BANDWIDTH = {
    qos_constants.MAX_KBPS: ANY_NUMBER,
    qos_constants.MAX_BURST: ANY_NUMBER,
    qos_constants.DIRECTION: {"type:values": constants.VALID_DIRECTIONS},
}


class AnyHost(api.MechanismDriver):
    """Binds to the first segment that is offered."""

    def initialize(self):
        """Says that ports may have a bandwidth limit; without that Neutron refuses policies that have one."""
        self.qos = qos.DriverBase(
            name="any_host",
            vif_types=[portbindings.VIF_TYPE_OVS],
            vnic_types=[portbindings.VNIC_NORMAL],
            supported_rules={qos_constants.RULE_TYPE_BANDWIDTH_LIMIT: BANDWIDTH},
            requires_rpc_notifications=False,
        )

    @property
    def connectivity(self):
        return portbindings.CONNECTIVITY_L2

    def bind_port(self, context):
        for segment in context.segments_to_bind:
            # The fake compute driver plugs nothing, so any type that Nova knows will do.
            details = {portbindings.CAP_PORT_FILTER: True}
            context.set_binding(segment[api.ID], portbindings.VIF_TYPE_OVS, details, status=constants.PORT_STATUS_ACTIVE)
            return


class FloatingAddresses(l3_router_plugin.L3RouterPlugin):
    """Neutron's routers; a floating IP is ACTIVE while it has a port, as if an agent had seen to it."""

    def create_floatingip(self, context, floatingip):
        return self._as_an_agent_would(context, super().create_floatingip(context, floatingip))

    def update_floatingip(self, context, id, floatingip):
        return self._as_an_agent_would(context, super().update_floatingip(context, id, floatingip))

    def _as_an_agent_would(self, context, floating):
        if not floating["port_id"]:
            return floating
        active = constants.FLOATINGIP_STATUS_ACTIVE
        self.update_floatingip_status(context.elevated(), floating["id"], active)
        return {**floating, "status": active}
