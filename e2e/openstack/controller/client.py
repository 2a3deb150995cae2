"""A small OpenStack client: logs in, finds endpoints in the catalog, sends JSON. Never through a proxy."""

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from .progress import Failure

TIMEOUT_S = 60
# By type in the catalog: whose version it is, and which. Cinder answers 400 to the version of another service.
VERSIONS = {"compute": "compute 2.96", "placement": "placement 1.39", "volumev3": "volume 3.70", "block-storage": "volume 3.70"}


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `body` is the parsed JSON, or the text if it is none."""

    status: int
    headers: dict
    body: object


def send(method, url, body=None, headers=None):
    """Sends one request; a dict or list as body goes as JSON, bytes as they are."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    headers = {"Accept": "application/json", **(headers or {})}
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)
    try:
        connection.request(method, target or "/", body, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        return Answer(answer.status, {key.lower(): value for key, value in answer.getheaders()}, _parsed(text))
    finally:
        connection.close()


def _parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def password_login(username, password, project):
    """The body of a login with a password, names in the default domain."""
    domain = {"id": "default"}
    user = {"name": username, "domain": domain, "password": password}
    scope = {"project": {"name": project, "domain": domain}}
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}


def credential_login(identifier, secret):
    """The body of a login with an application credential."""
    credential = {"id": identifier, "secret": secret}
    return {"auth": {"identity": {"methods": ["application_credential"], "application_credential": credential}}}


class Client:
    """Someone logged in."""

    def __init__(self, auth_url, login):
        answer = send("POST", f"{auth_url}/auth/tokens", login)
        if answer.status != 201:
            raise Failure(f"Keystone at {auth_url} refused the login: {answer.status} {answer.body}")
        self._token = answer.headers["x-subject-token"]
        token = answer.body["token"]
        self.user_id, self.project_id = token["user"]["id"], token["project"]["id"]
        self._endpoints = {"identity": auth_url}
        for service in token["catalog"]:
            for endpoint in service["endpoints"]:
                if endpoint["interface"] == "public":
                    self._endpoints.setdefault(service["type"], endpoint["url"].rstrip("/"))

    def call(self, method, service, path, body=None, headers=None):
        """Sends a request and returns the answer, whatever its status."""
        versions = {"OpenStack-API-Version": VERSIONS[service]} if service in VERSIONS else {}
        headers = {"X-Auth-Token": self._token, **versions, **(headers or {})}
        return send(method, self._endpoints[service] + path, body, headers)

    def must(self, method, service, path, body=None, headers=None):
        """Sends a request that must succeed and returns the body.

        Raises Failure with the answer otherwise.
        """
        answer = self.call(method, service, path, body, headers)
        if not 200 <= answer.status < 300:
            raise Failure(f"OpenStack refused {method} {service} {path}: {answer.status} {answer.body}")
        return answer.body
