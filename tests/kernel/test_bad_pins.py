"""A vault that says it is somewhere else: in a store of another system, in one that nobody knows, or nowhere."""

import msgspec
import pytest

from palyra_kernel.errors import ConflictError, IntegrityError, UnavailableError
from palyra_kernel.kernel.pins import load_pins, put_pins, write_backend_kind
from palyra_kernel.records import Change


@pytest.fixture
def made(places):
    """A vault with one secret."""
    with places.create() as kernel:
        kernel.vault.put("a", b"1")
    return places


def pin(kernel, places, kind):
    """As a migration on another machine does."""
    change = Change()
    put_pins(change, msgspec.structs.replace(load_pins(kernel._records), backend=kind))
    kernel._records.commit(change)
    write_backend_kind(places.state_root, kind)


@pytest.mark.parametrize("kind", ["keychain", "dpapi", "nobody_knows", ""])
def test_a_pin_that_names_a_store_which_is_not_here(made, kind):
    """Hazard U7: a store that was not there was replaced by another one in silence, and the vault looked empty. It
    stops with exit code 6, and the secret is there when the pin names its store again."""
    with made.open() as kernel:
        pin(kernel, made, kind)
        with pytest.raises(UnavailableError) as caught:
            made.open()
        assert (caught.value.code, caught.value.exit_code) == ("backend_missing", 6)
        with pytest.raises(ConflictError):
            made.open(backend="file")  # a preference is no pin
        pin(kernel, made, "file")
    with made.open() as kernel:
        assert kernel.vault.get("a") == b"1"
        assert kernel.verify() == []


@pytest.mark.parametrize(
    "marker", [b"", b"\n", b"nobody_knows\n", b"file\nfile\n", b"\xff\x00", b"file " + bytes(1000), None]
)
def test_a_marker_that_is_empty_gone_or_says_something_else(made, marker):
    """Hazard D5: whatever the marker said was believed. It is a readable copy: another text is exit code 8, and nothing
    is made, moved or removed because of it."""
    path = made.state_root / "backend.kind"
    path.unlink() if marker is None else path.write_bytes(marker)
    before = {file: file.read_bytes() for file in made.files() if file.suffix != ".db-shm"}
    with pytest.raises(IntegrityError) as caught:
        made.open()
    assert caught.value.exit_code == 8
    assert caught.value.code in {"backend_kind_changed", "file_too_large"}
    assert {file: file.read_bytes() for file in made.files() if file in before} == before
    path.touch(mode=0o600)
    path.write_bytes(b"file\n")
    with made.open() as kernel:
        assert kernel.vault.get("a") == b"1"
