"""Broken about creating."""

import threading

from palyra_kernel.errors import ConflictError
from tests.testing.blob_mutants import Healthy, pause


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
