"""Broken about places, processes and vaults."""

from palyra_kernel.errors import ConflictError, UnavailableError
from palyra_kernel.testing.memory_blobs import _shelves
from tests.testing.blob_mutants import ONE_PROCESS, Healthy, pause


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
        vars(self.shelf)["closed"] = False
        return self

    def put(self, blobs, deadline):
        if vars(self.shelf)["closed"]:
            raise UnavailableError("closed", "the connection is closed")
        super().put(blobs, deadline)

    def close(self):
        vars(self.shelf)["closed"] = True


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
    knobs = ONE_PROCESS


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
