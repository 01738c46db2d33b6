"""Blob backends that are each broken in one way; ``breaks`` names the one rule that must notice."""

import base64
import logging
import secrets
import subprocess
import threading
import time
from contextlib import suppress
from os import stat
from pathlib import Path

import pytest

from palyra_kernel.contracts import BlobCapabilities, BlobPlace
from palyra_kernel.errors import ConflictError, NotFoundError, UnavailableError
from palyra_kernel.testing import BlobBackendContract as Contract
from palyra_kernel.testing import MemoryBackend as Healthy
from palyra_kernel.testing.memory_blobs import _shelves

__all__ = ["Contract", "Healthy"]

KNOBS = {}
NOWHERE = Path("not-used-by-memory")


def pause():
    """Lose the race: only the threads of a rule wait."""
    if threading.current_thread() is not threading.main_thread():
        time.sleep(0.02)


def fixtures(subject):
    @pytest.fixture
    def backend(self, place):
        return subject.open(place)

    @pytest.fixture
    def place(self):
        return BlobPlace(folder=NOWHERE, vault_id=secrets.token_hex(16))

    @pytest.fixture
    def other_place(self, place):
        return BlobPlace(folder=NOWHERE, vault_id=secrets.token_hex(16))

    return {"backend": backend, "place": place, "other_place": other_place}


class CutsAtNul(Healthy):
    breaks = "test_bytes_survive_exactly"

    def put(self, blobs, deadline):
        super().put({blob_id: blob.split(b"\0")[0] for blob_id, blob in blobs.items()}, deadline)


class StripsNewlines(Healthy):
    breaks = "test_bytes_survive_exactly"

    def get(self, ids, deadline):
        return {blob_id: blob.rstrip(b"\n") for blob_id, blob in super().get(ids, deadline).items()}


class StoresText(Healthy):
    breaks = "test_bytes_survive_exactly"

    def put(self, blobs, deadline):
        super().put({key: blob.decode(errors="replace").encode() for key, blob in blobs.items()}, deadline)


class LosesTheEmpty(Healthy):
    breaks = "test_bytes_survive_exactly[empty]"

    def get(self, ids, deadline):
        return {blob_id: blob for blob_id, blob in super().get(ids, deadline).items() if blob}


class CutsAt8192(Healthy):
    breaks = "test_every_size_survives"

    def put(self, blobs, deadline):
        super().put({blob_id: blob[:8192] for blob_id, blob in blobs.items()}, deadline)


class CutsAtItsOwnLimit(Healthy):
    breaks = "test_every_size_survives[largest]"

    def put(self, blobs, deadline):
        super().put({blob_id: blob[: Contract.largest - 1] for blob_id, blob in blobs.items()}, deadline)


class ReturnsBytearray(Healthy):
    breaks = "test_blobs_come_back_as_bytes"

    def get(self, ids, deadline):
        return {blob_id: bytearray(blob) for blob_id, blob in super().get(ids, deadline).items()}


class ShortensIds(Healthy):
    breaks = "test_similar_ids_never_mix"

    def get(self, ids, deadline):
        found = super().get(ids, deadline)
        newest = {blob_id[:-1]: blob for blob_id, blob in self.shelf.blobs.items()}
        return {blob_id: newest[blob_id[:-1]] if len(ids) == 1 else blob for blob_id, blob in found.items()}


class IgnoresConflicts(Healthy):
    breaks = "test_an_existing_id_is_a_conflict"

    def put(self, blobs, deadline):
        try:
            super().put(blobs, deadline)
        except ConflictError:
            if threading.current_thread() is not threading.main_thread():
                raise  # another rule is about races


class OverwritesAndComplains(Healthy):
    breaks = "test_a_conflict_keeps_the_old_blob"

    def put(self, blobs, deadline):
        try:
            super().put(blobs, deadline)
        except ConflictError:
            if b"new" in blobs.values():
                self.shelf.blobs.update(blobs)
            raise


