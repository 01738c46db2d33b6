"""Ninety days of handshakes, in a minute: the clock of the process, and so that of OpenSSL, is the test's."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import require_real
from tests.e2e.ninety_days import AWAY, BEGIN, DAYS

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


@pytest.mark.real
@pytest.mark.skipif(sys.platform != "linux", reason="the library that moves the clock is for Linux")
@pytest.mark.timeout(300)
def test_nobody_is_shut_out_in_ninety_days(tmp_path):
    """Hazards H19 and H20: the certificate of the server lived 24 hours from its start, devices never renewed, and no CA
    rolled over. Devices that are away for a day, a week or 29 days come back by themselves, and no handshake fails,
    while issuing CAs roll over and an operator replaces the root."""
    require_real(LIBRARY is not None, "apt-get install faketime")
    clock = tmp_path / "clock"
    clock.write_text(f"@{BEGIN:%Y-%m-%d %H:%M:%S}")
    moved = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.ninety_days", str(tmp_path), str(clock)],
        env=os.environ | moved,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["leaves"] >= DAYS  # a certificate of the server lives for a day, and is renewed before
    assert found["bundles"] >= 5  # CAs came and went
    did = found["did"]
    assert did["never"].keys() == {"nothing", "renewed"}
    assert did["never"]["renewed"] >= DAYS
    for name in AWAY.keys() - {"never"}:
        assert did[name]["reentered"] >= DAYS * 3 // (3 + AWAY[name]) - 1
