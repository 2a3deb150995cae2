"""What is in a new cloud: accounts and catalog, then zones, flavors, image, network, security group and an application credential."""

from . import config
from .client import Client, password_login

DEMO_USER = DEMO_PASSWORD = DEMO_PROJECT = "demo"
CREDENTIAL_SECRET = "demo-application-credential"
# Name, vCPUs, MiB of memory, GiB of disk. The last one fits no hypervisor: its servers end in ERROR, "No valid host was found".
FLAVORS = (
    ("m1.small", 2, 2048, 10),
    ("m1.large", 4, 8192, 20),
    ("m1.xlarge", 8, 16384, 40),
    ("m1.impossible", 9999, 9_999_999, 1),
)
# Volume types by name, with the backend that must hold them. The last one's volumes end in `error`: there is no such backend.
VOLUME_TYPES = {"ssd": None, "hdd": None, "impossible": "nowhere"}
IMAGE_NAME = "debian-12-k8s"
# The fake driver never looks at an image's contents.
IMAGE_BYTES = 1 << 20
NETWORK_NAME, SUBNET_NAME, SECURITY_GROUP_NAME = "apps", "apps-v4", "nodes"
SUBNET = {
    "name": SUBNET_NAME,
    "ip_version": 4,
    "cidr": "10.78.0.0/16",
    "gateway_ip": "10.78.0.1",
    "allocation_pools": [{"start": "10.78.16.1", "end": "10.78.250.254"}],
    "enable_dhcp": False,
}
# Where floating IPs come from; a router joins it to SUBNET.
PUBLIC_NETWORK_NAME, PUBLIC_SUBNET_NAME, ROUTER_NAME, QOS_POLICY_NAME = "public", "public-v4", "edge", "slow"
PUBLIC_SUBNET = {
    "name": PUBLIC_SUBNET_NAME,
    "ip_version": 4,
    "cidr": "203.0.113.0/24",
    "gateway_ip": "203.0.113.1",
    "enable_dhcp": False,
}
QOS_LIMIT_KBPS = 10_000


def _admin(run):
    return Client(config.auth_url(run), password_login("admin", config.ADMIN_PASSWORD, "admin"))


def identity(run):
    """Creates the service account, the demo project with its user, and the catalog. Only Keystone has to run."""
    admin = _admin(run)

    def create(kind, path, **fields):
        return admin.must("POST", "identity", path, {kind: fields})[kind]["id"]

    service = create("project", "/projects", name="service")
    demo = create("project", "/projects", name=DEMO_PROJECT)
    service_user = create("user", "/users", name=config.SERVICE_USER, password=config.SERVICE_PASSWORD)
    demo_user = create("user", "/users", name=DEMO_USER, password=DEMO_PASSWORD)
    roles = {role["name"]: role["id"] for role in admin.must("GET", "identity", "/roles")["roles"]}
    grants = ((service, service_user, "admin"), (service, service_user, "service"), (demo, demo_user, "member"))
    for project, user, role in grants:
        admin.must("PUT", "identity", f"/projects/{project}/users/{user}/roles/{roles[role]}")
    for kind, name, url in _catalog(run):
        endpoint_of = create("service", "/services", type=kind, name=name)
        for interface in ("public", "internal"):
            create("endpoint", "/endpoints", service_id=endpoint_of, interface=interface, url=url, region_id=config.REGION)


def _catalog(run):
    return (
        ("compute", "nova", run.url(config.NOVA.port, "/v2.1")),
        ("network", "neutron", run.url(config.NEUTRON.port)),
        ("image", "glance", run.url(config.GLANCE.port)),
        ("placement", "placement", run.url(config.PLACEMENT.port)),
        # The name by which Cinder knows itself where it checks access rules, as in most clouds; and the newer one of the same.
        ("volumev3", "cinderv3", run.url(config.CINDER.port, "/v3/$(project_id)s")),
        ("block-storage", "cinder", run.url(config.CINDER.port, "/v3")),
    )


