"""Days of handshakes in seconds: the clock of the process, and so that of OpenSSL, is the test's."""

import sys

import pytest

from tests.e2e.ninety_days import LIBRARY, run

DAYS = 9


@pytest.mark.real
@pytest.mark.skipif(sys.platform != "linux", reason="the library that moves the clock is for Linux")
@pytest.mark.timeout(120)
def test_nobody_is_shut_out(tmp_path):
    """Hazards H19 and H20: the certificate of the server lived 24 hours from its start, devices never renewed, and no
    CA rolled over. Devices that are away for days come back by themselves, and no handshake fails, while CAs roll
    over. ``dev.py bench ninety-days`` takes ninety days."""
    if LIBRARY is None:
        pytest.skip("apt-get install faketime")
    found = run(tmp_path, DAYS)
    assert found["leaves"] >= DAYS  # a certificate of the server lives for a day, and is renewed before
    assert found["bundles"] >= 2  # CAs came
    did = found["did"]
    assert did["never"].keys() == {"nothing", "renewed"}
    assert did["never"]["renewed"] >= DAYS
    assert did["a day"]["reentered"] >= 3
    assert did["a week"]["reentered"] == 1  # it was there for a day, away for a week, and there again
