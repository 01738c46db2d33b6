"""Profiles by the command line, at an issuer on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from msgspec.structs import replace

from palyra_kernel import Kernel
from palyra_kernel.cli.auth import flows
from palyra_kernel.vault import Vault
from tests.auth.grants import CLIENT
from tests.cli.auth.browser import redirect_of, visit
from tests.cli.auth.issuer import DeviceVendor
from tests.cli.conftest import Call, Outcome


@pytest.fixture
def vendor() -> Iterator[DeviceVendor]:
    with DeviceVendor() as vendor:
        yield vendor


class Auth:
    """``auth("profiles", "list")`` runs ``palyra auth profiles list`` in this process."""

    def __init__(self, call: Call, vendor: DeviceVendor, monkeypatch: pytest.MonkeyPatch) -> None:
        self.call = call
        self.vendor = vendor
        self.redirect: Callable[[str], str] = redirect_of
        """From the address of a login to where its browser comes back."""
        self.pages: list[int] = []
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str, **more: Any) -> Outcome:
        return self.call("auth", *arguments, **more)

    def login(self, id: str = "work", *options: str, provider: str = "custom:acme") -> Outcome:
        """Log in as people do, with a browser that is at hand."""

        def shown(_cli: object, url: str, **_: object) -> None:
            browser = Thread(target=lambda: self.pages.append(visit(self.redirect(url))))
            browser.start()
            browsers.append(browser)

        browsers: list[Thread] = []
        with self._monkeypatch.context() as patched:
            patched.setattr(flows, "show", shown)
            outcome = self(
                *("login", provider, "--issuer", self.vendor.url, "--client-id", CLIENT),
                *("--scope", "read", "--id", id, *options),
            )
        for browser in browsers:
            browser.join()
        return outcome

    def logged_in(self, id: str = "work", *options: str) -> None:
        """The same, and insist that it worked."""
        outcome = self.login(id, *options)
        assert outcome.code == 0, outcome

    def key(self, id: str, *options: str, key: bytes = b"sk-canary-0123456789") -> None:
        """Store a key and insist that it worked."""
        outcome = self("login", "custom:acme", "--api-key-stdin", "--id", id, *options, stdin=key)
        assert outcome.code == 0, outcome

    @contextmanager
    def kernel(self) -> Iterator[Kernel]:
        """What the commands work on."""
        state, config = self.call.base / "state", self.call.base / "config"
        with Kernel.open(state_root=state, config_dir=config) as kernel:
            yield kernel

    def age(self, id: str) -> None:
        """The token of the profile *id* is too old from now on, as we know it."""
        with self.kernel() as kernel:
            old = {"expires_at_ms": 2, "obtained_at_ms": 1, "due_ms": 1}
            kernel.auth.parts.families.update(id, lambda family: replace(family, **old))

    def envelopes(self) -> int:
        """How many secrets the vault keeps."""
        with self.kernel() as kernel:
            return len(kernel._objects.backend.list(None, 10_000))

    def records(self) -> dict[bytes, tuple[int, bytes | None]]:
        """The records of profiles, as they are stored."""
        with self.kernel() as kernel:
            found = [
                stored
                for place in (b"g/auth_", b"p/auth_")
                for stored in kernel._records.store.scan(place, None, 10_000)
            ]
        return {stored.key: (stored.version, stored.value) for stored in found}


@pytest.fixture
def auth(call, vendor, monkeypatch):
    return Auth(call, vendor, monkeypatch)


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """Which secrets were decrypted."""
    refs: list[str] = []
    get = Vault.get

    def spied(vault: Vault, ref: Any, *arguments: Any, **options: Any) -> Any:
        refs.append(str(ref))
        return get(vault, ref, *arguments, **options)

    monkeypatch.setattr(Vault, "get", spied)
    return refs
