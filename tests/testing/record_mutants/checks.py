"""Broken about checks."""

from palyra_kernel.errors import ConflictError
from tests.testing.record_mutants import Healthy, records_of, stale


class DropsInSilence(Healthy):
    breaks = "test_a_failed_check_is_a_conflict"

    def commit(self, checks, puts, deletes):
        try:
            super().commit(checks, puts, deletes)
        except ConflictError:
            if set(checks.values()) != {1} or [put.value for put in puts] != [b"new"]:
                raise


class WritesThenComplains(Healthy):
    breaks = "test_a_failed_check_puts_nothing"

    def _refuse(self, checks, puts):
        try:
            super()._refuse(checks, puts)
        except ConflictError:
            if len(checks) == 1 and len(puts) == 2:
                self._apply(puts, [])
            raise


class DeletesFirst(Healthy):
    breaks = "test_a_failed_check_deletes_nothing"

    def commit(self, checks, puts, deletes):
        self._apply([], deletes)
        super().commit(checks, puts, deletes)


class ChecksTheFirst(Healthy):
    breaks = "test_every_check_counts"

    def _refuse(self, checks, puts):
        super()._refuse(dict(list(checks.items())[:1]), puts)


class ChecksWhatItWrites(Healthy):
    breaks = "test_a_check_may_guard_a_key_that_is_not_written"

    def _refuse(self, checks, puts):
        written = {put.key for put in puts}
        one = len(checks) == 1 and puts
        super()._refuse({key: at for key, at in checks.items() if not one or key in written}, puts)


class ReturnsWithoutWork(Healthy):
    breaks = "test_checks_alone_are_checked"

    def commit(self, checks, puts, deletes):
        if puts or deletes or 9 in checks.values():
            super().commit(checks, puts, deletes)


class RefusesEveryCheck(Healthy):
    breaks = "test_a_check_that_holds_lets_through"

    def _refuse(self, checks, puts):
        super()._refuse(checks, puts)
        if checks == {b"key": 2}:
            raise stale()


class RefusesToCreate(Healthy):
    breaks = "test_zero_means_never_written"

    def _refuse(self, checks, puts):
        super()._refuse(checks, puts)
        if checks == {b"new": 0}:
            raise stale()


class TakesZeroForNoCheck(Healthy):
    breaks = "test_zero_refuses_what_exists"

    def _refuse(self, checks, puts):
        live = {key for key, record in records_of(self).items() if record.value is not None}
        super()._refuse({key: at for key, at in checks.items() if at or key not in live}, puts)


class TakesDeletedForNever(Healthy):
    breaks = "test_zero_refuses_what_was_deleted"

    def _refuse(self, checks, puts):
        dead = {key for key, record in records_of(self).items() if record.value is None}
        super()._refuse({key: at for key, at in checks.items() if at or key not in dead}, puts)


class ChecksNoTombstones(Healthy):
    breaks = "test_a_deleted_key_is_checked_by_its_last_version"

    def _refuse(self, checks, puts):
        super()._refuse(checks, puts)
        if any(at and records_of(self)[key].value is None for key, at in checks.items()):
            raise stale()
