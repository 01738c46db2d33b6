"""Health: which part is not ready, and numbers that name nobody."""

from __future__ import annotations

import pytest

from palyra_kernel.daemon.apps.health import Health
from palyra_kernel.daemon.assembly import secured
from palyra_kernel.daemon.metrics import Numbers
from palyra_kernel.daemon.operating import Running
from palyra_kernel.daemon.readiness import checks
from palyra_kernel.errors import PalyraError, UnavailableError
from tests.serve.asgi import ask
from tests.serve.world import stranger


def app(scrape=lambda: b"", **parts):
    return Health(parts, scrape).app()


def get(found, path, host="127.0.0.1:7142"):
    return ask(found, "GET", path, peer=stranger(), headers={"host": host})


def unavailable():
    raise UnavailableError("store_away", "the store at 10.1.2.3 does not answer")


def test_alive_is_not_ready():
    found = app(records=unavailable)
    assert get(found, "/healthz").status == 200
    answer = get(found, "/readyz")
    assert (answer.status, answer.json) == (503, {"ready": False, "parts": {"records": "store_away"}})


def test_ready_is_every_part():
    found = app(records=lambda: None, identity=lambda: "ca_expired")
    assert get(found, "/readyz").json["parts"] == {"records": "ready", "identity": "ca_expired"}
    assert get(app(records=lambda: None), "/readyz").status == 200


@pytest.mark.parametrize("path", ["/", "/v1/self", "/v1/pairing/hello", "/v1/status", "/metrics/", "/health"])
def test_no_other_door_is_behind_this_one(path):
    """Hazard H1: what needs no authentication shared a listener with what does."""
    assert (get(app(), path).status, get(app(), path).body) == (404, b"")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:7142", 200),
        ("[::1]:7142", 200),
        ("127.0.0.1", 200),
        ("rebound.example:7142", 403),
        ("127.0.0.1.example", 403),
        ("192.0.2.1:7142", 403),
        ("", 403),
    ],
)
def test_no_page_in_a_browser_reads_the_numbers(host, status):
    """A name of somebody's own that leads here, for a moment: then their page may read what we answer."""
    assert get(app(), "/healthz", host).status == status


def test_the_parts_of_a_daemon_say_what_is_wrong(kernel):
    from palyra_kernel.daemon.chores import Chores

    kernel.identity.start()
    running = Running(kernel, {})
    chores = Chores(running.counts)
    found = checks(running, chores, lambda: False)
    codes = {name: check() for name, check in found.items()}
    assert codes.pop("revocations") == "revocations_unknown"
    assert not any(codes.values())
    running.tls = secured(kernel.identity, running.config)
    assert found["certificates"]() is None
    running.tls.work.end_ms = 1
    assert found["certificates"]() == "server_certificate_expired"
    running.devices.reopen()
    chores.troubles["tend"] = "disk_full"
    assert (found["revocations"](), found["background"]()) == (None, "disk_full")


def test_numbers_name_nobody(kernel):
    kernel.identity.start()
    kernel.vault.put("global/secret_name", b"value")
    running = Running(kernel, {})
    running.counts.pairing_refused.add("hello")
    running.counts.reentry_refused.add("proof_replayed")
    text = Numbers(running).scrape().decode()
    for line in (
        'palyra_pairing_refused_total{verb="hello"} 1.0',
        'palyra_reentry_refused_total{code="proof_replayed"} 1.0',
        "palyra_pins_closed 0.0",
        "palyra_approvals_waiting 0.0",
        'palyra_ca_expires_in_seconds{ca="issuing"} ',
    ):
        assert line in text
    assert "secret_name" not in text
    assert kernel.vault_id not in text


def test_what_cannot_be_read_takes_no_other_number_with_it(kernel, monkeypatch):
    kernel.identity.start()
    running = Running(kernel, {})
    monkeypatch.setattr(
        kernel.identity.pairings.codes, "pins", lambda: (_ for _ in ()).throw(PalyraError("away", "away"))
    )
    text = Numbers(running).scrape().decode()
    assert "palyra_pins_closed" not in text
    assert "palyra_approvals_waiting" in text
