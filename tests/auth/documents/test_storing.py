"""Many writers, a commit that fails, and who may read the files."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from palyra_kernel import UnavailableError
from palyra_kernel.records import Records
from tests.auth.documents.desk import Desk, document, key_row, ref
from tests.auth.world import keyed
from tests.support import Places

ROOT = Path(__file__).parents[3]
WRITER = """
import sys
from pathlib import Path
from tests.auth.world import keyed
from tests.support import Places

number, folder = sys.argv[1:]
with Places(Path(folder)).open() as kernel:
    for each in range(15):
        keyed(kernel.auth, f"sk-{number}-{each}", f"p-{number}-{each}")
"""


def test_several_processes_lose_nothing(desk, tmp_path):
    """Hazard H34 of auth profiles: two processes lost each other's updates."""
    command = [sys.executable, "-c", WRITER]
    writers = [subprocess.Popen([*command, str(number), str(tmp_path)], cwd=ROOT) for number in range(4)]
    assert [writer.wait(timeout=50) for writer in writers] == [0, 0, 0, 0]
    assert len(desk.profiles) == 60
    assert desk.auth.get_token("p-3-14").reveal() == b"sk-3-14"
    assert desk.auth.health().summary.static_count == 60


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no mode bits")
def test_files_are_ours_alone(tmp_path):
    """Hazard H35 of auth profiles: files had whatever mode the umask left them."""
    before = os.umask(0)
    try:
        places = Places(tmp_path)
        with places.create() as kernel:
            keyed(kernel.auth, "sk", "main")
            modes = {stat.S_IMODE(path.stat().st_mode) for path in places.files()}
            folders = {path.parent for path in places.files()}
            assert modes == {0o600}
            assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    finally:
        os.umask(before)


def test_an_import_that_dies_is_taken_up_again(desk, monkeypatch):
    """Hazard H35 of auth profiles: whatever fails between, a profile is there whole or not at all, and importing again
    goes on."""
    names = ("one", "three", "two")
    for name in names:
        desk.kernel.vault.put(ref(name, "api_key"), name.encode())
    data, commit = document(*map(key_row, names)), Records.commit
    count = 0

    def failing(records, change):
        nonlocal count
        count += 1
        if count > 3 and any(key.startswith(b"g/auth_profiles/") for key in change.puts):
            raise UnavailableError("disk_full", "no room")
        commit(records, change)

    with monkeypatch.context() as broken:
        broken.setattr(Records, "commit", failing)
        done = desk.take(data)
    refused = {each.id for each in done if each.code == "disk_full"}
    assert refused
    for name in names:
        family = desk.auth.parts.families.read(name)[1]
        assert (name in desk.profiles) == family.stored == (name not in refused)
    desk.take(data)
    assert {name: desk.auth.get_token(name).reveal() for name in names} == {
        name: name.encode() for name in names
    }


def test_a_secret_that_cannot_be_read_stops_only_its_calls(desk):
    """Hazard H17 of auth profiles: an unreadable secret stopped the start. Everything else works."""
    for name in ("one", "two"):
        keyed(desk.auth, f"sk-{name}", name)
    desk.auth.parts.tokens.erase("one", "key")
    fresh = Desk(desk.kernel)
    assert fresh.auth.get_token("two").reveal() == b"sk-two"
    with pytest.raises(Exception, match="no credential"):
        fresh.auth.get_token("one")
    states = {each.profile_id: each.state for each in fresh.auth.health().profiles}
    assert states == {"one": "missing", "two": "static"}
