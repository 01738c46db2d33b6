"""``palyra.toml``: every key, and nothing that is nearly one."""

import os
import sys

import pytest

from palyra_kernel.config import MAX_VALUE_BYTES, Config, VaultConfig, read_config
from palyra_kernel.errors import DeniedError, IntegrityError, InvalidInputError, PalyraError

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "config"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def write(folder):
    def write(text: str | bytes, mode: int = 0o600):
        path = folder / "palyra.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(mode)
        return path

    return write


def refused(folder, *words: str) -> PalyraError:
    with pytest.raises(InvalidInputError) as caught:
        read_config(folder)
    assert caught.value.code == "invalid_config"
    assert str(folder / "palyra.toml") in caught.value.message
    for word in words:
        assert word in caught.value.message
    return caught.value


def test_without_a_file_everything_has_its_default(folder):
    assert read_config(folder) == Config()
    assert read_config(folder).vault == VaultConfig(
        backend=None, max_value_bytes=65_536, versions_kept=10, deadline_seconds=30.0
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "[vault]\n", "\r\n[vault]\r\n"])
def test_an_empty_file_is_the_default(text, folder, write):
    write(text)
    assert read_config(folder) == Config()


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("backend = 'file'", "file"),
        ("max_value_bytes = 1", 1),
        ("max_value_bytes = 16_777_216", MAX_VALUE_BYTES),
        ("versions_kept = 1", 1),
        ("versions_kept = 1000", 1000),
        ("deadline_seconds = 0.1", 0.1),
        ("deadline_seconds = 3600", 3600.0),
        ("deadline_seconds = 5", 5.0),
    ],
)
def test_every_key(line, value, folder, write):
    write(f"[vault]\n{line}\n")
    name = line.partition(" ")[0]
    expected = {"backend": None, "max_value_bytes": 65_536, "versions_kept": 10, "deadline_seconds": 30.0}
    assert read_config(folder).vault == VaultConfig(**(expected | {name: value}))


@pytest.mark.parametrize(
    "line",
    [
        "max_value_bytes = 0",
        "max_value_bytes = -1",
        "max_value_bytes = 16777217",
        f"max_value_bytes = {'9' * 30}",
        f"max_value_bytes = {'9' * 5000}",
        "versions_kept = 0",
        "versions_kept = 1001",
        "deadline_seconds = 0",
        "deadline_seconds = 0.09",
        "deadline_seconds = 3600.1",
        "deadline_seconds = nan",
        "deadline_seconds = inf",
        "deadline_seconds = -inf",
    ],
)
def test_bounds(line, folder, write):
    """Hazard U10: limits and timeouts had no ceiling elsewhere, so one wrong digit stopped the daemon for
    days."""
    write(f"[vault]\n{line}\n")
    refused(folder)


@pytest.mark.parametrize(
    "line",
    [
        "backend = 1",
        "backend = ['file']",
        "backend = true",
        "backend = 2020-01-01",
        "max_value_bytes = '65536'",
        "max_value_bytes = 1.0",
        "max_value_bytes = true",
        "versions_kept = 5.5",
        "versions_kept = []",
        "deadline_seconds = '30'",
        "deadline_seconds = false",
        "deadline_seconds = 00:00:30",
    ],
)
def test_wrong_types(line, folder, write):
    write(f"[vault]\n{line}\n")
    refused(folder, line.partition(" ")[0])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("unknown = 1", "unknown"),
        ("[valut]\nbackend = 'file'", "valut"),
        ("[vault]\nbackends = 'file'", "backends"),
        ("[vault]\nMax_Value_Bytes = 5", "Max_Value_Bytes"),
        ("[vault.more]\nx = 1", "more"),
        ("vault = 5", "vault"),
        ("[[vault]]\nbackend = 'file'", "vault"),
    ],
)
def test_what_we_do_not_know_is_an_error_that_names_it(text, name, folder, write):
    """Hazard U9: unknown fields were ignored elsewhere: a misspelt safety switch silently meant the default."""
    write(text)
    refused(folder, name)


@pytest.mark.parametrize(
    "text",
    [
        b"[vault",
        b"[vault]\nversions_kept = 5\nversions_kept = 6\n",
        b"[vault]\n[vault]\n",
        b"\xff\xfe[\0v\0",
        b"[vault]\nbackend = '\xff'\n",
        b"\xef\xbb\xbf[vault]\n",
        b"\0",
        b"[vault]\nbackend = 'a\nb'\n",
        b"x = \xed\xa0\x80",
    ],
)
def test_what_is_no_toml(text, folder, write):
    write(text)
    refused(folder)


@pytest.mark.parametrize("opening", [b"[", b"{a="])
def test_deep_nesting_is_an_error_of_ours(opening, folder, write):
    write(b"x = " + opening * 20_000)
    refused(folder)


def test_a_huge_file_is_not_read(folder, write):
    write(b"#" * (1024 * 1024 + 1))
    with pytest.raises(IntegrityError) as caught:
        read_config(folder)
    assert caught.value.code == "file_too_large"
    write(b"#" * (1024 * 1024))
    assert read_config(folder) == Config()


def test_the_error_shows_no_value(folder, write):
    """Somebody puts a token into the wrong line, and the error goes into the log."""
    canary = "sk-canary-5ad1"
    for text in (
        f"[vault]\nmax_value_bytes = '{canary}'\n",
        f"[vault]\nbackend = ['{canary}']\n",
        f"[vault]\nx='{canary}'",
    ):
        write(text)
        assert canary not in refused(folder).message


@posix
def test_a_link_is_refused(folder, tmp_path, write):
    write("").rename(tmp_path / "elsewhere.toml")
    (folder / "palyra.toml").symlink_to(tmp_path / "elsewhere.toml")
    with pytest.raises(DeniedError) as caught:
        read_config(folder)
    assert caught.value.code == "unsafe_file"


@posix
@pytest.mark.parametrize("mode", [0o602, 0o620, 0o666, 0o606])
def test_a_file_that_others_write_is_refused(mode, folder, write):
    path = write("", mode)
    with pytest.raises(DeniedError) as caught:
        read_config(folder)
    assert caught.value.code == "unsafe_file"
    assert path.stat().st_mode & 0o777 == mode


@posix
def test_a_file_that_others_read_is_fine(folder, write):
    """It holds references, no secret."""
    write("[vault]\nversions_kept = 3\n", 0o644)
    assert read_config(folder).vault.versions_kept == 3


@posix
@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_what_is_no_file_is_refused_without_waiting(kind, folder):
    if sys.platform == "win32":
        raise NotImplementedError
    make = os.mkfifo if kind == "fifo" else os.mkdir
    make(folder / "palyra.toml")
    with pytest.raises(DeniedError) as caught:
        read_config(folder)
    assert caught.value.code == "unsafe_file"
