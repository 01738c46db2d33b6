"""What a credential that is fresh does not pay for: the HTTP client takes as long to import as a whole short run."""

from __future__ import annotations

import pytest

from tests.test_public_face import modules_after


@pytest.mark.parametrize(
    "name", ["contracts.oauth", "auth.builtin", "auth.expiry", "auth.clock", "plugins.registry", "kernel"]
)
def test_the_client_is_imported_by_who_sends_something(name):
    """``contracts`` may name the client in its types, and nothing more."""
    _, modules = modules_after(f"import palyra_kernel.{name}")
    assert f"palyra_kernel.{name}" in modules
    assert not {each for each in modules if each.startswith(("palyra_kernel.net", "httpcore2", "httpx2"))}
