"""Which backend a new vault gets when nobody names one, and what is remembered of the others."""

import threading

import pytest

from palyra_kernel import NewSlot, Unlock
from palyra_kernel.durable import write_file
from palyra_kernel.errors import ConflictError, UnavailableError
from palyra_kernel.keys.recovery import generate
from tests.stranger import plugin
from tests.support import Places

KINDS = {"weak": 10, "medium": 50, "strong": 90}
NAMES = [*KINDS, "file"]
BACKEND = """
from palyra_backend_file import FileBackend
from palyra_kernel import BlobCapabilities, DurableDatabase, KeyProtector, SensitiveBytes, UnavailableError, hookimpl

class Backend(FileBackend):
    kind, strength, interactive = "{kind}", {strength}, False
    problem = None

    @classmethod
    def open(cls, place):
        return cls(DurableDatabase(place.folder / "{kind}.db", schema=(
            "CREATE TABLE blobs(id TEXT PRIMARY KEY, data BLOB NOT NULL) STRICT",), format=1))

    def capabilities(self):
        return BlobCapabilities(max_blob_bytes=1 << 20, interactive=self.interactive)

    def put(self, blobs, deadline):
        if self.problem:
            raise UnavailableError(self.problem, "it does not answer")
        super().put(blobs, deadline)

class Protector(KeyProtector):
    kind, device_bound, reason = "{kind}", True, None

    def available(self):
        return self.reason

    def wrap(self, key, context, unlock):
        return {{"key": key.reveal().hex()}}

    def unwrap(self, slot, context, unlock):
        return SensitiveBytes(bytes.fromhex(slot["key"]))

    def forget(self, slot, context, unlock):
        pass

@hookimpl
def palyra_blob_backends():
    return [Backend]

@hookimpl
def palyra_key_protectors():
    return [Protector]
"""


@pytest.fixture
def four(tmp_path, site):
    """Places whose kernels have three backends of different strength beside ``file``."""
    for kind, strength in KINDS.items():
        plugin(site, kind, BACKEND.format(kind=kind, strength=strength))
    return Four(tmp_path)


class Four(Places):
    def open(self, **options):
        return super().open(plugins=NAMES, **options)


def module(kind):
    return __import__(f"strange_{kind}")


def load(places):
    """Import the plugins without a vault."""
    with pytest.raises(UnavailableError):
        places.create(backend="nowhere")


def kinds(kernel):
    return [slot.kind for slot in kernel.slots.list()]


def reasons(kernel):
    return {each.kind: each.code for each in kernel.status().passed_over}


def test_the_strongest_that_works_is_taken_and_the_others_are_told_why(four):
    """Hazard U13: nobody could say why a vault was where it was."""
    load(four)
    module("strong").Backend.problem = "store_locked"
    with four.create() as kernel:
        assert kernel.backend_kind == "medium"
        assert reasons(kernel) == {"strong": "store_locked", "weak": "weaker", "file": "weaker"}
        kernel.vault.put("a", b"1")
    with four.open() as kernel:
        assert reasons(kernel)["strong"] == "store_locked"
        assert kernel.verify() == []


def test_a_probe_that_only_looks_whether_something_is_there_is_no_probe(four):
    """Hazard U14: a backend was chosen, or never chosen, because of how a program answered ``--help``."""
    load(four)
    module("strong").Backend.get = lambda self, ids, deadline: {}
    with four.create() as kernel:
        assert kernel.backend_kind == "medium"
        assert reasons(kernel)["strong"] == "probe_failed"


def test_a_backend_that_may_ask_is_for_those_who_name_it(four):
    load(four)
    module("strong").Backend.interactive = True
    with four.create() as kernel:
        assert kernel.backend_kind == "medium"
        assert reasons(kernel)["strong"] == "may_ask"


def test_auto_means_the_same_as_nothing(four):
    write_file_config(four, "auto")
    with four.create(backend="auto") as kernel:
        assert kernel.backend_kind == "strong"
    with four.open(backend="auto") as kernel, four.open() as same:
        assert kernel.backend_kind == same.backend_kind == "strong"


def write_file_config(places, backend):
    places.config_dir.mkdir(mode=0o700)
    write_file(places.config_dir / "palyra.toml", f'[vault]\nbackend = "{backend}"\n'.encode())


def test_a_name_is_obeyed_or_refused(four):
    """Hazard U7: a preference that could not be met was dropped in silence."""
    load(four)
    module("strong").Backend.problem = "store_locked"
    with pytest.raises(UnavailableError) as caught:
        four.create(backend="strong")
    assert caught.value.code == "store_locked"
    assert not (four.state_root / "keyring.json").exists()
    with four.create(backend="weak") as kernel:
        assert kernel.backend_kind == "weak"
        assert kernel.status().passed_over == ()
    with pytest.raises(ConflictError) as mismatch:
        four.open(backend="strong")
    assert mismatch.value.code == "backend_mismatch"
    assert "palyra vault migrate --to strong" in str(mismatch.value.hint)


def test_if_none_works_each_says_why(four):
    load(four)
    for kind in KINDS:
        module(kind).Backend.problem = f"{kind}_locked"
    with pytest.raises(UnavailableError) as caught:
        Places.open(four, create=True, plugins=list(KINDS))
    assert caught.value.code == "no_backend"
    assert caught.value.message.count("it does not answer") == 3


def test_the_slot_of_the_store_comes_beside_one_that_opens_without_a_human(four):
    with four.create() as kernel:
        assert kinds(kernel) == ["file", "strong"]
        for slot in kernel.slots.list():
            kernel.slots.drill(slot.id, Unlock())


def test_no_way_in_without_a_question_is_added_where_a_human_is_asked(four):
    """Whoever asked for a printed key alone would have got a vault that opens by itself."""
    key, params = generate()
    with (
        key,
        four.create(slots=[NewSlot("recovery", Unlock(), params)], unlock=Unlock(recovery_key=key)) as kernel,
    ):
        assert kinds(kernel) == ["recovery"]


def test_a_store_that_cannot_keep_a_key_here_brings_no_slot(four):
    load(four)
    module("strong").Protector.reason = "the keychain is locked"
    with four.create() as kernel:
        assert kinds(kernel) == ["file"]


def _open(places, wanted, barrier, results):
    barrier.wait(60)
    with places.create() as kernel:
        kernel.vault.put(wanted, wanted.encode())
        results.append((kernel.vault_id, kernel.backend_kind))


@pytest.mark.parametrize("round_", range(3))
def test_two_first_openers_agree(four, round_):
    """Hazard D5: the marker was written without a lock: two first openers used two backends, and the last marker hid
    the secrets of the other. Here the strongest fails for one of the two, by turns."""
    load(four)
    strong, calls = module("strong").Backend, iter(["store_locked", None] * 50)
    strong.problem = property(lambda self: next(calls))
    barrier, results = threading.Barrier(2), list[tuple[str, str]]()
    threads = [
        threading.Thread(target=_open, args=(four, name, barrier, results), daemon=True)
        for name in ("a", "b")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    strong.problem = None
    assert len(results) == 2
    assert len(set(results)) == 1
    with four.open() as kernel:
        assert [kernel.vault.get(name) for name in ("a", "b")] == [b"a", b"b"]
        assert kernel.verify() == []
        assert (four.state_root / "backend.kind").read_text() == f"{kernel.backend_kind}\n"
