"""Vaults that were put back or taken over: accepted on purpose only, and not quite the same as before."""

import shutil

import pytest

from palyra_kernel import Unlock
from palyra_kernel.errors import ConflictError, IntegrityError
from palyra_kernel.kernel.incarnation import load_incarnation
from palyra_kernel.keys import recovery


def rolled_back(places, tmp_path):
    """A vault whose state root is a copy from before its last write."""
    with places.create() as kernel:
        kernel.vault.put("a", b"old")
    shutil.copytree(places.state_root, tmp_path / "copy")
    with places.open() as kernel:
        kernel.vault.put("a", b"new")
    shutil.rmtree(places.state_root)
    shutil.copytree(tmp_path / "copy", places.state_root)


def test_a_wanted_rollback_is_accepted_once(places, tmp_path):
    """Hazard S3: an old copy passed for the vault; and where that was refused, a wanted restore was impossible."""
    rolled_back(places, tmp_path)
    with pytest.raises(IntegrityError) as caught:
        places.open()
    assert caught.value.code == "rolled_back"
    with places.open(consent="accept-rollback") as kernel:
        assert kernel.vault.get("a") == b"old"
        assert kernel.status().incarnation == 2
        incarnation = load_incarnation(kernel._records)
        assert incarnation is not None
        assert incarnation.cause == "rolled_back"
    with places.open() as kernel:
        assert kernel.verify() == []
        kernel.vault.put("a", b"newest")
    with pytest.raises(ConflictError) as conflict:
        places.open(consent="accept-rollback")
    assert conflict.value.code == "not_rolled_back"


def test_no_generation_comes_twice(places, tmp_path):
    """Two histories with the same numbers: a machine that saw the first would take the second for it."""
    rolled_back(places, tmp_path)
    with pytest.raises(IntegrityError) as caught:
        places.open()
    assert "generation" in caught.value.message
    seen = int(caught.value.message.split("saw generation ")[1].split(":")[0])
    with places.open(consent="accept-rollback") as kernel:
        assert kernel.status().generation == seen + 1


def test_the_copy_is_refused_again_afterwards(places, tmp_path):
    """Consent is for the state that was there, not for every older one."""
    rolled_back(places, tmp_path)
    places.open(consent="accept-rollback").close()
    shutil.rmtree(places.state_root)
    shutil.copytree(tmp_path / "copy", places.state_root)
    with pytest.raises(IntegrityError):
        places.open()


def test_a_damaged_head_can_be_accepted(places):
    """Hazard D16: without the file that says what was seen last, an operator must still be able to go on, knowingly."""
    with places.create() as kernel:
        kernel.vault.put("a", b"one")
    (head,) = (places.config_dir / "heads").iterdir()
    head.write_bytes(bytes(len(head.read_bytes())))
    with pytest.raises(IntegrityError) as caught:
        places.open()
    assert caught.value.code == "head_tampered"
    with places.open(consent="accept-rollback") as kernel:
        assert kernel.vault.get("a") == b"one"
    with places.open() as kernel:
        assert kernel.status().incarnation == 2


def test_a_fork_can_be_accepted(places, tmp_path):
    """Two copies of one vault were both written to: one of them is chosen, by name."""
    with places.create() as kernel:
        kernel.vault.put("a", b"base")
    shutil.copytree(places.state_root, tmp_path / "copy")
    shutil.copytree(places.config_dir / "heads", tmp_path / "heads")
    with places.open() as kernel:
        kernel.vault.put("a", b"here")
    (tmp_path / "kept").mkdir()
    shutil.move(places.state_root, tmp_path / "kept" / "state")
    shutil.copytree(tmp_path / "copy", places.state_root)
    shutil.copytree(tmp_path / "heads", places.config_dir / "heads", dirs_exist_ok=True)
    with places.open() as kernel:
        kernel.vault.put("a", b"there")
    shutil.rmtree(places.state_root)
    shutil.move(tmp_path / "kept" / "state", places.state_root)
    with pytest.raises(IntegrityError) as caught:
        places.open()
    assert caught.value.code == "forked"
    with places.open(consent="accept-rollback") as kernel:
        assert kernel.vault.get("a") == b"here"


def test_adopting_is_an_incarnation(places):
    """What was handed out by the vault elsewhere must not count where it was taken over."""
    with places.create() as kernel:
        kernel.vault.put("a", b"one")
        assert kernel.status().incarnation == 1
    shutil.rmtree(places.config_dir / "heads")
    with pytest.raises(IntegrityError) as caught:
        places.open()
    assert caught.value.code == "head_missing"
    with places.open(consent="adopt") as kernel:
        assert kernel.status().incarnation == 2
    with places.open(consent="adopt") as kernel:
        assert kernel.status().incarnation == 2, "there was nothing to adopt"
        assert kernel.verify() == []


@pytest.mark.parametrize(
    ("odd", "code"),
    [("kernel.db", "keyring_rolled_back"), ("backend.kind", "backend_kind_changed")],
)
@pytest.mark.parametrize("consent", ["accept-rollback", "adopt"])
def test_a_consent_that_is_refused_accepts_nothing(places, tmp_path, consent, odd, code):
    """Hazard S3: half of an old copy was refused, but was the newest by then: the whole and newest state root, put back
    as the message said, passed for an old copy."""
    with places.create() as kernel:
        kernel.vault.put("a", b"old")
    shutil.copytree(places.state_root, tmp_path / "old")
    with places.open() as kernel:
        kernel.slots.add("recovery", Unlock(), unlock=Unlock(), params=recovery.generate()[1])
        kernel.vault.put("a", b"new")
    shutil.copytree(places.state_root, tmp_path / "newest")
    shutil.copytree(places.config_dir / "heads", tmp_path / "heads")
    if odd == "kernel.db":  # the slots stay the newer ones
        shutil.copy(tmp_path / "old" / odd, places.records_db)
    else:
        shutil.rmtree(places.state_root)
        shutil.copytree(tmp_path / "old", places.state_root)
        (places.state_root / odd).write_text("memory")
    if consent == "adopt":
        shutil.rmtree(places.config_dir / "heads")
        (places.config_dir / "heads").mkdir(mode=0o700)
    with pytest.raises(IntegrityError) as caught:
        places.open(consent=consent)
    assert caught.value.code == code
    seen = {path.name: path.read_bytes() for path in (places.config_dir / "heads").iterdir()}
    before = {path.name: path.read_bytes() for path in (tmp_path / "heads").iterdir()}
    assert seen == (before if consent == "accept-rollback" else {})
    shutil.rmtree(places.state_root)
    shutil.copytree(tmp_path / "newest", places.state_root)
    with places.open(consent="adopt") as kernel:  # which does nothing where there is a head
        assert kernel.vault.get("a") == b"new"
