"""Writes the services' configuration files. What differs from a production cloud is said in the comments here and in README.md."""

import base64
import os
import shutil
import uuid
from dataclasses import dataclass

REGION = "RegionOne"
DOMAIN = "default"
ADMIN_PASSWORD = "secret"
SERVICE_USER = SERVICE_PASSWORD = "service"
DATABASES = ("keystone", "placement", "glance", "neutron", "cinder", "nova", "nova_api", "nova_cell0")
# Hypervisor name by availability zone: the fake driver gives each 1,000 vCPUs and 800 GB of memory.
ZONES = {"az1": "hypervisor-az1", "az2": "hypervisor-az2"}
# The host name of what controls them, as Nova lists it.
CONTROL_HOST = "control"
# An in-memory bus: nothing outside the one process of Nova, and the one of Cinder, is called over it.
MESSAGE_BUS = "fake:///"


@dataclass(frozen=True)
class Service:
    """One API process: its WSGI module, port, worker threads, and the path that answers when it is up."""

    name: str
    module: str
    port: int
    threads: int
    health: str


KEYSTONE = Service("keystone", "keystone.wsgi.api", 5000, 6, "/v3")
PLACEMENT = Service("placement", "placement.wsgi.api", 8778, 4, "/")
GLANCE = Service("glance", "glance.wsgi.api", 9292, 4, "/healthcheck")
NEUTRON = Service("neutron", "neutron.wsgi.api", 9696, 8, "/")
CINDER = Service("cinder", "cinder_all_in_one", 8776, 4, "/")
NOVA = Service("nova", "nova_all_in_one", 8774, 8, "/")
SERVICES = (KEYSTONE, PLACEMENT, GLANCE, NEUTRON, CINDER, NOVA)


def auth_url(run):
    return run.url(KEYSTONE.port, "/v3")


def ready_file(run, service):
    """The file that Nova, or Cinder, writes when its services report in."""
    return run.path(f"{service.name}.ready")


def write(run, cache):
    """Writes all files below conf/, new token keys, and the folders that the services expect."""
    conf = [f"conf/{service.name}" for service in SERVICES]
    for folder in (*conf, "log", "lock", "images/staging", "images/tasks", "cinder", "nova", "home"):
        run.path(folder).mkdir(parents=True, exist_ok=True)
    for folder in ("keys/tokens", "keys/credentials"):
        _write_keys(run.path(folder))
    # Without this file a compute refuses to start on a database that knows it.
    run.path("nova/compute_id").write_text(str(uuid.uuid5(uuid.NAMESPACE_DNS, CONTROL_HOST)))
    shutil.copy(cache.venv / "etc/glance/glance-api-paste.ini", run.path("conf/glance"))
    shutil.copy(cache.venv / "etc/neutron/api-paste.ini", run.path("conf/neutron"))
    shutil.copy(cache.venv / "etc/nova/api-paste.ini", run.path("conf/nova"))
    shutil.copy(cache.venv / "etc/cinder/api-paste.ini", run.path("conf/cinder"))
    shutil.copy(cache.venv / "etc/cinder/resource_filters.json", run.path("conf/cinder"))
    _write_ini(run.path("conf/keystone/keystone.conf"), _keystone(run))
    _write_ini(run.path("conf/placement/placement.conf"), _placement(run))
    _write_ini(run.path("conf/glance/glance-api.conf"), _glance(run))
    _write_ini(run.path("conf/neutron/neutron.conf"), _neutron(run))
    _write_ini(run.path("conf/neutron/ml2_conf.ini"), _ml2(run))
    _write_ini(run.path("conf/cinder/cinder.conf"), _cinder(run))
    _write_ini(run.path("conf/nova/nova.conf"), _nova(run))


