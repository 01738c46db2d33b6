"""Arrows point one way: what each room may import, read from the code, so that the picture stays true."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "palyra_kernel"
SOURCE = ROOT / "src" / PACKAGE

BASE = {"errors", "values"}
MAY_IMPORT = {
    "errors": set(),
    "values": {"errors"},
    "redact": BASE,
    "net": BASE | {"redact"},
    "durable": BASE,
    "config": BASE | {"durable"},
    "contracts": BASE | {"net"},
    "hookspecs": {"contracts"},
    "plugins": BASE | {"redact", "net", "durable", "contracts", "hookspecs"},
    "scan": BASE | {"durable", "redact"},
    "keys": BASE | {"durable", "contracts", "hookspecs"},
    "records": BASE | {"durable", "contracts", "hookspecs", "keys"},
    "vault": BASE | {"contracts", "records"},
    "resolve": BASE | {"contracts", "hookspecs", "records", "vault"},
    "audit": BASE | {"redact", "durable", "contracts", "keys", "records"},
    "access": BASE | {"contracts", "records"},
    "policy": BASE | {"durable", "contracts", "records"},
    "approvals": BASE | {"redact", "contracts", "records"},
    "auth": BASE | {"redact", "net", "durable", "contracts", "hookspecs", "records", "vault", "resolve"},
    "identity": BASE | {"durable", "contracts", "records", "vault"},
    "device": BASE | {"net", "durable", "contracts", "hookspecs", "records", "vault", "identity"},
    "nodes": BASE | {"redact", "contracts", "records", "identity"},
    "session": BASE
    | {"contracts", "records", "vault", "resolve", "audit", "access", "policy", "approvals", "auth"}
    | {"identity", "nodes"},
    "kernel": BASE
    | {"config", "net", "durable", "contracts", "plugins", "keys", "records", "vault", "resolve"}
    | {"audit", "access", "policy", "approvals", "auth", "identity", "device", "nodes", "session"},
    "daemon": BASE
    | {
        "redact",
        "config",
        "durable",
        "contracts",
        "plugins",
        "vault",
        "audit",
        "access",
        "policy",
        "approvals",
    }
    | {"auth", "identity", "nodes", "session", "kernel"},
    "cli": BASE
    | {"redact", "scan", "config", "durable", "contracts", "plugins", "keys", "vault", "resolve", "kernel"}
    | {"audit", "access", "policy", "approvals", "auth", "identity", "device", "nodes", "session", "daemon"},
    "testing": BASE | {"contracts", "net"},
}
"""Each room and the rooms it may import; itself is understood."""

THE_FACE = "__init__"


def rooms():
    return sorted({path.name.removesuffix(".py") for path in SOURCE.iterdir() if path.suffix in ("", ".py")})


def imports(path):
    """The absolute imports of a file, as dotted names, wherever in the file they stand."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides where an arrow points"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(name):
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == PACKAGE else None


def test_every_room_is_in_the_table():
    assert {room for room in rooms() if not room.startswith("_")} - {"py.typed"} == set(MAY_IMPORT)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_it_may(room):
    place = SOURCE / room
    files = place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]
    wrong: dict[str, list[str]] = {}
    for path in files:
        for name in imports(path):
            target = room_of(name)
            if target is None or target in MAY_IMPORT[room] | {room}:
                continue
            # A name of the public face loads lazily; the outermost rooms may use it.
            if target in MAY_IMPORT or room not in ("cli", "plugins"):
                wrong.setdefault(str(path.relative_to(ROOT)), []).append(name)
    assert wrong == {}


def test_the_table_has_no_circle():
    done: set[str] = set()
    while len(done) < len(MAY_IMPORT):
        ready = {room for room, targets in MAY_IMPORT.items() if room not in done and targets <= done}
        assert ready, f"a circle among {set(MAY_IMPORT) - done}"
        done |= ready


@pytest.mark.parametrize("plugin", sorted((ROOT / "plugins").iterdir()), ids=lambda path: path.name)
def test_a_plugin_imports_public_names_and_no_other_plugin(plugin):
    import palyra_kernel

    (own,) = (path.name for path in (plugin / "src").iterdir() if (path / "__init__.py").exists())
    for path in (plugin / "src").rglob("*.py"):
        for name in imports(path):
            top, _, rest = name.partition(".")
            if top == PACKAGE:
                assert rest in palyra_kernel.__all__, f"{path}: {name} is not public"
            assert not top.startswith("palyra_") or top in (PACKAGE, own), f"{path}: imports the plugin {top}"


def test_the_kernel_imports_no_plugin():
    for path in SOURCE.rglob("*.py"):
        for name in imports(path):
            top = name.split(".")[0]
            assert top == PACKAGE or not top.startswith("palyra_"), f"{path}: imports {name}"


def test_files_stay_small_enough_to_hold_one_idea():
    large = {
        str(path.relative_to(ROOT)): lines
        for folder in ("src", "plugins", "tests")
        for path in (ROOT / folder).rglob("*.py")
        if (lines := path.read_text().count("\n")) > 400
    }
    assert large == {}
