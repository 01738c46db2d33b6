"""``docs/architecture.md``: the rooms and places that it shows are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

from palyra_kernel import kernel as kernel_room
from palyra_kernel.kernel import root_change
from tests.docs.pages import page, section, table_rows
from tests.test_arrows import MAY_IMPORT

PAGE = page("architecture.md")


def test_the_table_of_imports_is_the_one_that_the_code_keeps():
    shown = {
        row[0].strip("`"): {name.strip(" `") for name in row[1].split(",")} - {"nothing of ours"}
        for row in table_rows(section(PAGE, "## The house").partition("| Part of")[0])
    }
    assert shown == MAY_IMPORT


def test_every_file_of_a_vault_is_in_the_table_of_places(places):
    text = section(PAGE, "## Where state lives")
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


def test_every_file_of_a_new_root_key_is_in_the_table_of_places(places, monkeypatch):
    text = section(PAGE, "## Where state lives")
    monkeypatch.setattr(root_change, "finish", lambda *_: None)
    with places.create() as kernel:
        before = {path.name for path in places.files()}
        kernel.rekey_root()
        vault_id = kernel.vault_id
    for name in {path.name for path in places.files()} - before:
        assert f"/{re.sub('[.][0-9a-f]{8}[.]', '.SLOT_ID.', name.replace(vault_id, 'VAULT_ID'))}`" in text, (
            name
        )


def test_every_part_of_the_room_kernel_is_in_its_table():
    listed = " ".join(row[0] for row in table_rows(section(PAGE, "## The house")))
    room = Path(kernel_room.__file__).parent
    for path in (*room.glob("*.py"), *room.glob("*/")):
        if not path.name.startswith("_"):
            assert f"`{path.name}{'/' if path.is_dir() else ''}`" in listed, path.name
