"""Broken about contents."""

from palyra_kernel.contracts import StoredRecord
from tests.testing.record_mutants import Healthy, records_of


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
        with self.shelf.state:
            records = list(records_of(self).values())
        found = [record for record in reversed(records) if record.key.lower() == key.lower()]
        return found[0]._replace(key=key) if found else None


class CutsKeys(Healthy):
    breaks = "test_similar_keys_never_mix[byte-128]"

    def get(self, key):
        with self.shelf.state:
            records = list(records_of(self).values())
        found = [record for record in reversed(records) if record.key[:127] == key[:127]]
        return found[0] if found else None


class AnswersFew(Healthy):
    breaks = "test_many_are_the_same_as_each"

    def get_many(self, keys):
        return super().get_many(keys[:999])


class ReturnsViews(Healthy):
    breaks = "test_records_come_back_as_declared"

    def get(self, key):
        record = super().get(key)
        if record is None or record.value is None:
            return record
        return record._replace(value=bytearray(record.value))  # type: ignore[arg-type]  # the defect
