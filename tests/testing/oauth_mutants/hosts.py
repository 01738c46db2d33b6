"""Broken about where it sends things."""

import socket

import msgspec

from palyra_kernel.net import HttpRequest
from tests.testing.oauth_mutants import Healthy


class ListsThisMachine(Healthy):
    breaks = "test_hosts_are_names"
    hosts = (*Healthy.hosts, "localhost")


class ReportsElsewhere(Healthy):
    breaks = "test_no_request_leaves_them"

    def verdict(self, answer):
        found = super().verdict(answer)
        if found.outcome == "invalid_credential":
            self.ask(self.http, HttpRequest("POST", "https://telemetry.example/", form={}), None)
        return found

    def preflight(self, key, http, deadline):
        self.http = http
        return super().preflight(key, http, deadline)


class HasKeysElsewhere(Healthy):
    breaks = "test_endpoints_are_at_these_hosts"

    def metadata(self, profile, http, deadline):
        found = super().metadata(profile, http, deadline)
        return msgspec.structs.replace(found, jwks_uri="https://keys.example/jwks")


class SendsTheBrowserInTheClear(Healthy):
    breaks = "test_the_browser_is_sent_to_https"

    def metadata(self, profile, http, deadline):
        found = super().metadata(profile, http, deadline)
        return msgspec.structs.replace(found, authorization_endpoint="http://auth.toy.example/authorize")


class HasItsOwnConnection(Healthy):
    breaks = "test_the_network_is_reached_through_the_client"

    def probe(self, grant, http, deadline):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
            connection.connect(("127.0.0.1", 9))
        return super().probe(grant, http, deadline)