class LeavesHalfABatch(Healthy):
    breaks = "test_a_refused_batch_leaves_no_half_blob"

    def put(self, blobs, deadline):
        try:
            super().put(blobs, deadline)
        except ConflictError:
            for blob_id, blob in blobs.items():
                self.shelf.blobs.setdefault(blob_id, blob[: len(blob) // 2])
            raise


class StoresAHundred(Healthy):
    breaks = "test_a_long_batch_is_stored_whole"

    def put(self, blobs, deadline):
        super().put(dict(list(blobs.items())[:100]), deadline)


class LosesUpdates(Healthy):
    breaks = "test_threads_lose_nothing"

    def put(self, blobs, deadline):
        super().put(blobs, deadline)
        if b"blob 1" in blobs.values() and len(blobs) == 1:
            mine = dict(self.shelf.blobs)
            pause()
            self.shelf.blobs = mine


class ChecksThenWrites(Healthy):
    breaks = "test_one_of_many_racing_puts_wins"

    def put(self, blobs, deadline):
        deadline.check("storing blobs")
        if not self.shelf.blobs.keys().isdisjoint(blobs):
            raise ConflictError("blob_exists", "a blob with this id exists")
        pause()
        self.shelf.blobs.update(blobs)


class StoresHalfWhenLate(Healthy):
    breaks = "test_a_put_past_its_deadline_is_whole_or_nothing"

    def put(self, blobs, deadline):
        if deadline.expired:
            self.shelf.blobs.update({blob_id: blob[:9] for blob_id, blob in blobs.items()})
        super().put(blobs, deadline)


class CallsAbsenceAnError(Healthy):
    breaks = "test_unknown_ids_are_left_out"

    def get(self, ids, deadline):
        found = super().get(ids, deadline)
        if len(ids) == 3 and not found:
            raise NotFoundError("item", "no such item")
        return found


class StopsAtTheFirstGap(Healthy):
    breaks = "test_a_missing_id_hides_no_other"

    def get(self, ids, deadline):
        found = super().get(ids, deadline)
        if len(ids) == 4 and ids[0] not in found:
            return {}
        return found


class AnswersAThousand(Healthy):
    breaks = "test_many_ids_in_one_get"

    def get(self, ids, deadline):
        return super().get(ids[:999], deadline)


class HidesWhenLate(Healthy):
    breaks = "test_a_get_past_its_deadline_hides_nothing"

    def get(self, ids, deadline):
        return {} if deadline.expired else super().get(ids, deadline)


class KeepsADeletedCache(Healthy):
    breaks = "test_a_deleted_blob_is_gone"

    def delete(self, ids, deadline):
        if len(ids) == 1:
            self.cache = {blob_id: self.shelf.blobs.get(blob_id, b"") for blob_id in ids}
        super().delete(ids, deadline)

    def get(self, ids, deadline):
        cache = getattr(self, "cache", {})
        if len(ids) == 2 and ids[0] in cache:
            return {**super().get(ids, deadline), ids[0]: cache[ids[0]]}
        return super().get(ids, deadline)


class FailsToDeleteTwice(Healthy):
    breaks = "test_deleting_an_absent_id_is_fine"

    def delete(self, ids, deadline):
        if len(ids) == 1 and ids[0] not in self.shelf.blobs:
            raise NotFoundError("item", "no such item")
        super().delete(ids, deadline)


class StopsDeletingAtAGap(Healthy):
    breaks = "test_delete_goes_on_after_an_absent_id"

    def delete(self, ids, deadline):
        for blob_id in ids:
            if blob_id not in self.shelf.blobs:
                return
            super().delete([blob_id], deadline)


class DeletesByPrefix(Healthy):
    breaks = "test_delete_spares_similar_ids"

    def delete(self, ids, deadline):
        prefixes = {blob_id[:-1] for blob_id in ids}
        super().delete([blob_id for blob_id in self.shelf.blobs if blob_id[:-1] in prefixes], deadline)


class DeletesAThousand(Healthy):
    breaks = "test_many_ids_in_one_delete"

    def delete(self, ids, deadline):
        super().delete(ids[:999], deadline)


class ListsBackwards(Healthy):
    breaks = "test_list_is_ascending"

    def list(self, after, limit):
        return super().list(after, limit)[::-1]


class ListsTheCursor(Healthy):
    breaks = "test_list_starts_behind_the_cursor"

    def list(self, after, limit):
        return sorted(blob_id for blob_id in self.shelf.blobs if after is None or blob_id >= after)[:limit]


class IgnoresTheLimit(Healthy):
    breaks = "test_list_honours_the_limit"

    def list(self, after, limit):
        return super().list(after, 1_000)


class SkipsBetweenPages(Healthy):
    breaks = "test_pages_cover_everything"

    def list(self, after, limit):
        return super().list(after, limit + 1)[1:] if after and limit < 10 else super().list(after, limit)


class LosesItsCursor(Healthy):
    breaks = "test_a_cursor_may_be_deleted_meanwhile"

    def list(self, after, limit):
        return super().list(after, limit) if after is None or after in self.shelf.blobs else []


class ListsTheDeleted(Healthy):
    breaks = "test_a_deleted_id_is_not_listed"

    def delete(self, ids, deadline):
        self.deleted = list(ids)
        super().delete(ids, deadline)

    def list(self, after, limit):
        return sorted([*super().list(after, limit), *getattr(self, "deleted", [])])


class KeepsToItself(Healthy):
    breaks = "test_a_second_open_sees_what_was_acknowledged"

    def __init__(self, shelf):
        super().__init__(shelf)
        self.buffer = {}

    def put(self, blobs, deadline):
        if len(blobs) == 3:
            self.buffer.update(blobs)
        else:
            super().put(blobs, deadline)

    def get(self, ids, deadline):
        buffered = {blob_id: self.buffer[blob_id] for blob_id in ids if blob_id in self.buffer}
        return {**super().get(ids, deadline), **buffered}

    def close(self):
        self.shelf.blobs.update(self.buffer)


class ForgetsAtClose(Healthy):
    breaks = "test_close_loses_nothing"

    def put(self, blobs, deadline):
        super().put(blobs, deadline)
        self.mine = [*getattr(self, "mine", []), *blobs]

    def close(self):
        for blob_id in getattr(self, "mine", []):
            self.shelf.blobs.pop(blob_id, None)


class ClosesForAll(Healthy):
    breaks = "test_closing_one_leaves_the_other_open"

    @classmethod
    def open(cls, place):
        self = super().open(place)
        self.shelf.closed = False
        return self

    def put(self, blobs, deadline):
        if self.shelf.closed:
            raise UnavailableError("closed", "the connection is closed")
        super().put(blobs, deadline)

    def close(self):
        self.shelf.closed = True


class MakesTheStoreTwice(Healthy):
    breaks = "test_first_openers_may_race"

    @classmethod
    def open(cls, place):
        if place not in _shelves:
            pause()
            _shelves.pop(place, None)
        return super().open(place)


class KeepsToItsProcess(Healthy):
    breaks = "test_processes_lose_nothing"
    knobs = {"processes": 1}


class ReadsOtherVaults(Healthy):
    breaks = "test_a_vault_never_reads_another"

    def get(self, ids, deadline):
        everything = {key: blob for shelf in list(_shelves.values()) for key, blob in shelf.blobs.items()}
        return super().get(ids, deadline) or {key: everything[key] for key in ids if key in everything}


class SharesItsIds(Healthy):
    breaks = "test_vaults_may_use_the_same_id"

    def put(self, blobs, deadline):
        if any(not shelf.blobs.keys().isdisjoint(blobs) for shelf in list(_shelves.values())):
            raise ConflictError("blob_exists", "a blob with this id exists")
        super().put(blobs, deadline)


class ListsOtherVaults(Healthy):
    breaks = "test_a_vault_never_lists_another"

    def list(self, after, limit):
        if after is not None or self.shelf.blobs:
            return super().list(after, limit)
        return [blob_id for shelf in list(_shelves.values()) for blob_id in shelf.blobs]


class DeletesInOtherVaults(Healthy):
    breaks = "test_a_vault_never_deletes_in_another"

    def delete(self, ids, deadline):
        for shelf in list(_shelves.values()):
            Healthy(shelf).delete(ids, deadline)


class QuotesItsInput(Healthy):
    breaks = "test_errors_show_no_payload"

    def put(self, blobs, deadline):
        try:
            super().put(blobs, deadline)
        except ConflictError as error:
            raise ConflictError("blob_exists", "a blob exists") from ValueError(
                next(iter(blobs.values())).hex()
            )


class LogsItsInput(Healthy):
    breaks = "test_logs_show_no_payload"

    def put(self, blobs, deadline):
        for blob in blobs.values():
            logging.getLogger(__name__).debug("PUT %s", base64.b64encode(b"{" + blob[:40] + b"}"))
        super().put(blobs, deadline)


class PrintsItsCache(Healthy):
    breaks = "test_repr_shows_no_payload"

    def __repr__(self):
        return f"Backend({self.shelf.blobs})"


class PassesArguments(Healthy):
    breaks = "test_no_program_is_started_with_a_payload"

    def put(self, blobs, deadline):
        super().put(blobs, deadline)
        for blob in blobs.values():
            if len(blob) == 48:
                with suppress(OSError):
                    subprocess.run(["no-such-tool-anywhere", "store", blob.hex()], check=False)


class AsksForTheHelpText(Healthy):
    breaks = "test_the_probe_passes"

    def probe(self):
        if not self.shelf.blobs and threading.current_thread() is threading.main_thread():
            raise UnavailableError("probe_failed", "the tool ended with 2")


class ProbesOneId(Healthy):
    breaks = "test_probes_do_not_collide"

    def probe(self):
        if "canary" in self.shelf.blobs:
            raise ConflictError("blob_exists", "the canary exists")
        self.shelf.blobs["canary"] = b"canary"
        pause()
        self.shelf.blobs.pop("canary", None)


class LeavesItsCanary(Healthy):
    breaks = "test_the_probe_leaves_nothing_behind"

    def probe(self):
        self.shelf.blobs[secrets.token_hex(16)] = b"canary"


class TakesNothing(Healthy):
    breaks = "test_capabilities_are_sane"

    def capabilities(self):
        return BlobCapabilities(max_blob_bytes=1024 * 1024, durable=1)


class AsksTheStore(Healthy):
    breaks = "test_capabilities_need_no_io"

    def capabilities(self):
        stat("/")
        return super().capabilities()


class HasACapitalKind(Healthy):
    breaks = "test_kind_and_strength_are_sane"
    kind = "Memory Store"


class CriesWolf(Healthy):
    breaks = "test_a_healthy_store_has_no_damage"

    def check(self):
        return [f"{len(self.shelf.blobs)} blobs seen"]
