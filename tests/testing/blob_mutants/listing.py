"""Broken about listing."""

from tests.testing.blob_mutants import Healthy


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
