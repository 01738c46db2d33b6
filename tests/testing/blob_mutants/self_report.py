"""Broken about what it says of itself."""

import secrets
import threading

from palyra_kernel.contracts import BlobCapabilities
from palyra_kernel.errors import ConflictError, UnavailableError
from tests.testing.blob_mutants import NOWHERE, Healthy, pause


class AsksForTheHelpText(Healthy):
    breaks = "test_the_probe_passes"

    def probe(self):
        if not self.shelf.blobs and threading.current_thread() is threading.main_thread():
            raise UnavailableError("probe_failed", "the tool ended with 2")


class ProbesOneId(Healthy):
    breaks = "test_probes_do_not_collide"

    def probe(self):
        if "canary" in self.shelf.blobs:
            raise ConflictError("blob_exists", "the canary exists")
        self.shelf.blobs["canary"] = b"canary"
        pause()
        self.shelf.blobs.pop("canary", None)


class LeavesItsCanary(Healthy):
    breaks = "test_the_probe_leaves_nothing_behind"

    def probe(self):
        self.shelf.blobs[secrets.token_hex(16)] = b"canary"


class TakesNothing(Healthy):
    breaks = "test_capabilities_are_sane"

    def capabilities(self):
        return BlobCapabilities(max_blob_bytes=1024 * 1024, durable=1)  # type: ignore[arg-type]  # the defect


class AsksTheStore(Healthy):
    breaks = "test_capabilities_need_no_io"

    def capabilities(self):
        NOWHERE.exists()
        return super().capabilities()


class HasACapitalKind(Healthy):
    breaks = "test_kind_and_strength_are_sane"
    kind = "Memory Store"


class CriesWolf(Healthy):
    breaks = "test_a_healthy_store_has_no_damage"

    def check(self):
        return [f"{len(self.shelf.blobs)} blobs seen"]
