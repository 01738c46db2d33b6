"""A store of another system, one that never answers, and more than it takes: an error of ours, and nothing lost."""

from types import SimpleNamespace

import pytest

from palyra_backend_secretservice import SecretServiceProtector
from palyra_kernel import Deadline, InvalidInputError, UnavailableError
from tests.asking import silent

pytestmark = pytest.mark.real

ON = {"plugins": ["secretservice"], "backend": "secretservice"}
VALUE = b"a value that stays"


@pytest.fixture
def made(desktop, places):
    places.config_dir.mkdir(mode=0o700)
    (places.config_dir / "palyra.toml").write_text("[vault]\ndeadline_seconds = 1\n")
    with places.create(**ON) as kernel:
        kernel.vault.put("a", VALUE)
    return places


def whole(made):
    with made.open(**ON) as kernel:
        assert kernel.vault.get("a") == VALUE
        assert kernel.verify() == []


def test_a_vault_whose_store_is_of_another_system(made, monkeypatch):
    """A state root from a Linux desktop, opened on Windows with the plugin: exit code 6, and no other store instead."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("palyra_backend_secretservice.opening.sys", SimpleNamespace(platform="win32"))
        with pytest.raises(UnavailableError) as caught:
            made.open(**ON)
        assert (caught.value.code, caught.value.exit_code) == ("unsupported", 6)
        assert "Linux" in str(SecretServiceProtector().available())
    whole(made)


def test_a_vault_whose_store_never_answers(made, desktop):
    """Hazard K7: no call is longer than the deadline, each ends with exit code 6, and the vault is whole afterwards."""
    desktop.kill()
    with silent(desktop), made.open(**ON) as kernel:
        for call in (
            lambda: kernel.vault.get("a"),
            lambda: kernel.vault.put("a", b"another"),
            lambda: kernel.vault.put("b", b"another"),
        ):
            with pytest.raises(UnavailableError) as caught:
                call()
            assert (caught.value.code, caught.value.exit_code) == ("deadline", 6)
        assert kernel.status().secrets == 1
    desktop.start()
    whole(made)


def test_one_byte_more_than_the_store_takes(made):
    """Hazard D7: cut, and called a success. It is refused before the store is asked."""
    with made.open(**ON) as kernel:
        backend = kernel._objects.backend
        before = backend.list(None, 10)
        blob = bytes(backend.capabilities().max_blob_bytes + 1)
        with pytest.raises(InvalidInputError) as caught:
            backend.put({"0" * 32: blob}, Deadline.after(60))
        assert caught.value.code == "too_large"
        assert backend.list(None, 10) == before
    whole(made)
