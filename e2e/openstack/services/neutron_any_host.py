"""A Neutron ML2 mechanism driver for a cloud without agents: binds every port on every hypervisor at once, and the port is ACTIVE.

Neutron's own drivers bind only where an agent reports in.
"""

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api


class AnyHost(api.MechanismDriver):
    """Binds to the first segment that is offered."""

    def initialize(self):
        """Nothing to prepare."""

    @property
    def connectivity(self):
        return portbindings.CONNECTIVITY_L2

    def bind_port(self, context):
        for segment in context.segments_to_bind:
            # The fake compute driver plugs nothing, so any type that Nova knows will do.
            details = {portbindings.CAP_PORT_FILTER: True}
            context.set_binding(segment[api.ID], portbindings.VIF_TYPE_OVS, details, status=constants.PORT_STATUS_ACTIVE)
            return
