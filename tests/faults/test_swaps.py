"""Genuine parts in a wrong place or from a wrong time: alone or together, no reader gets another value."""

import pytest

from tests.faults.damage import Patient
from tests.faults.swaps import BLOBS, RECORDS, Swapper

pytestmark = pytest.mark.timeout(240)

TOGETHER = 60


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    return Patient(tmp_path_factory.mktemp("swaps") / "vault")


@pytest.fixture
def swapper(patient):
    patient.counts.clear()
    return Swapper(patient, seed=7)


@pytest.mark.parametrize("moment", range(4))
def test_files_of_an_earlier_moment(swapper, patient, moment):
    """Hazard S3: old ciphertext is genuine ciphertext; a store that only authenticates accepts last year's."""
    assert swapper.files(patient.moments[moment])
    assert patient.counts["rolled_back"]


def test_files_of_another_vault(swapper, patient, tmp_path):
    """Hazards D9 and S4: two genuine vaults, some files of each: everything is authentic, nothing belongs together."""
    other = Patient(tmp_path / "vault")
    assert swapper.files(patient.named_like(other))
    assert not patient.counts["no effect"]


def test_a_file_that_is_gone(swapper, patient):
    """Hazards D2 and D16: elsewhere a missing store was written anew, empty, and a missing key was made again."""
    assert swapper.missing_files()


def test_records_in_a_wrong_place_or_from_a_wrong_time(swapper, patient):
    """Hazards S3 and S4: an index in the open, where each entry could be put back, moved or removed."""
    assert swapper.rows(RECORDS, TOGETHER)
    assert patient.counts["set_tampered"]


def test_envelopes_in_a_wrong_place_or_from_a_wrong_time(swapper, patient):
    """Hazards D8, S3, S4: an envelope under another name decrypted, and a lost one could not even be deleted."""
    assert swapper.rows(BLOBS, TOGETHER)
    assert patient.counts["blob_replaced"]
    assert patient.counts["blob_missing"]
