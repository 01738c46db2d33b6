"""A byte of a file flipped: exit 8 or no effect, and never another value."""

from random import Random

import pytest

from tests.faults.damage import Patient
from tests.faults.flips import LOGS, RESTING, flip

pytestmark = pytest.mark.timeout(240)

BUDGET = 80


@pytest.fixture(scope="module")
def resting(tmp_path_factory):
    """A vault that was closed."""
    return Patient(tmp_path_factory.mktemp("resting") / "vault")


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory):
    """A vault whose process was killed, so that its logs lie beside it."""
    patient = Patient(tmp_path_factory.mktemp("unfinished") / "vault")
    patient.unfinished()
    return patient


@pytest.mark.parametrize("name", RESTING)
def test_flipped_bytes_of_a_vault_at_rest(resting, name):
    """Hazards S3, S20, U15: most stores notice a damaged file, few one that still parses. A damaged schema of SQLite
    once came out as a UnicodeDecodeError. ``python3 dev.py bench faults`` flips every byte."""
    assert flip(resting, resting.file(name), BUDGET, Random(5))


@pytest.mark.parametrize("name", LOGS)
def test_flipped_bytes_of_logs(unfinished, name):
    """Hazard S3: a log whose checksum fails is cut there by SQLite, which is a rollback that nobody asked for."""
    assert flip(unfinished, unfinished.file(name), BUDGET, Random(6))
