"""The vault of the command line as a gateway, and devices that come to it without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from palyra_kernel import Kernel, SensitiveBytes
from palyra_kernel.access.system import system_principal
from palyra_kernel.approvals import passphrase as passphrases
from palyra_kernel.cli.start import run
from palyra_kernel.identity.certificates.keys import new_key
from palyra_kernel.identity.certificates.requests import request_for
from palyra_kernel.identity.pairing.codes import parse_pin, parse_qr
from palyra_kernel.identity.pairing.device import Confirmed, Waiting
from palyra_kernel.identity.pairing.messages import Decision
from tests.approvals.room import QUICK
from tests.cli.conftest import Call, Outcome
from tests.identity.pairing_world import TLS, Device, wrong

PASSPHRASE = "correct horse battery"
SOURCE = "192.0.2.1"


def device(**options: Any) -> Device:
    """A device with keys and a certificate request of its own."""
    return Device(request=request_for(new_key()), **options)


class Coming:
    """A device that proved a code: it shows words, waits, and picks its certificate up."""

    def __init__(self, gateway: Gateway, who: Device, confirmed: Confirmed) -> None:
        self.id = confirmed.run
        self.words, self.digits = confirmed.words, confirmed.digits
        self.device = who
        self._gateway = gateway
        self._waiting = Waiting(confirmed, who.identity.sign)

    def poll(self) -> Decision:
        """What the gateway says of it now."""
        with self._gateway.opened() as kernel:
            return self._waiting.read(kernel.identity.pairings.poll(self._waiting.poll()))

    def arrive(self) -> None:
        """Pick the certificate up, and call with it."""
        certificate = self.poll().certificates[0]
        with self._gateway.opened() as kernel:
            kernel.identity.admission.arrived(certificate)


class Gateway:
    """``gateway("devices", "list")`` runs ``palyra devices list`` in this process."""

    def __init__(self, call: Call) -> None:
        self.call = call

    def __call__(self, *arguments: str, **more: Any) -> Outcome:
        return self.call(*arguments, **more)

    @contextmanager
    def opened(self) -> Iterator[Kernel]:
        """The vault, as the daemon has it open."""
        with Kernel.open(state_root=self.call.places[1], config_dir=self.call.places[3]) as kernel:
            yield kernel

    def code(self, *options: str) -> str:
        """A new code, as the command shows it."""
        outcome = self("pairing", "code", *options)
        assert outcome.code == 0, outcome
        return outcome.text.splitlines()[-1]

    def guess(self, text: str) -> None:
        """Somebody tries the code with another PIN."""
        with self.opened() as kernel:
            pairings = kernel.identity.pairings
            run = device().run(wrong(parse_pin(text)))
            begun = pairings.begin(run.hello(), SOURCE, kernel.identity.terms(TLS))
            assert begun.run is not None
            pairings.finish(begun.run, run.prove(begun.reply))

    def comes(self, text: str | None = None, who: Device | None = None) -> Coming:
        """A device proves the code *text*, or one of its own."""
        text, who = text or self.code("--name", "work laptop"), who or device()
        with self.opened() as kernel:
            pairings = kernel.identity.pairings
            run = who.run(parse_qr(text) if text.startswith("palyra") else parse_pin(text))
            begun = pairings.begin(run.hello(), SOURCE, kernel.identity.terms(TLS))
            assert begun.run is not None
            return Coming(self, who, run.confirm(pairings.finish(begun.run, run.prove(begun.reply))))

    def paired(self, passphrase: str, who: Device | None = None) -> Coming:
        """A device that was let in and has called."""
        coming = self.comes(who=who)
        outcome = approve(self, coming, passphrase)
        assert outcome.code == 0, outcome
        coming.arrive()
        return coming


def approve(gateway: Gateway, coming: Coming, passphrase: str, *options: str) -> Outcome:
    """Let it in, with the words that it shows."""
    words = ("--words", coming.words, "--approval-passphrase-file", passphrase)
    return gateway("pairing", "approve", coming.id, *words, *options)


@pytest.fixture(scope="session")
def started(tmp_path_factory) -> Path:
    """The folders of a gateway that was started once; tests take copies."""
    base: Path = tmp_path_factory.mktemp("gateway")
    assert run(["--state-root", str(base / "state"), "--config-dir", str(base / "config"), "init"]) == 0
    with Kernel.open(state_root=base / "state", config_dir=base / "config") as kernel:
        kernel.identity.start()
    return base


@pytest.fixture
def gateway(bare, started) -> Gateway:
    """A gateway that was started once."""
    for folder in ("state", "config"):
        shutil.copytree(started / folder, bare.base / folder)
    return Gateway(bare)


@pytest.fixture
def passphrase(gateway, monkeypatch) -> str:
    """The file with the approval passphrase of whoever runs the tests; deriving its key takes no time."""
    monkeypatch.setattr(passphrases, "Cost", lambda: QUICK)
    with gateway.opened() as kernel, kernel.session(system_principal()) as session:
        session.approvals.set_passphrase(SensitiveBytes(PASSPHRASE.encode()))
    file: Path = gateway.call.base / "passphrase"
    file.write_text(PASSPHRASE + "\n")
    file.chmod(0o600)
    return str(file)
