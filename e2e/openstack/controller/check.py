"""Smoke test of a running cloud, as the member demo: `openstack.sh check`. Prints each step; exits 1 with the reason if one fails.

Runs in the virtual environment, for its YAML parser. Touches only what bears the tag of this run.
"""

import base64
import sys
import time
import uuid
from pathlib import Path

import yaml

from .client import Client, credential_login, password_login
from .config import ZONES
from .progress import Failure
from .seed import IMAGE_NAME, NETWORK_NAME, PUBLIC_NETWORK_NAME, SECURITY_GROUP_NAME

WAIT_LIMIT_S = 60
POLL_S = 0.2
USER_DATA = base64.b64encode(b"#cloud-config\n{}\n").decode()


def expect(text, found, wanted):
    """Prints a step that worked.

    Raises Failure if `found` is not what was wanted.
    """
    if found != wanted:
        raise Failure(f"{text}: expected {wanted!r}, found {found!r}")
    print(f"ok  {text}", flush=True)


def until(text, look, wanted):
    """Looks again and again until it sees what is wanted."""
    deadline = time.monotonic() + WAIT_LIMIT_S
    begin = time.monotonic()
    while (found := look()) != wanted and time.monotonic() < deadline:
        time.sleep(POLL_S)
    expect(f"{text} ({time.monotonic() - begin:.1f} s)", found, wanted)


def log_in(clouds, name):
    """A client for one entry of clouds.yaml."""
    auth = clouds[name]["auth"]
    if clouds[name]["auth_type"] == "v3applicationcredential":
        body = credential_login(auth["application_credential_id"], auth["application_credential_secret"])
    else:
        body = password_login(auth["username"], auth["password"], auth["project_name"])
    return Client(auth["auth_url"], body)


class Check:
    """One run of the test: the clients, the ids found by name, and the tag of all that it makes."""

    def __init__(self, clouds):
        self.demo, self.admin = log_in(clouds, "openstack"), log_in(clouds, "admin")
        self.by_credential = log_in(clouds, "openstack-appcred")
        self.tag = f"check:{uuid.uuid4()}"
        self.network = self.id_of("network", f"/v2.0/networks?name={NETWORK_NAME}", "networks")
        self.group = self.id_of("network", f"/v2.0/security-groups?name={SECURITY_GROUP_NAME}", "security_groups")
        self.image = self.id_of("image", f"/v2/images?name={IMAGE_NAME}", "images")
        flavors = self.demo.must("GET", "compute", "/flavors")["flavors"]
        self.flavors = {flavor["name"]: flavor["id"] for flavor in flavors}
        print("ok  logged in by password, by application credential, as admin; found network, group, image, flavors by name")

    def id_of(self, service, path, key):
        return self.demo.must("GET", service, path)[key][0]["id"]

    def create_port(self):
        port = {"network_id": self.network, "name": "check-0", "tags": [self.tag], "security_groups": [self.group]}
        created = self.by_credential.must("POST", "network", "/v2.0/ports", {"port": port})["port"]
        expect("a new port has its tag and no device", (created["tags"], created["device_id"]), ([self.tag], ""))
        return created["id"]

    def post_server(self, flavor, zone, networks):
        server = {
            "name": "check",
            "flavorRef": self.flavors[flavor],
            "imageRef": self.image,
            "networks": networks,
            "availability_zone": zone,
            "user_data": USER_DATA,
            "metadata": {"gantry-host": self.tag},
            "tags": [self.tag],
        }
        return self.demo.call("POST", "compute", "/servers", {"server": server})

    def server(self, server_id, field):
        return self.demo.must("GET", "compute", f"/servers/{server_id}")["server"].get(field)

    def port(self, port_id, *fields):
        port = self.demo.must("GET", "network", f"/v2.0/ports/{port_id}")["port"]
        return tuple(port[field] for field in fields)

    def volume(self, volume_id):
        return self.demo.must("GET", "volumev3", f"/volumes/{volume_id}")["volume"]["status"]

    def list_by_tag(self):
        return [one["id"] for one in self.demo.must("GET", "compute", f"/servers/detail?tags={self.tag}")["servers"]]

    def clean_up(self):
        """Deletes whatever still bears the tag, so that a failed check leaves nothing either."""
        for server in self.list_by_tag():
            self.demo.call("DELETE", "compute", f"/servers/{server}")
        for port in self.demo.must("GET", "network", f"/v2.0/ports?tags={self.tag}")["ports"]:
            self.demo.call("DELETE", "network", f"/v2.0/ports/{port['id']}")
        for volume in self.demo.must("GET", "volumev3", f"/volumes?name={self.tag}")["volumes"]:
            self.demo.call("DELETE", "volumev3", f"/volumes/{volume['id']}")
        for floating in self.demo.must("GET", "network", f"/v2.0/floatingips?description={self.tag}")["floatingips"]:
            self.demo.call("DELETE", "network", f"/v2.0/floatingips/{floating['id']}")
        self.admin.call("DELETE", "compute", f"/os-quota-sets/{self.demo.project_id}")


