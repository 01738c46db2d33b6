"""Broken about versions."""

from tests.testing.record_mutants import Healthy, records_of, stale


class InsertsOnly(Healthy):
    breaks = "test_a_newer_version_replaces"

    def _apply(self, puts, deletes):
        super()._apply([put for put in puts if (put.version, put.value) != (2, b"new")], deletes)


class CountsByItself(Healthy):
    breaks = "test_versions_may_skip_numbers"

    def _apply(self, puts, deletes):
        super()._apply([put._replace(version=min(put.version, 2**31 - 1)) for put in puts], deletes)


class AcceptsTheSameVersion(Healthy):
    breaks = "test_the_same_version_is_refused"

    def _refuse(self, checks, puts):
        super()._refuse(checks, [put for put in puts if not (put.version == 5 and put.value == b"other")])


class AcceptsAnOlderVersion(Healthy):
    breaks = "test_an_older_version_is_refused"

    def _refuse(self, checks, puts):
        super()._refuse(checks, [put for put in puts if put.version >= self._version(put.key)])


class AppliesBeforeItRefuses(Healthy):
    breaks = "test_a_refused_version_changes_nothing"

    def commit(self, checks, puts, deletes):
        if [put.value for put in puts] == [b"new", b"new"]:
            super().commit({}, puts[:1], [])
            puts = puts[1:]
        super().commit(checks, puts, deletes)


class ForgetsTheDeleted(Healthy):
    breaks = "test_a_deleted_key_keeps_its_version"

    def get(self, key):
        record = super().get(key)
        return None if record and record.value is None else record


class StartsAgainAfterADelete(Healthy):
    breaks = "test_a_version_never_repeats_after_a_delete"

    def __init__(self, shelf):
        super().__init__(shelf)
        self.deleted = set()

    def _apply(self, puts, deletes):
        super()._apply(puts, deletes)
        self.deleted |= set(deletes)

    def _refuse(self, checks, puts):
        super()._refuse(checks, [put for put in puts if put.key not in self.deleted or checks])


class BuriesTheDeleted(Healthy):
    breaks = "test_a_deleted_key_may_be_written_again"

    def _refuse(self, checks, puts):
        super()._refuse(checks, puts)
        dead = {key for key, record in records_of(self).items() if record.value is None}
        if not checks and dead & {put.key for put in puts}:
            raise stale()
