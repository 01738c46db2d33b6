"""Broken about watching and locking."""

import time
from contextlib import contextmanager

from palyra_kernel.errors import UnavailableError
from tests.testing.record_mutants import HASTY, Healthy, in_main_thread, records_of


class AlwaysCallsChange(Healthy):
    breaks = "test_watch_is_false_when_nothing_happened"

    def watch(self, prefix, deadline):
        return True


class WakesTheWaitingOnly(Healthy):
    breaks = "test_watch_remembers_a_commit_between_two_calls"
    knobs = HASTY

    def _apply(self, puts, deletes):
        super()._apply(puts, deletes)
        vars(self.shelf)["nobody_waits"] = in_main_thread()

    def watch(self, prefix, deadline):
        if vars(self.shelf).get("nobody_waits"):
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

    def _apply(self, puts, deletes):
        super()._apply(puts, deletes)
        vars(self.shelf)["last_author"] = self

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


class HasMomentsOfItsOwn(Healthy):
    breaks = "test_a_moment_passes_with_every_commit"
    commits = 0

    def moment(self):
        return self.commits

    def commit(self, checks, puts, deletes):
        super().commit(checks, puts, deletes)
        self.commits += 1


class TellsOfTheSameAgain(Healthy):
    breaks = "test_newer_is_what_was_written_since"

    def newer(self, prefix, version):
        return super().newer(prefix, version - 1)


class TellsOfNeighbours(Healthy):
    breaks = "test_newer_is_what_was_written_since"

    def newer(self, prefix, version):
        return super().newer(prefix[:-1], version)


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
