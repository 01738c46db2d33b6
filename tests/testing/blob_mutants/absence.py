"""Broken about what is not there."""

from palyra_kernel.errors import NotFoundError
from tests.testing.blob_mutants import Healthy


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
