"""``docs/nodes.md``, "A laptop helps a server": typed, at a gateway and on a laptop that are programs of their own."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from tests.docs.pages import page, section, table_rows
from tests.docs.sessions import environment
from tests.docs.test_pairing_as_typed import PASSPHRASE, Side, gateway, port, short, side, waiting

if sys.platform == "win32":
    pytest.skip("terminals of POSIX", allow_module_level=True)

__all__ = ["gateway", "port", "short"]
_ADDRESS = "https://gateway.example:7443"


def lines() -> list[str]:
    """The ten of them, wherever they are typed."""
    rows = table_rows(section(page("nodes.md"), "## A laptop helps a server"))
    assert [row[0] for row in rows] == [str(number) for number in range(1, 11)]
    return [(row[1] or row[2]).strip("`") for row in rows]


@pytest.mark.timeout(120)
def test_a_laptop_lends_what_it_can_do(gateway: Side, tmp_path: Path, port: int) -> None:
    """Hazards U17, H42: no documented example was ever run; a pairing ended without work over mutual TLS."""
    serve, code, init, pair, approve, run, grant, invoke, revoke, remove = lines()
    assert (serve, init) == ("palyra serve", "palyra init")  # these were typed already
    laptop = side(tmp_path / "laptop")
    shown: list[str] = []
    text = next(line for line in gateway(code).splitlines() if re.fullmatch(r"\d-\d{3}-\d{3}", line))
    pairing = Thread(
        target=lambda: shown.append(laptop(pair.replace(_ADDRESS, f"https://localhost:{port}"), text))
    )
    pairing.start()
    try:
        _, asked = waiting(gateway, "palyra pairing list")
        gateway(approve.replace("ID", asked), "y", PASSPHRASE)
    finally:
        pairing.join(60)
    (device,) = re.findall(r"paired: (01\w{24}) ", shown[0])
    node = subprocess.Popen(run.split(), env=environment(laptop.home), stderr=subprocess.PIPE, text=True)
    try:
        assert node.stderr is not None
        for line in node.stderr:
            if "lending" in line:
                break
        gateway(grant.replace("DEVICE", device))
        assert json.loads(gateway(invoke.replace("DEVICE", device)))["processors"] >= 1
        gateway(revoke.replace("DEVICE", device))
        asked_anyway = subprocess.run(
            invoke.replace("DEVICE", device).split(),
            env=environment(gateway.home),
            capture_output=True,
            check=False,
        )
        assert asked_anyway.returncode == 4, asked_anyway
        gateway(remove.replace("DEVICE", device))
        for line in node.stderr:
            if "no gateway" in line:
                break
        node.send_signal(signal.SIGTERM)
        assert node.wait(40) == 0
    finally:
        node.kill()
        node.communicate()
