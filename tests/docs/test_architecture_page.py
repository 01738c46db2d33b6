"""``docs/architecture.md``: the table of imports is the one that the code keeps."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import palyra_kernel
from tests.docs.pages import page, section, table_rows

PACKAGE = Path(palyra_kernel.__file__).parent
PUBLIC = {"__init__"}


def _allowed() -> dict[str, set[str]]:
    return {
        row[0].strip("`"): {name.strip(" `") for name in row[1].split(",")} - {"nothing of ours"}
        for row in table_rows(section(page("architecture.md"), "## The house"))
    }


def _rooms() -> dict[str, list[Path]]:
    rooms: dict[str, list[Path]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        rooms.setdefault(path.relative_to(PACKAGE).with_suffix("").parts[0], []).append(path)
    return {name: paths for name, paths in rooms.items() if name not in PUBLIC}


def _imports(path: Path, rooms: set[str]) -> Iterator[str]:
    """The rooms that a file imports; a public name counts as the room where it lives."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("palyra_kernel"):
            continue
        parts = (node.module or "").split(".")[1:]
        for name in parts[:1] or [alias.name for alias in node.names]:
            home = name if name in rooms else palyra_kernel._HOME.get(name)
            if home is not None:
                yield home


def test_every_room_is_in_the_table():
    assert sorted(_allowed()) == sorted(_rooms())


def test_no_room_imports_what_the_table_does_not_allow():
    rooms, allowed = _rooms(), _allowed()
    wrong = {
        f"{room} imports {found} in {path.name}"
        for room, paths in rooms.items()
        for path in paths
        for found in _imports(path, set(rooms))
        if found != room and found not in allowed[room]
    }
    assert not wrong


def test_the_table_has_no_circle():
    allowed = _allowed()
    done: set[str] = set()
    while ready := {room for room, others in allowed.items() if room not in done and others <= done}:
        done |= ready
    assert done == set(allowed)


def test_every_file_of_a_vault_is_in_the_table_of_places(places):
    text = section(page("architecture.md"), "## Where state lives")
    with places.create() as kernel:
        kernel.vault.put("global/a", b"value")
        vault_id = kernel.vault_id
        files = places.files()
    for path in files:
        base = "CONFIG" if path.is_relative_to(places.config_dir) else "STATE"
        root = places.config_dir if base == "CONFIG" else places.state_root
        name = path.relative_to(root).as_posix().replace(vault_id, "VAULT_ID")
        for suffix in ("-wal", "-shm"):
            name = name.removesuffix(suffix)
        folder, _, last = name.rpartition("/")
        assert f"`{base}/{name}`" in text or (folder == "objects" and f"`{last}`" in text), name
