"""Random lives of secrets against a dictionary that does the same."""

import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from palyra_kernel.errors import ConflictError, NotFoundError
from tests.support import Parts

REFS = st.sampled_from(["a", "b/c", "principal:u/a", "skill:s/a"])
VALUES = st.binary(max_size=40)
KEEP = 3


class Model(RuleBasedStateMachine):
    """``secrets`` maps a reference to its tombstone and its versions, newest first; None is a destroyed value."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.parts = Parts(self.folder / "h", keep=KEEP)
        self.secrets = {}

    def teardown(self):
        shutil.rmtree(self.folder)

    @property
    def vault(self):
        return self.parts.vault

    def current(self, ref):
        deleted, versions = self.secrets.get(ref, (True, []))
        return None if deleted or versions[0][1] is None else versions[0][1]

    @rule(ref=REFS, value=VALUES)
    def put(self, ref, value):
        metadata = self.vault.put(ref, value)
        _, versions = self.secrets.get(ref, (False, []))
        number = versions[0][0] + 1 if versions else 1
        assert metadata.version == number
        self.secrets[ref] = (False, [(number, value), *versions][:KEEP])

    @rule(ref=REFS, value=VALUES, expected=st.integers(0, 4))
    def put_expecting(self, ref, value, expected):
        deleted, versions = self.secrets.get(ref, (True, []))
        there = 0 if not versions or (deleted and not expected) else versions[0][0]
        try:
            self.vault.put(ref, value, expected_version=expected)
        except ConflictError:
            assert there != expected
        else:
            assert there == expected
            number = versions[0][0] + 1 if versions else 1
            self.secrets[ref] = (False, [(number, value), *versions][:KEEP])

    @rule(ref=REFS)
    def delete(self, ref):
        deleted, versions = self.secrets.get(ref, (True, []))
        assert self.vault.delete(ref) is (not deleted)
        if versions:
            self.secrets[ref] = (True, versions)

    @rule(ref=REFS)
    def undelete(self, ref):
        deleted, versions = self.secrets.get(ref, (False, []))
        try:
            self.vault.undelete(ref)
        except (NotFoundError, ConflictError):
            assert not deleted or not versions
        else:
            assert deleted
            self.secrets[ref] = (False, versions)

    @rule(ref=REFS, which=st.integers(0, KEEP - 1))
    def destroy_one(self, ref, which):
        deleted, versions = self.secrets.get(ref, (True, []))
        if which < len(versions):
            number = versions[which][0]
            self.vault.destroy(ref, [number])
            kept = [(each, None if each == number else value) for each, value in versions]
            self.secrets[ref] = (deleted, kept)

    @rule(ref=REFS)
    def destroy_all(self, ref):
        if ref in self.secrets:
            self.vault.destroy(ref)
            del self.secrets[ref]

    @rule(ref=REFS, which=st.integers(0, KEEP - 1))
    def rollback(self, ref, which):
        deleted, versions = self.secrets.get(ref, (True, []))
        if which < len(versions):
            number, value = versions[which]
            try:
                self.vault.rollback(ref, number)
            except NotFoundError:
                assert deleted or value is None
            else:
                self.secrets[ref] = (False, [(versions[0][0] + 1, value), *versions][:KEEP])

    @rule()
    def collect(self):
        self.vault.gc(grace_seconds=0)

    @invariant()
    def reads_agree(self):
        for ref in ("a", "b/c", "principal:u/a", "skill:s/a"):
            try:
                value = self.vault.get(ref).reveal()
            except NotFoundError:
                value = None
            assert value == self.current(ref)
        there = sum(1 for deleted, _ in self.secrets.values() if not deleted)
        assert len(self.vault.list(None)) == there
        assert len(self.vault.list(None, deleted=True)) == len(self.secrets)

    @invariant()
    def nothing_is_lost_or_left(self):
        live = sum(1 for _, versions in self.secrets.values() for _, value in versions if value is not None)
        self.parts.objects.tidy()
        assert len(self.parts.backend.list(None, 1000)) == live


TestModel = Model.TestCase
TestModel.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
