"""A Cinder volume driver that keeps no data: every volume is there at once, may be attached, and takes no room.

Cinder's own LVM driver needs root and disks; its fake one runs qemu-img for each image. What the API shows is Cinder's either way.
"""

from cinder.volume import driver

CAPACITY_GB = 1_000_000


class NoData(driver.VolumeDriver):
    """One backend, which the scheduler believes to have CAPACITY_GB."""

    VERSION = "1.0.0"

    def do_setup(self, context):
        """Nothing to prepare."""

    def check_for_setup_error(self):
        """Nothing can be missing."""

    def _update_volume_stats(self):
        self._stats = {
            "volume_backend_name": self.configuration.safe_get("volume_backend_name"),
            "vendor_name": "Gantry",
            "driver_version": self.VERSION,
            "storage_protocol": "none",
            "total_capacity_gb": CAPACITY_GB,
            "free_capacity_gb": CAPACITY_GB,
            "reserved_percentage": 0,
        }

    def create_volume(self, volume):
        """The record in Cinder's database is the volume."""

    def delete_volume(self, volume):
        """Nothing to free."""

    def clone_image(self, context, volume, image_location, image_meta, image_service):
        """Says that the image is in the volume, so that Cinder does not download it."""
        return {}, True

    def ensure_export(self, context, volume):
        """Nothing to export."""

    def create_export(self, context, volume, connector):
        """Nothing to export."""

    def remove_export(self, context, volume):
        """Nothing was exported."""

    def initialize_connection(self, volume, connector):
        """Nova's fake hypervisor never looks at it."""
        return {"driver_volume_type": "fake", "data": {"volume_id": volume.id}}

    def terminate_connection(self, volume, connector, **kwargs):
        """Nothing was connected."""
