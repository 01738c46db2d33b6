"""Sixteen processes at once: nothing lost, nothing torn, one vault."""

import pytest

from tests.faults.crowd import Crowd, first_start

pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")]


def test_sixteen_processes_write_read_collect_and_rekey(tmp_path):
    """Hazards D2, D5, D17, K1, S2: of 200 writes acknowledged by two processes elsewhere, four could be read. Every
    write is read at the end, in its own version; reads meanwhile are whole, and as new as what was acknowledged."""
    report = Crowd(tmp_path, writes=1_600).run(patience=200)
    assert (report.acknowledged, report.lost, report.torn) == (1_600, 0, 0)


@pytest.mark.parametrize("round_", range(4))
def test_sixteen_first_openers_make_one_vault(tmp_path, round_):
    """Hazards D1, D2, D5: two processes that met an empty folder each made a key; one half of the secrets was lost."""
    first_start(tmp_path)
