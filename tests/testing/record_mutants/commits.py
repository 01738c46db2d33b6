"""Broken about whole commits."""

from palyra_kernel.errors import NotFoundError
from tests.testing.record_mutants import Healthy, pause, records_of


class PutsOrDeletes(Healthy):
    breaks = "test_puts_and_deletes_land_together"

    def _apply(self, puts, deletes):
        super()._apply(puts, [] if puts else deletes)


class StopsAt500(Healthy):
    breaks = "test_a_large_commit_is_whole"

    def _apply(self, puts, deletes):
        super()._apply(puts[:500], deletes)


class DeletesTheDeletedOnly(Healthy):
    breaks = "test_deleting_an_absent_key_is_fine"

    def commit(self, checks, puts, deletes):
        if any(key not in records_of(self) for key in deletes):
            raise NotFoundError("record", "no such record")
        super().commit(checks, puts, deletes)


class RefusesNothing(Healthy):
    breaks = "test_an_empty_commit_is_fine"

    def commit(self, checks, puts, deletes):
        if not checks and not puts and not deletes:
            raise ValueError("empty transaction")
        super().commit(checks, puts, deletes)


class ChecksThenWrites(Healthy):
    breaks = "test_a_counter_loses_no_increment"

    def commit(self, checks, puts, deletes):
        if not checks:
            super().commit(checks, puts, deletes)
        else:
            self._refuse(checks, puts)
            pause()
            with self.shelf.state:
                self._apply(puts, deletes)


class WritesEverythingBack(Healthy):
    breaks = "test_threads_on_different_keys_lose_nothing"

    def commit(self, checks, puts, deletes):
        super().commit(checks, puts, deletes)
        if puts and puts[0].key.startswith(b"key ") and len(puts) == 1:
            mine = dict(records_of(self))
            pause()
            self.shelf.records = mine


class CommitsOneByOne(Healthy):
    breaks = "test_readers_never_see_half_a_commit"

    def _apply(self, puts, deletes):
        for put in puts:
            super()._apply([put], [])
            if len(puts) == 2:
                self.shelf.state.release()
                pause()
                self.shelf.state.acquire()
        super()._apply([], deletes)
