"""Broken about contents."""

from tests.testing.blob_mutants import Contract, Healthy


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
