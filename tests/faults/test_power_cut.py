"""The power goes: what was acknowledged was synced, content and name, and what was not synced misleads nobody."""

from random import Random

import pytest

from tests.faults.powercut import SURVIVALS, PowerCuts, need_fuse

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

CUTS = 60


@pytest.mark.parametrize("survival", SURVIVALS)
def test_the_power_is_cut_after_any_call(tmp_path, survival):
    """Hazard D6: nothing was ever synced elsewhere, and a power cut emptied the index. Each prefix of the calls of a
    whole life is a moment to die in; of what was not synced nothing, half or nearly all survives, torn by sectors."""
    need_fuse()
    cuts = PowerCuts(tmp_path, seed=int(survival * 10))
    moments = Random(4).sample(range(len(cuts.ops) + 1), CUTS)
    for moment in (*sorted(moments), len(cuts.ops)):
        cuts.cut(moment, survival)
