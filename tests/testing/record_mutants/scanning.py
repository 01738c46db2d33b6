"""Broken about scanning."""

from tests.testing.record_mutants import Healthy, records_of


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
        if prefix != b"p/" or limit <= 100:
            return super().scan(prefix, after, limit)
        with self.shelf.state:
            dead = [record for record in records_of(self).values() if record.value is None]
            return sorted([*super().scan(prefix, after, limit), *dead])


class LimitsBeforeItFilters(Healthy):
    breaks = "test_deleted_keys_do_not_count_against_the_limit"

    def scan(self, prefix, after, limit):
        behind = b"" if after is None else after
        with self.shelf.state:
            page = sorted(key for key in records_of(self) if key.startswith(prefix) and key > behind)[:limit]
            return [records_of(self)[key] for key in page if records_of(self)[key].value is not None]
