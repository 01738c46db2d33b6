"""Record stores that are each broken in one way; ``breaks`` names the one rule that must notice."""

import logging
import secrets
import threading
import time
from contextlib import contextmanager

import pytest

from palyra_kernel.contracts import StoredRecord
from palyra_kernel.errors import ConflictError, NotFoundError, UnavailableError
from palyra_kernel.testing import MemoryRecordStore as Healthy
from palyra_kernel.testing import RecordStoreContract as Contract

__all__ = ["Contract", "Healthy"]

KNOBS = {"quiet_seconds": 0.01, "settle_seconds": 0.005, "threads": 4}
HASTY = {"patience": 0.6}


def fixtures(subject):
    @pytest.fixture
    def url(self):
        return f"memory://{secrets.token_hex(8)}"

    @pytest.fixture
    def store(self, url):
        return subject.open(url)

    return {"url": url, "store": store}


def pause():
    """Lose the race: only the threads of a rule wait."""
    if threading.current_thread() is not threading.main_thread():
        time.sleep(0.01)


def records_of(store):
    return store.shelf.records


def stale():
    return ConflictError("record_changed", "somebody else changed the record first")


class InventsARecord(Healthy):
    breaks = "test_a_key_that_was_never_written_is_none"

    def get(self, key):
        return StoredRecord(key, 0, None) if key == b"never" else super().get(key)


class LosesTheEmpty(Healthy):
    breaks = "test_values_survive_exactly[empty]"

    def get(self, key):
        record = super().get(key)
        return record and record._replace(value=record.value or None)


class CutsAt65535(Healthy):
    breaks = "test_values_survive_exactly"

    def _apply(self, puts, deletes):
        super()._apply([put._replace(value=put.value[:65_535]) for put in puts], deletes)


class KeepsTextKeys(Healthy):
    breaks = "test_keys_survive_exactly"

    def scan(self, prefix, after, limit):
        found = super().scan(prefix, after, limit)
        if limit != 10 or len(found) != 1:
            return found
        return [record._replace(key=record.key.decode(errors="replace").encode()) for record in found]


class FoldsCase(Healthy):
    breaks = "test_similar_keys_never_mix[case]"

    def get(self, key):
        found = [
            record for record in reversed(records_of(self).values()) if record.key.lower() == key.lower()
        ]
        return found[0]._replace(key=key) if found else None


class CutsKeys(Healthy):
    breaks = "test_similar_keys_never_mix[byte-128]"

    def get(self, key):
        found = [record for record in reversed(records_of(self).values()) if record.key[:127] == key[:127]]
        return found[0] if found else None


class ReturnsViews(Healthy):
    breaks = "test_records_come_back_as_declared"

    def get(self, key):
        record = super().get(key)
        return record and record._replace(value=None if record.value is None else bytearray(record.value))


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
            return super().commit(checks, puts, deletes)
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
        if len(puts) != 2:
            return super()._apply(puts, deletes)
        for put in puts:
            super()._apply([put], [])
            self.shelf.state.release()
            pause()
            self.shelf.state.acquire()
        super()._apply([], deletes)


class CountsBeyondTheLastByte(Healthy):
    breaks = "test_a_prefix_is_exact[0xff-end]"

    def scan(self, prefix, after, limit):
        found = super().scan(prefix, after, limit)
        if len(prefix) < 2 or prefix[-1] != 0xFF or prefix[0] == 0xFF:
            return found
        end = prefix[:-1] + b"\xff"
        return [record for record in found if record.key <= end]


class MatchesPatterns(Healthy):
    breaks = "test_a_prefix_is_exact[underscore]"

    def scan(self, prefix, after, limit):
        if not prefix.endswith(b"_"):
            return super().scan(prefix, after, limit)
        return [
            record for record in super().scan(prefix[:-1], after, limit) if len(record.key) >= len(prefix)
        ]


class ScansNothingForAll(Healthy):
    breaks = "test_the_empty_prefix_is_everything"

    def scan(self, prefix, after, limit):
        found = super().scan(prefix, after, limit)
        return found if prefix or len(found) != 3 else []


class SortsByLanguage(Healthy):
    breaks = "test_the_order_is_that_of_bytes"

    def scan(self, prefix, after, limit):
        return sorted(super().scan(prefix, after, limit), key=lambda record: record.key.lower())


class ScansTheCursor(Healthy):
    breaks = "test_scan_starts_behind_the_cursor"

    def scan(self, prefix, after, limit):
        if after is None:
            return super().scan(prefix, None, limit)
        at = [record for record in super().scan(prefix, None, 99) if record.key == after]
        return [*at, *super().scan(prefix, after, limit)][:limit]


class StartsAtTheCursorOnly(Healthy):
    breaks = "test_a_cursor_below_the_prefix_hides_nothing"

    def scan(self, prefix, after, limit):
        if after is not None and after < prefix:
            return []
        return super().scan(prefix, after, limit)


class ReadsOnIntoTheNext(Healthy):
    breaks = "test_a_cursor_above_the_prefix_finds_nothing"

    def scan(self, prefix, after, limit):
        above = after is not None and after > prefix and not after.startswith(prefix)
        return super().scan(b"" if above else prefix, after, limit)


