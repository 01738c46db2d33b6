"""``palyra.toml``."""

from palyra_kernel.config import CONFIG_FILE, Config, read_config
from tests.fuzz.oracles import folder, result, written

JSON = False


def seeds():
    return {
        "all": b"[vault] # ours\nbackend = 'file'\nmax_value_bytes = 65_536\nversions_kept = 9\ndeadline_seconds = 3e1",
        "inline": b'vault = {backend = "\\u0066ile", versions_kept = 0x10}\r\n',
        "dotted": b"vault.deadline_seconds = 5\nvault.versions_kept = 1000\n",
        "empty": b"",
        "unknown": b"[vault]\nbackends = 1\n",
        "twice": b"[vault]\n[vault]\n",
        "nan": b"[vault]\ndeadline_seconds = nan\n",
        "huge": b"[vault]\nmax_value_bytes = " + b"9" * 500,
        "date": b"[vault]\nbackend = 1979-05-27T07:32:00Z\n",
        "deep": b"x = " + b"[" * 400,
        "latin": b"[vault]\nbackend = '\xe9'\n",
    }


def check(data: bytes) -> None:
    """What is accepted is within its bounds, and written anew it means the same."""
    config = result(read_config, written(CONFIG_FILE, data).parent)
    if config is None:
        return
    vault = config.vault
    assert type(vault.max_value_bytes) is int
    assert 1 <= vault.max_value_bytes <= 16_777_216
    assert type(vault.versions_kept) is int
    assert 1 <= vault.versions_kept <= 1000
    assert 0.1 <= vault.deadline_seconds <= 3600
    assert read_config(written(CONFIG_FILE, _toml(config)).parent) == config
    assert read_config(folder()) == config


def _toml(config: Config) -> bytes:
    vault = config.vault
    lines = [f"{name} = {getattr(vault, name)!r}" for name in vault.__struct_fields__ if name != "backend"]
    if vault.backend is not None:
        lines.append('backend = "' + "".join(f"\\U{ord(letter):08x}" for letter in vault.backend) + '"')
    return "\n".join(["[vault]", *lines]).encode()
