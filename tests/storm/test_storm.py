"""A code is guessed at by many at once; ``dev.py bench pairing-storm`` takes a thousand of them."""

import sys

import pytest

from palyra_kernel.identity.pairing.attempts import PER_CODE
from tests.storm.storm import Storm


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address")
@pytest.mark.timeout(180)
def test_who_guesses_from_many_addresses_at_once_has_three_guesses_a_code(tmp_path):
    """Hazards H3 and H12: failures were not counted, or in memory alone, or by address. Forty sources at once, a
    gateway that is killed meanwhile, and the right PIN behind them is refused."""
    storm = Storm(tmp_path)
    try:
        storm.start()
        found = storm.round(runs=40, threads=16, kills=1)
    finally:
        storm.close()
    assert found.broken == []
    assert 1 <= found.live <= PER_CODE
    assert found.said["lost"] == 0
