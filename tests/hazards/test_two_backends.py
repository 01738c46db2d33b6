"""Two first openers that want different backends."""

import json
import multiprocessing
import sys

import pytest

from palyra_kernel.errors import ConflictError
from tests.support import Places

PROCESSES = 4
ROUNDS = 2
spawn = multiprocessing.get_context("spawn")

OTHER = """
from palyra_backend_file import FileBackend
from palyra_kernel import DurableDatabase, hookimpl

class Other(FileBackend):
    kind = "other"

    @classmethod
    def open(cls, place):
        return cls(DurableDatabase(place.folder / "other.db", schema=(
            "CREATE TABLE blobs(id TEXT PRIMARY KEY, data BLOB NOT NULL) STRICT",), format=1))

@hookimpl
def palyra_blob_backends():
    return [Other]
"""


@pytest.fixture
def second_backend(tmp_path, monkeypatch):
    """The plugin `other`, installed in a folder that child processes have on their path too."""
    site = tmp_path / "site"
    info = site / "acme_other-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "acme_other.py").write_text(OTHER)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: acme-other\nVersion: 1.0\nRequires-Dist: palyra-kernel>=0.1,<1\n\n"
    )
    (info / "entry_points.txt").write_text("[palyra.plugins]\nother = acme_other\n")
    (info / "direct_url.json").write_text(json.dumps({"url": "file:///", "dir_info": {"editable": True}}))
    (info / "RECORD").write_text("acme_other.py,,\n")
    monkeypatch.syspath_prepend(site)
    yield "other"
    sys.modules.pop("acme_other", None)


def _first(base, number, wanted, barrier, results):
    barrier.wait()
    try:
        with Places(base).create(plugins=["file", "other"], backend=wanted) as kernel:
            kernel.vault.put(f"k{number}", b"%d" % number)
            results.put((number, kernel.backend_kind, ""))
    except ConflictError as error:
        results.put((number, "", error.code))


@pytest.mark.timeout(240)
def test_one_backend_wins_and_the_others_are_told(tmp_path, second_backend):
    """Hazard D5: the marker of the backend was written without a lock, so that two first openers used two backends,
    and the last one to write its marker hid the secrets of the other."""
    for round_ in range(ROUNDS):
        base = tmp_path / str(round_)
        base.mkdir(mode=0o700)
        barrier, results = spawn.Barrier(PROCESSES), spawn.Queue()
        children = [
            spawn.Process(target=_first, args=(base, number, ("file", second_backend)[number % 2], barrier, results))
            for number in range(PROCESSES)
        ]  # fmt: skip
        for child in children:
            child.start()
        answers = [results.get(timeout=200) for _ in children]
        for child in children:
            child.join()
        (kind,) = {kind for _, kind, code in answers if not code}
        assert {code for _, _, code in answers} <= {"", "backend_mismatch"}
        with Places(base).open(plugins=["file", "other"]) as kernel:
            assert kernel.backend_kind == kind
            for number, _, code in answers:
                assert code or kernel.vault.get(f"k{number}") == b"%d" % number
            assert kernel.verify() == []
        assert (base / "state" / "backend.kind").read_text() == f"{kind}\n"