def _write_keys(folder):
    """Two Fernet keys: the one in use, and the next."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ("0", "1"):
        folder.joinpath(name).write_bytes(base64.urlsafe_b64encode(os.urandom(32)))


def _write_ini(path, sections):
    lines = []
    for section, options in sections.items():
        lines += [f"[{section}]", *(f"{key} = {value}" for key, value in options.items()), ""]
    path.write_text("\n".join(lines))


def _database(run, name):
    return f"mysql+pymysql://root@localhost/{name}?unix_socket={run.socket}&charset=utf8"


def _login(run):
    """How a service logs in to Keystone for calls of its own."""
    return {
        "auth_type": "password",
        "auth_url": auth_url(run),
        "username": SERVICE_USER,
        "password": SERVICE_PASSWORD,
        "project_name": "service",
        "user_domain_id": DOMAIN,
        "project_domain_id": DOMAIN,
        "region_name": REGION,
    }


def _behind_keystone(run, service_type):
    """What every service but Keystone needs. Without service_type, application credentials with access rules are refused."""
    check = {
        **_login(run),
        "www_authenticate_uri": auth_url(run),
        "service_type": service_type,
        "service_token_roles": "service",
        "service_token_roles_required": "true",
    }
    return {
        "keystone_authtoken": check,
        "service_user": {**_login(run), "send_service_user_token": "true"},
        "oslo_concurrency": {"lock_path": run.path("lock")},
        "oslo_messaging_notifications": {"driver": "noop"},
    }


def _keystone(run):
    keys = run.path("keys/tokens")
    return {
        "DEFAULT": {},
        "database": {"connection": _database(run, "keystone")},
        "token": {"provider": "fernet", "expiration": run.token_s},
        "fernet_tokens": {"key_repository": keys},
        # `keystone-manage bootstrap` refuses to work without this one.
        "fernet_receipts": {"key_repository": keys},
        "credential": {"key_repository": run.path("keys/credentials")},
        "oslo_messaging_notifications": {"driver": "noop"},
        # Cheapest hash: logins cost CPU that the tests need.
        "identity": {"password_hash_rounds": 4},
        "application_credential": {"user_limit": -1},
    }


def _placement(run):
    return {
        "api": {"auth_strategy": "keystone"},
        "placement_database": {"connection": _database(run, "placement")},
        **_behind_keystone(run, "placement"),
    }


def _glance(run):
    images = run.path("images")
    return {
        "DEFAULT": {
            "enabled_backends": "files:file",
            "bind_host": run.bind,
            "enabled_import_methods": "[]",
            "worker_self_reference_url": run.url(GLANCE.port),
            "transport_url": MESSAGE_BUS,
        },
        "database": {"connection": _database(run, "glance")},
        "glance_store": {"default_backend": "files"},
        "files": {"filesystem_store_datadir": images},
        "os_glance_staging_store": {"filesystem_store_datadir": images / "staging"},
        "os_glance_tasks_store": {"filesystem_store_datadir": images / "tasks"},
        "paste_deploy": {"flavor": "keystone", "config_file": run.path("conf/glance/glance-api-paste.ini")},
        **_behind_keystone(run, "image"),
    }


def _neutron(run):
    unlimited = ("network", "subnet", "security_group", "security_group_rule")
    return {
        "DEFAULT": {
            "core_plugin": "ml2",
            "service_plugins": "neutron_any_host.FloatingAddresses,qos",
            "auth_strategy": "keystone",
            "transport_url": MESSAGE_BUS,
            "state_path": run.path("neutron"),
            "api_paste_config": run.path("conf/neutron/api-paste.ini"),
            "dhcp_agent_notification": "false",
            "notify_nova_on_port_status_changes": "true",
            "notify_nova_on_port_data_changes": "true",
            "bind_host": run.bind,
            "rpc_workers": 0,
        },
        "database": {"connection": _database(run, "neutron")},
        "quotas": {"quota_port": 10000, **{f"quota_{what}": -1 for what in unlimited}},
        "nova": _login(run),
        "placement": _login(run),
        **_behind_keystone(run, "network"),
    }


def _ml2(run):
    # Without the second one Neutron answers 201 to a port with tags, and drops the tags.
    extensions = "port_security,qos" if run.ignore_port_tags else "port_security,qos,tag_ports_during_bulk_creation"
    return {
        "ml2": {
            "type_drivers": "local",
            "project_network_types": "local",
            "mechanism_drivers": "any_host",
            "extension_drivers": extensions,
        },
        "securitygroup": {"enable_security_group": "true"},
    }


def _cinder(run):
    """One backend per zone, of the same name."""
    backends = {
        zone: {"volume_driver": "cinder_no_data.NoData", "volume_backend_name": zone, "backend_availability_zone": zone} for zone in ZONES
    }
    return {
        "DEFAULT": {
            "host": CONTROL_HOST,
            "transport_url": MESSAGE_BUS,
            "auth_strategy": "keystone",
            "state_path": run.path("cinder"),
            "my_ip": run.bind,
            "api_paste_config": run.path("conf/cinder/api-paste.ini"),
            "resource_query_filters_file": run.path("conf/cinder/resource_filters.json"),
            "enabled_backends": ",".join(ZONES),
            "storage_availability_zone": next(iter(ZONES)),
            "scheduler_driver_init_wait_time": 1,
            "glance_api_servers": run.url(GLANCE.port),
            # As Nova's: a test that wants to meet a quota sets one.
            "quota_volumes": 2000,
            "quota_gigabytes": 100_000,
        },
        "database": {"connection": _database(run, "cinder")},
        "nova": _login(run),
        **_behind_keystone(run, "volumev3"),
        **backends,
    }


def _nova(run):
    filters = (
        "ComputeFilter,ComputeCapabilitiesFilter,ImagePropertiesFilter,ServerGroupAntiAffinityFilter,ServerGroupAffinityFilter,"
        "AggregateInstanceExtraSpecsFilter,SameHostFilter,DifferentHostFilter"
    )
    return {
        "DEFAULT": {
            "host": CONTROL_HOST,
            "compute_driver": "fake.NamedFakeDriver",
            "transport_url": MESSAGE_BUS,
            "state_path": run.path("nova"),
            "my_ip": run.bind,
            "log_options": "false",
            "max_concurrent_builds": 0,
            "allow_resize_to_same_host": "true",
        },
        "wsgi": {"api_paste_config": run.path("conf/nova/api-paste.ini")},
        "api_database": {"connection": _database(run, "nova_api")},
        "database": {"connection": _database(run, "nova")},
        "scheduler": {"workers": 1, "discover_hosts_in_cells_interval": -1},
        "filter_scheduler": {"enabled_filters": filters},
        "placement": _login(run),
        "neutron": _login(run),
        "glance": _login(run),
        "cinder": _login(run),
        "vnc": {"enabled": "false"},
        # A test that wants to meet a quota sets one for the project, and removes it again to come back to these.
        "quota": {
            "instances": 2000,
            "cores": 20000,
            "ram": 100_000_000,
            "key_pairs": 1000,
            "server_groups": 1000,
            "server_group_members": 1000,
        },
        **_behind_keystone(run, "compute"),
    }