def check_server_in_zone(check, zone, hypervisor):
    """The whole life of a server with a port of its own, in one zone."""
    port = check.create_port()
    answer = check.post_server("m1.small", zone, [{"port": port}])
    expect(f"POST /servers for {zone} is accepted", answer.status, 202)
    server = answer.body["server"]["id"]
    until("it becomes ACTIVE", lambda: check.server(server, "status"), "ACTIVE")
    expect("it is in the zone that was asked for", check.server(server, "OS-EXT-AZ:availability_zone"), zone)
    expect("its port is bound to it and ACTIVE", check.port(port, "device_id", "status"), (server, "ACTIVE"))
    expect("it is found by its tag", check.list_by_tag(), [server])
    expect("it has its metadata", check.server(server, "metadata"), {"gantry-host": check.tag})
    check_admin_view(check, server, hypervisor)
    deleted = check.demo.call("DELETE", "compute", f"/servers/{server}")
    expect("DELETE is accepted", deleted.status, 204)
    until("it is gone: 404", lambda: check.demo.call("GET", "compute", f"/servers/{server}").status, 404)
    until("its port stays, unbound", lambda: check.port(port, "device_id", "status"), ("", "DOWN"))
    deleted = check.demo.call("DELETE", "network", f"/v2.0/ports/{port}")
    expect("the port is deleted", deleted.status, 204)


def check_admin_view(check, server, hypervisor):
    """What the guest booter reads: an admin sees all projects' servers, with the user data."""
    servers = check.admin.must("GET", "compute", "/servers/detail?all_tenants=1")["servers"]
    seen = {one["id"]: one for one in servers}[server]
    expect("an admin sees its user data", seen["OS-EXT-SRV-ATTR:user_data"], USER_DATA)
    expect("an admin sees its hypervisor", seen["OS-EXT-SRV-ATTR:host"], hypervisor)


def check_no_valid_host(check):
    """A server that fits nowhere is accepted, and ends in ERROR with a reason."""
    answer = check.post_server("m1.impossible", "az1", [{"uuid": check.network}])
    expect("POST /servers for a flavor that fits nowhere is accepted", answer.status, 202)
    server = answer.body["server"]["id"]
    until("it becomes ERROR", lambda: check.server(server, "status"), "ERROR")
    expect("its fault says why", check.server(server, "fault")["message"][:24], "No valid host was found.")
    check.demo.must("DELETE", "compute", f"/servers/{server}")
    until("it is gone: 404", lambda: check.demo.call("GET", "compute", f"/servers/{server}").status, 404)


def check_volume(check):
    """A volume from an image, which a server boots from, and which stays when the server goes."""
    body = {"volume": {"name": check.tag, "size": 10, "imageRef": check.image}}
    volume = check.demo.must("POST", "volumev3", "/volumes", body)["volume"]["id"]
    until("a volume becomes available", lambda: check.volume(volume), "available")
    disk = {"boot_index": 0, "uuid": volume, "source_type": "volume", "destination_type": "volume"}
    server = {"name": "check", "flavorRef": check.flavors["m1.small"], "networks": "none", "tags": [check.tag]}
    answer = check.demo.must("POST", "compute", "/servers", {"server": {**server, "block_device_mapping_v2": [disk]}})
    server = answer["server"]["id"]
    until("a server boots from it", lambda: check.server(server, "status"), "ACTIVE")
    expect("it is in use", check.volume(volume), "in-use")
    check.demo.must("DELETE", "compute", f"/servers/{server}")
    until("it is available again", lambda: check.volume(volume), "available")
    check.demo.must("DELETE", "volumev3", f"/volumes/{volume}")
    until("it is gone: 404", lambda: check.demo.call("GET", "volumev3", f"/volumes/{volume}").status, 404)


def check_floating_ip(check):
    """An address of the public network for a port."""
    public = check.id_of("network", f"/v2.0/networks?name={PUBLIC_NETWORK_NAME}", "networks")
    port = check.create_port()
    body = {"floatingip": {"floating_network_id": public, "port_id": port, "description": check.tag}}
    floating = check.demo.must("POST", "network", "/v2.0/floatingips", body)["floatingip"]
    expect("a floating IP of a port is ACTIVE", (floating["port_id"], floating["status"]), (port, "ACTIVE"))


def check_quota(check):
    """A quota that is reached answers 403, and the defaults come back."""
    path = f"/os-quota-sets/{check.demo.project_id}"
    check.admin.must("PUT", "compute", path, {"quota_set": {"cores": 1, "force": True}})
    answer = check.post_server("m1.small", "az1", [{"uuid": check.network}])
    expect("POST /servers over quota is refused", answer.status, 403)
    message = answer.body["forbidden"]["message"]
    expect("the refusal names the resource", message[:26], "Quota exceeded for cores: ")
    check.admin.must("DELETE", "compute", path)
    expect("nothing is left", check.list_by_tag(), [])


def main():
    begin = time.monotonic()
    try:
        check = Check(yaml.safe_load(Path(sys.argv[1]).read_text())["clouds"])
        try:
            for zone, hypervisor in ZONES.items():
                check_server_in_zone(check, zone, hypervisor)
            check_no_valid_host(check)
            check_volume(check)
            check_floating_ip(check)
            check_quota(check)
        finally:
            check.clean_up()
    except (Failure, OSError) as failure:
        print(f"The check failed: {failure}", file=sys.stderr)
        return 1
    print(f"all well, {time.monotonic() - begin:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
