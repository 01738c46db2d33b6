"""A guard stands for the author's class: what the contract lets a class say and do goes through it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from palyra_kernel.contracts import BlobBackend, KeyProtector, RecordStore
from palyra_kernel.contracts.capabilities import Capability
from palyra_kernel.contracts.oauth import OAuthRefreshAdapter
from palyra_kernel.contracts.sources import SecretSource
from palyra_kernel.plugins.guard_blobs import backend_guard
from palyra_kernel.plugins.guard_capabilities import capability_guard
from palyra_kernel.plugins.guard_oauth import adapter_guard
from palyra_kernel.plugins.guard_protectors import protector_guard
from palyra_kernel.plugins.guard_records import store_guard
from palyra_kernel.plugins.guard_sources import source_guard
from palyra_kernel.plugins.origin import origin_of

ORIGIN = origin_of("acme", "acme-own", "1.0", "acme_own")
SAID: dict[type[object], tuple[Any, dict[str, Any]]] = {
    BlobBackend: (backend_guard, {"kind": "own", "strength": 7}),
    KeyProtector: (
        protector_guard,
        {
            "kind": "own",
            "device_bound": True,
            "single": True,
            "wraps_publicly": True,
            "default_params": {"rounds": 3},
            "weak": "it is a test",
        },
    ),
    RecordStore: (store_guard, {"scheme": "own"}),
    SecretSource: (
        source_guard,
        {"scheme": "own", "default_transforms": ("base64",), "fragment_is_id": True},
    ),
    Capability: (
        capability_guard,
        {"name": "own.one", "sensitivity": "local_consent", "max_input_bytes": 7, "max_output_bytes": 8},
    ),
    OAuthRefreshAdapter: (adapter_guard, {"provider": "own", "hosts": ("auth.acme.example",)}),
}
"""Each contract, its guard, and a value of each attribute that is not the default."""

contracts = pytest.mark.parametrize("contract", SAID, ids=lambda contract: contract.__name__)


@contracts
def test_what_the_authors_class_says_is_what_the_guard_says(contract):
    """The guard did not pass ``wraps_publicly`` on: a new root key would have dropped a slot that is made again with
    its public key alone."""
    guard, said = SAID[contract]
    assert said.keys() == {name for name in inspect.get_annotations(contract) if not name.startswith("_")}
    author = type("Author", (contract,), said)
    shown = guard(author, ORIGIN)
    assert {name: getattr(shown, name) for name in said} == said
    assert all(getattr(contract, name, None) != value for name, value in said.items())


@contracts
def test_no_method_of_the_contract_goes_past_the_guard(contract):
    """A method that the guard inherits from the contract would answer for the author, without being asked."""
    guard, said = SAID[contract]
    before = guard(type("Author", (contract,), said), ORIGIN).__mro__
    own = {name for cls in before[: before.index(contract)] for name in vars(cls)}
    methods = {name for name in vars(contract) if not name.startswith("_")} - said.keys()
    assert methods - own == set()