def resources(run):
    """Creates everything else; all services have to run, and Nova must know its hypervisors. Returns the ids that others may want."""
    admin = _admin(run)
    demo = Client(config.auth_url(run), password_login(DEMO_USER, DEMO_PASSWORD, DEMO_PROJECT))
    for zone, hypervisor in config.ZONES.items():
        _create_zone(admin, zone, hypervisor)
    for name, vcpus, memory_mib, disk_gib in FLAVORS:
        flavor = {"name": name, "vcpus": vcpus, "ram": memory_mib, "disk": disk_gib}
        admin.must("POST", "compute", "/flavors", {"flavor": flavor})
    for name, backend in VOLUME_TYPES.items():
        volume_type = {"name": name, "extra_specs": {"volume_backend_name": backend} if backend else {}}
        admin.must("POST", "volumev3", "/types", {"volume_type": volume_type})
    network, subnet = _create_network(demo)
    public = _create_public_network(admin, demo, subnet)
    return {
        "project_id": demo.project_id,
        "image_id": _create_image(admin),
        "network_id": network,
        "public_network_id": public,
        "qos_policy_id": _create_qos_policy(admin),
        "security_group_id": _create_security_group(demo),
        "application_credential": _create_credential(demo),
    }


def _create_zone(admin, zone, hypervisor):
    """A zone is a host aggregate that says so; Nova mirrors it to Placement, by which it then schedules."""
    aggregate = {"name": zone, "availability_zone": zone}
    number = admin.must("POST", "compute", "/os-aggregates", {"aggregate": aggregate})["aggregate"]["id"]
    admin.must("POST", "compute", f"/os-aggregates/{number}/action", {"add_host": {"host": hypervisor}})


def _create_image(admin):
    image = {
        "name": IMAGE_NAME,
        "disk_format": "raw",
        "container_format": "bare",
        "visibility": "public",
        "min_disk": 1,
        "os_distro": "debian",
        "os_version": "12",
        "tags": ["gantry"],
    }
    created = admin.must("POST", "image", "/v2/images", image)["id"]
    binary = {"Content-Type": "application/octet-stream"}
    admin.must("PUT", "image", f"/v2/images/{created}/file", bytes(IMAGE_BYTES), binary)
    return created


def _create_network(demo):
    """The network belongs to the demo project; its port security is on, as Neutron's default is."""
    network = demo.must("POST", "network", "/v2.0/networks", {"network": {"name": NETWORK_NAME}})["network"]["id"]
    subnet = demo.must("POST", "network", "/v2.0/subnets", {"subnet": {"network_id": network, **SUBNET}})["subnet"]["id"]
    return network, subnet


def _create_public_network(admin, demo, subnet):
    """A network that only the administrator owns, open to all projects for floating IPs, and the project's router to it."""
    body = {"network": {"name": PUBLIC_NETWORK_NAME, "router:external": True}}
    public = admin.must("POST", "network", "/v2.0/networks", body)["network"]["id"]
    admin.must("POST", "network", "/v2.0/subnets", {"subnet": {"network_id": public, **PUBLIC_SUBNET}})
    router = {"name": ROUTER_NAME, "external_gateway_info": {"network_id": public}}
    created = demo.must("POST", "network", "/v2.0/routers", {"router": router})["router"]["id"]
    demo.must("PUT", "network", f"/v2.0/routers/{created}/add_router_interface", {"subnet_id": subnet})
    return public


def _create_qos_policy(admin):
    """A policy that all projects may give to their ports. Without agents nothing enforces it."""
    policy = {"name": QOS_POLICY_NAME, "shared": True}
    created = admin.must("POST", "network", "/v2.0/qos/policies", {"policy": policy})["policy"]["id"]
    rule = {"bandwidth_limit_rule": {"max_kbps": QOS_LIMIT_KBPS}}
    admin.must("POST", "network", f"/v2.0/qos/policies/{created}/bandwidth_limit_rules", rule)
    return created


def _create_security_group(demo):
    group = {"name": SECURITY_GROUP_NAME, "description": "Everything between hosts"}
    created = demo.must("POST", "network", "/v2.0/security-groups", {"security_group": group})["security_group"]["id"]
    rule = {"security_group_id": created, "direction": "ingress", "ethertype": "IPv4", "remote_ip_prefix": SUBNET["cidr"]}
    demo.must("POST", "network", "/v2.0/security-group-rules", {"security_group_rule": rule})
    return created


def _create_credential(demo):
    credential = {"name": "gantry", "secret": CREDENTIAL_SECRET}
    path = f"/users/{demo.user_id}/application_credentials"
    created = demo.must("POST", "identity", path, {"application_credential": credential})["application_credential"]
    return {"id": created["id"], "secret": CREDENTIAL_SECRET}
