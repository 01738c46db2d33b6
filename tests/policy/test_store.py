"""The policies of a vault: applied, taken back, seen by every process, and kept when what comes next is damaged."""

import msgspec
import pytest

from palyra_kernel.errors import ConflictError, IntegrityError, NotFoundError, UnavailableError
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.store import POLICIES, PolicyStore
from palyra_kernel.records import Change
from tests.policy.asking import bundle

ACTIVE = POLICIES.key("active")
ONE = bundle('@id("one") forbid (principal, action, resource) when { context.mtls };')
TWO = bundle('@id("two") forbid (principal, action, resource) when { context.mtls };')


@pytest.fixture
def records(parts):
    return parts.records


def apply(store, records, made):
    records.commit(store.plan_apply(made))


def put_raw(records, document):
    change = Change()
    change.put(ACTIVE, document)
    records.commit(change)


def test_without_a_record_the_bundle_of_the_kernel_decides(records):
    store = PolicyStore(records)
    assert store.active() is Bundle.default()
    assert store.previous() is None
    with pytest.raises(NotFoundError, match="no policies were in force"):
        store.plan_rollback()


def test_what_is_applied_is_in_force_everywhere(records):
    """Hazard P19's kin: every process sees the change with its next question, and nothing is written to see it."""
    here, there = PolicyStore(records), PolicyStore(records)
    before = there.active()
    apply(here, records, ONE)
    assert here.active().digest == there.active().digest == ONE.digest != before.digest
    assert here.active().version == 1
    assert there.active() is there.active(), "it is loaded once"
    apply(there, records, TWO)
    assert (here.active().digest, here.active().version) == (TWO.digest, 2)


def test_reading_does_not_write(records):
    store = PolicyStore(records)
    apply(store, records, ONE)
    generation = records.check_head().generation
    for _ in range(3):
        store.active()
        PolicyStore(records).active()
    assert records.check_head().generation == generation


def test_rollback_swaps_the_last_two(records):
    store = PolicyStore(records)
    apply(store, records, ONE)
    apply(store, records, TWO)
    for expected, version in ((ONE, 3), (TWO, 4)):
        records.commit(store.plan_rollback())
        assert (store.active().digest, store.active().version) == (expected.digest, version)


def test_rollback_of_the_first_is_the_default_and_back(records):
    store = PolicyStore(records)
    apply(store, records, ONE)
    previous = store.previous()
    assert previous is not None
    assert previous.digest == Bundle.default().digest
    records.commit(store.plan_rollback())
    assert store.active() is Bundle.default()
    records.commit(store.plan_rollback())
    assert (store.active().digest, store.active().version) == (ONE.digest, 2)
    assert records.read(POLICIES.key("previous")).document is None


def test_two_who_apply_at_once(records):
    """Hazard P30's kin: the second plan was made of what is no longer there."""
    one, two = PolicyStore(records), PolicyStore(records)
    first, second = one.plan_apply(ONE), two.plan_apply(TWO)
    records.commit(first)
    with pytest.raises(ConflictError) as caught:
        records.commit(second)
    assert caught.value.code == "record_changed"
    assert two.active().digest == ONE.digest


DAMAGED = [
    b"", b"{", b"\xff", b"null", b"[]", b'{"format":1}', b"{" * 5000,
    msgspec.json.encode({"format": 1, "version": 1, "digest": "0" * 64, "files": ONE.files}),
    msgspec.json.encode({"format": 0, "version": 1, "digest": "", "files": {}}),
    msgspec.json.encode({"format": 1, "version": 1, "digest": "", "files": {}, "more": 1}),
]  # fmt: skip


@pytest.mark.parametrize("document", DAMAGED)
def test_what_does_not_load_stops_an_opening_process_and_keeps_a_running_one(records, document, caplog):
    """Hazard P19: a failure dropped all overrides, and everything was open."""
    running = PolicyStore(records)
    apply(running, records, ONE)
    good = running.active()
    put_raw(records, document)
    for _ in range(2):
        assert running.active() is good
    assert [record.levelname for record in caplog.records] == ["ERROR"], "said once for each change"
    opening = PolicyStore(records)
    for _ in range(2):
        with pytest.raises(IntegrityError) as caught:
            opening.active()
        assert (caught.value.code, caught.value.exit_code) == ("policy_damaged", 8)
    assert opening.repairing() is Bundle.default()
    apply(opening, records, TWO)
    assert opening.active().digest == running.active().digest == TWO.digest


def test_rules_that_this_kernel_does_not_understand_any_more(records):
    """After an upgrade the record is whole, and the schema another one."""
    files = ONE.files | {"organisation.cedar": '@id("old") permit (principal is Gone, action, resource);'}
    from palyra_kernel.policy.bundle.bundle import BundleDocument, files_digest

    put_raw(
        records,
        msgspec.json.encode(
            BundleDocument(version=7, digest=files_digest(files), validated=ONE.digest, files=files)
        ),
    )
    store = PolicyStore(records)
    with pytest.raises(IntegrityError, match="Gone") as caught:
        store.active()
    assert caught.value.code == "policy_damaged"
    apply(store, records, TWO)
    assert store.active().version == 8


def test_a_newer_format_is_not_guessed(records):
    running = PolicyStore(records)
    running.active()
    put_raw(records, msgspec.json.encode({"format": 2, "version": 1, "digest": "", "files": {}}))
    for store in (running, PolicyStore(records)):
        with pytest.raises(UnavailableError) as caught:
            store.active()
        assert caught.value.code == "newer_format"


def test_a_record_that_was_put_back_alone_is_noticed(parts):
    """Hazard P6's kin: whoever can write the database puts old rules in force."""
    records, store = parts.records, PolicyStore(parts.records)
    apply(store, records, ONE)
    old = parts.store.get(ACTIVE)
    apply(store, records, TWO)
    assert old is not None
    parts.store._apply([old], [])
    with pytest.raises(IntegrityError) as caught:
        PolicyStore(records).active()
    assert caught.value.code == "policy_damaged"


def test_what_was_validated_is_not_validated_again(monkeypatch):
    """It costs as much as all the rest of a start. Another schema, or one letter more, and it is done."""
    calls, real = [], Bundle._validate

    def counted(self, rules, schema):
        calls.append(len(rules))
        real(self, rules, schema)

    monkeypatch.setattr(Bundle, "_validate", counted)
    document = ONE.to_document(version=1)
    Bundle.from_document(document)
    assert calls == []
    Bundle(ONE.files, validated=ONE.digest, schema=ONE.schema + "\n")
    Bundle(ONE.files, validated=TWO.digest)
    Bundle(ONE.files)
    assert len(calls) == 3


def test_the_bundle_of_the_kernel_validates():
    assert Bundle(Bundle.default().files).digest == Bundle.default().digest


def test_a_new_root_key_keeps_the_policies(places):
    with places.create() as kernel:
        kernel._records.commit(kernel.policy.plan_apply(ONE))
        kernel.rekey_root()
    with places.open() as kernel:
        assert kernel.policy.active().digest == ONE.digest
        kernel._records.commit(kernel.policy.plan_rollback())
        assert kernel.policy.active() is Bundle.default()
        assert kernel.verify() == []


def test_a_document_gives_the_bundle_back():
    again = Bundle.from_document(ONE.to_document(version=5))
    assert (again.digest, again.version, again.files) == (ONE.digest, 5, ONE.files)
