"""A gateway and a device as two programs on one machine, with nothing between them but TLS."""

from __future__ import annotations

from palyra_kernel.access.system import system_principal
from palyra_kernel.approvals import passphrase as passphrases
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.approvals.room import QUICK
from tests.cli.conftest import Program
from tests.daemon.until import until
from tests.serve.process import CONFIG, running
from tests.support import Places

PASSPHRASE = b"correct horse battery"


def test_a_device_is_paired_works_and_is_thrown_out(tmp_path, monkeypatch):
    """Hazard H42: every path of a pairing ends with a real call. Hazard H1: it took a switch without authentication to
    get in. Hazard H14: the code is on neither side's disk, nor in what they log."""
    monkeypatch.setattr(passphrases, "Cost", lambda: QUICK)
    gateway = Program(("--state-root", str(tmp_path / "state"), "--config-dir", str(tmp_path / "config")))
    home = tmp_path / "device"
    palyra = Program(("--state-root", str(home / "state"), "--config-dir", str(home / "config"), "--json"))
    assert (gateway("init").code, palyra("init").code) == (0, 0)
    config = tmp_path / "config" / "palyra.toml"
    config.write_text(CONFIG)
    config.chmod(0o600)
    with (
        running(tmp_path) as daemon,
        Places(tmp_path).open(plugins=None) as kernel,
        kernel.session(system_principal(), surface="cli") as session,
    ):
        with SensitiveBytes(PASSPHRASE) as passphrase:
            session.approvals.set_passphrase(passphrase, old=None, principal=session.principal)
        urls = [f"https://127.0.0.1:{daemon.address(name)[1]}" for name in ("enrolment", "work")]
        code = session.pairing.mint_pin(name="laptop").text
        asking = palyra.start("device", "pair", "--gateway", urls[0], "--work", urls[1], "--code-stdin")
        assert asking.stdin is not None
        asking.stdin.write(code.encode())
        asking.stdin.close()
        asking.stdin = None
        until(lambda: any(each.state == "awaiting_approval" for each in session.pairing.list()))
        (shown,) = session.pairing.list()
        session.pairing.approve(shown.id, passphrase=SensitiveBytes(PASSPHRASE))
        out, err = asking.communicate(timeout=60)
        assert asking.returncode == 0, err
        assert shown.words in err.decode()
        assert session.devices.show(shown.device).name == "laptop"
        assert palyra("device", "renew", "--if-due").json["done"] == "nothing"
        session.devices.revoke(shown.device, "lost")
        refused = palyra("device", "renew", "--if-due")
        assert refused.error["code"] == "reentry_refused", refused
        logged = daemon.log.read_bytes()
    digits = code.partition("-")[2].encode()
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    for secret in (code.encode(), digits.replace(b"-", b"")):
        assert not [data for data in (*kept, logged, out, err) if secret in data]
