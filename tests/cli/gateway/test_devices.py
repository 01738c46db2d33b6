"""``palyra devices``: what is shown of a device, and how one is shut out."""

from __future__ import annotations

import stat
import sys

import pytest

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.keys import identity_print


def shown(gateway, device_id):
    return gateway("--json", "devices", "show", device_id).json


@pytest.fixture
def known(gateway, passphrase):
    return gateway.paired(passphrase)


def test_a_device_is_shown_with_all_of_it(gateway, known):
    device_id = known.device.self.device
    found = shown(gateway, device_id)
    leaf = found["certificate"]
    text = gateway("devices", "show", device_id).text
    for fact in (
        device_id,
        "work laptop",
        identity_print(known.device.self.identity),
        leaf["fingerprint"],
        leaf["serial"],
    ):
        assert fact in text
    assert leaf["not_after"][:10] in text
    assert (found["state"], found["next_certificate"], found["renewal_wanted"]) == ("active", None, False)
    assert "for 23 h" in gateway("devices", "list").text


def test_lists_are_narrowed(gateway, known):
    assert (
        len(gateway("--json", "devices", "list", "--kind", "node", "--state", "active").json["devices"]) == 1
    )
    assert gateway("devices", "list", "--kind", "cli").text == "there are no such devices\n"
    assert gateway("--json", "devices", "list", "--state", "revoked").json == {"devices": []}


def test_rotating_ends_nothing(gateway, known):
    """Hazard H17: an operator's rotate revoked the certificate in use and dropped the new key."""
    device_id = known.device.self.device
    before = shown(gateway, device_id)
    assert "at its next contact" in gateway("devices", "rotate", device_id).text
    after = shown(gateway, device_id)
    assert after == before | {"renewal_wanted": True}
    assert "wanted: it renews at its next contact" in gateway("devices", "show", device_id).text


def test_revoking_asks_and_shuts_out(gateway, known, prompts):
    """Hazard H18: what was revoked still stood for a device, and removing it lifted the ban."""
    device_id = known.device.self.device
    assert gateway("devices", "revoke", device_id).code == 2
    prompts += ["n"]
    assert gateway("devices", "revoke", device_id, terminal=True).code == 130
    assert shown(gateway, device_id)["state"] == "active"
    prompts += ["y"]
    assert gateway("devices", "revoke", device_id, "--reason", "left on a train", terminal=True).code == 0
    found = shown(gateway, device_id)
    assert (found["state"], found["reason"], found["certificate"]) == ("revoked", "left on a train", None)
    assert "left on a train" in gateway("devices", "show", device_id).text
    again = gateway("--json", "devices", "revoke", device_id, "--yes")
    assert (again.code, again.error["code"]) == (7, "device_revoked")
    assert gateway("devices", "remove", device_id, "--yes").code == 0
    with pytest.raises(DeniedError):
        gateway.comes(who=known.device)


def test_unbanning_lets_it_be_paired_again(gateway, known, passphrase):
    device_id = known.device.self.device
    gateway("devices", "revoke", device_id, "--yes")
    assert gateway("devices", "unban", device_id).code == 2
    assert "palyra pairing code" in gateway("devices", "unban", device_id, "--yes").text
    assert gateway("--json", "devices", "unban", device_id, "--yes").error["code"] == "device_not_banned"
    gateway.paired(passphrase, who=known.device)
    assert shown(gateway, device_id)["state"] == "active"


def test_who_was_never_here_is_banned_too(gateway, prompts):
    device_id = "01K0ZQ4T5N8W9XJ3V7C2M6B1HD"
    prompts += ["y"]
    assert gateway("devices", "revoke", device_id, terminal=True).code == 0
    assert gateway("--json", "devices", "show", device_id).error["code"] == "device_missing"
    assert gateway("devices", "unban", device_id, "--yes").code == 0


def test_removing_asks_too(gateway, known, prompts):
    device_id = known.device.self.device
    prompts += ["n"]
    assert gateway("devices", "remove", device_id, terminal=True).code == 130
    assert gateway("devices", "remove", device_id, "--yes", "--reason", "a new laptop").code == 0
    assert (
        gateway("--json", "devices", "list", "--state", "removed").json["devices"][0]["reason"]
        == "a new laptop"
    )


def test_the_crl_has_what_was_revoked(gateway, known, tmp_path):
    """Hazard H44: a CRL that nobody could write, or that was over."""
    from cryptography import x509

    device_id = known.device.self.device
    serial = int(shown(gateway, device_id)["certificate"]["serial"], 16)
    gateway("devices", "revoke", device_id, "--yes")
    file = tmp_path / "revoked.pem"
    outcome = gateway("devices", "crl", "--out", str(file))
    assert (outcome.code, outcome.text) == (0, f"{file}: 1 CRL\n")
    crl = x509.load_pem_x509_crl(file.read_bytes())
    assert [each.serial_number for each in crl] == [serial]
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert gateway("--json", "devices", "crl", "--out", str(file)).error["code"] == "exists"
    assert gateway("devices", "crl", "--out", str(file), "--force").code == 0
    again = x509.load_pem_x509_crl(gateway("devices", "crl").out)
    (listed,) = gateway("--json", "devices", "crl").json["crls"]
    assert again.issuer == crl.issuer
    assert len(listed["issuer"]) >= 32
    assert gateway("devices", "crl", "--force").code == 2