class LosesItsCursor(Healthy):
    breaks = "test_a_cursor_may_be_deleted_meanwhile"

    def scan(self, prefix, after, limit):
        lost = after in records_of(self) and records_of(self)[after].value is None
        return [] if lost else super().scan(prefix, after, limit)


class IgnoresTheLimit(Healthy):
    breaks = "test_scan_honours_the_limit"

    def scan(self, prefix, after, limit):
        return super().scan(prefix, after, 1_000)


class SkipsBetweenPages(Healthy):
    breaks = "test_pages_cover_everything"

    def scan(self, prefix, after, limit):
        found = super().scan(prefix, after, limit)
        return found[1:] if after and limit < 10 else found


class ScansTheDeleted(Healthy):
    breaks = "test_scan_leaves_deleted_keys_out"

    def scan(self, prefix, after, limit):
        dead = [record for record in records_of(self).values() if record.value is None and prefix == b"p/"]
        return sorted([*super().scan(prefix, after, limit), *(dead if limit > 100 else ())])


class LimitsBeforeItFilters(Healthy):
    breaks = "test_deleted_keys_do_not_count_against_the_limit"

    def scan(self, prefix, after, limit):
        keys = [key for key in records_of(self) if key.startswith(prefix) and (after is None or key > after)]
        page = sorted(keys)[:limit]
        return [records_of(self)[key] for key in page if records_of(self)[key].value is not None]


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
        self.shelf.open = True
        return self

    def commit(self, checks, puts, deletes):
        if not self.shelf.open:
            raise ValueError("the connection is closed")
        super().commit(checks, puts, deletes)

    def close(self):
        self.shelf.open = False


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


class AlwaysCallsChange(Healthy):
    breaks = "test_watch_is_false_when_nothing_happened"

    def watch(self, prefix, deadline):
        return True


class WakesTheWaitingOnly(Healthy):
    breaks = "test_watch_remembers_a_commit_between_two_calls"
    knobs = {**HASTY, "settle_seconds": 0.1}

    def watch(self, prefix, deadline):
        self._seen[prefix] = self.shelf.moment
        return super().watch(prefix, deadline)


class AnswersAtTheDeadline(Healthy):
    breaks = "test_watch_wakes_up"
    knobs = HASTY

    def watch(self, prefix, deadline):
        time.sleep(deadline.remaining())
        return super().watch(prefix, deadline)


class IgnoresDeletes(Healthy):
    breaks = "test_watch_notices_a_delete"
    knobs = HASTY

    def _changed(self, prefix, since):
        return any(
            at > since and key.startswith(prefix) and records_of(self)[key].value is not None
            for key, at in self.shelf.changed_at.items()
        )


class NoticesItselfOnly(Healthy):
    breaks = "test_watch_notices_another_process"
    knobs = HASTY

    def commit(self, checks, puts, deletes):
        super().commit(checks, puts, deletes)
        self.shelf.last_author = self

    def _changed(self, prefix, since):
        return super()._changed(prefix, since) and vars(self.shelf).get("last_author", self) is self


class HasOneMark(Healthy):
    breaks = "test_one_watcher_does_not_eat_the_news_of_another"
    knobs = HASTY
    mark = 0

    def _changed(self, prefix, since):
        if not super()._changed(prefix, self.mark):
            return False
        self.mark = self.shelf.moment
        return True


class LocksItselfOut(Healthy):
    breaks = "test_commit_works_inside_exclusive"
    held = False

    @contextmanager
    def exclusive(self, deadline):
        with super().exclusive(deadline):
            self.held = True
            try:
                yield
            finally:
                self.held = False

    def commit(self, checks, puts, deletes):
        if self.held:
            raise UnavailableError("locked", "somebody holds the store")
        super().commit(checks, puts, deletes)


class KeepsTheLock(Healthy):
    breaks = "test_exclusive_is_released"
    knobs = HASTY

    @contextmanager
    def exclusive(self, deadline):
        with super().exclusive(deadline):
            try:
                yield
            except LookupError:
                self.shelf.writer.acquire()
                raise


class GivesUpItsOwnWay(Healthy):
    breaks = "test_exclusive_gives_up_as_unavailable"

    @contextmanager
    def exclusive(self, deadline):
        if not self.shelf.writer.acquire(timeout=deadline.remaining()):
            raise TimeoutError
        try:
            yield
        finally:
            self.shelf.writer.release()


class QuotesItsInput(Healthy):
    breaks = "test_errors_show_no_value"

    def _refuse(self, checks, puts):
        try:
            super()._refuse(checks, puts)
        except ConflictError as error:
            error.add_note(f"while writing {puts}")
            raise


class LogsItsInput(Healthy):
    breaks = "test_logs_show_no_value"

    def commit(self, checks, puts, deletes):
        for put in puts:
            logging.getLogger(__name__).debug("UPSERT %s", put.value[:40])
        super().commit(checks, puts, deletes)


class PrintsItsCache(Healthy):
    breaks = "test_repr_shows_no_value"

    def __repr__(self):
        return f"Store({records_of(self)})"
