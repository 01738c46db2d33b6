"""Broken about durability."""

from tests.testing.record_mutants import Healthy, pause, records_of


class KeepsToItself(Healthy):
    breaks = "test_a_second_open_sees_what_was_committed"
    closed = False

    def commit(self, checks, puts, deletes):
        super().commit(checks, puts, deletes)
        authors = vars(self.shelf).setdefault("authors", {})
        authors.update({put.key: self for put in puts})

    def get(self, key):
        author = vars(self.shelf).get("authors", {}).get(key, self)
        return super().get(key) if author is self or author.closed else None

    def close(self):
        self.closed = True


class ForgetsAtClose(Healthy):
    breaks = "test_close_loses_nothing"
    written = False

    def commit(self, checks, puts, deletes):
        super().commit(checks, puts, deletes)
        self.written = [(put.key, put.version) for put in puts] == [(b"key", 1)]

    def close(self):
        if self.written:
            del records_of(self)[b"key"]


class ClosesForAll(Healthy):
    breaks = "test_closing_one_leaves_the_other_open"

    @classmethod
    def open(cls, url):
        self = super().open(url)
        vars(self.shelf)["open"] = True
        return self

    def commit(self, checks, puts, deletes):
        if not vars(self.shelf)["open"]:
            raise ValueError("the connection is closed")
        super().commit(checks, puts, deletes)

    def close(self):
        vars(self.shelf)["open"] = False


class DropsTombstonesAtClose(Healthy):
    breaks = "test_versions_never_repeat_after_reopening"

    def close(self):
        for key in [key for key, record in records_of(self).items() if record.value is None]:
            del records_of(self)[key]


class LocksItselfOnly(Healthy):
    breaks = "test_two_stores_race_for_one_version"

    def commit(self, checks, puts, deletes):
        if [put.key for put in puts] == [b"race"]:
            self._refuse(checks, puts)
            pause()
            self._apply(puts, deletes)
        else:
            super().commit(checks, puts, deletes)


class CriesWolf(Healthy):
    breaks = "test_a_healthy_store_has_no_damage"

    def check(self):
        return [f"{len(records_of(self))} records seen"]


class HasASpacedScheme(Healthy):
    breaks = "test_the_scheme_is_sane"
    scheme = "Memory Store"
