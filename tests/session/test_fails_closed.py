"""Whatever breaks between the question and the event: nothing is done that is not written down."""

import sys
import time
from random import Random
from threading import Event

import pytest

from palyra_kernel.access.directory import Directory
from palyra_kernel.approvals.planning import Planner
from palyra_kernel.audit import Group
from palyra_kernel.errors import (
    ApprovalRequiredError,
    ConflictError,
    IntegrityError,
    PalyraError,
    UnavailableError,
)
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.policy.store import PolicyStore
from palyra_kernel.records import Records
from tests.durable.processes import eventually, in_child
from tests.faults.children import Child, broken
from tests.session.acts import ACTS, SECRET_ACTS
from tests.session.house import MARKED, ME, PLANNER, READER, SECRETS, House, answer

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and limits of POSIX")


class PanicError(BaseException):
    """As the policy library throws it: no Exception."""


BREAKS = [
    ValueError("x"),
    TypeError("x"),
    KeyError("x"),
    MemoryError(),
    RecursionError(),
    OSError(28, "no space"),
    PanicError(),
    KeyboardInterrupt(),
    SystemExit(0),
    UnavailableError("disk_full", "x"),
    IntegrityError("set_tampered", "x"),
    ConflictError("record_changed", "x"),
]
PLACES = {
    "engine": (PolicyEngine, "decide"),
    "directory": (Directory, "snapshot_at" if hasattr(Directory, "snapshot_at") else "snapshot"),
    "policies": (PolicyStore, "active_at" if hasattr(PolicyStore, "active_at") else "active"),
    "states": (Records, "set_states"),
    "commit": (Records, "commit"),
}


@pytest.fixture
def asking(house):
    """With what each act is done to."""
    house.kernel.vault.put("global/deleted", b"1")
    house.kernel.vault.delete("global/deleted")
    with house.session(PLANNER) as session, pytest.raises(ApprovalRequiredError):
        session.secrets.get(MARKED)
    house.kernel.audit.group.flush()
    house.begun = house.kernel.audit.head().last
    return house


def errors(kernel):
    """What is wrong with the vault; envelopes that a write left behind are not."""
    return [finding for finding in kernel.verify() if finding.severity == "error"]


def outcome(act, session):
    """What *act* came to: a resolver that fails has nothing."""
    try:
        return "nothing" if act.do(session) is None else "something"
    except BaseException:  # noqa: BLE001  # whatever was injected, or what became of it
        return "raised"


def raising(error):
    def call(*_given, **_more):
        raise error

    return call


def happened(house):
    """Everything that an act could change, and what was written down as allowed."""
    records = [
        (stored.key, stored.value)
        for stored in house.kernel._records.stored(b"g/")
        if not stored.key.startswith((b"g/audit/", b"g/journal/"))
    ]
    return records, {ref: house.value(ref) for ref in SECRETS}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ACTS)
def test_nothing_is_done_when_something_breaks(asking, monkeypatch, place, name):
    """Hazard P13: a rule, a store or a library failed, and what it should have forbidden went through."""
    act, before = ACTS[name], happened(asking)
    session = asking.session(ME, reveals=True)
    subject = session.subject
    monkeypatch.setattr(type(session), "subject", subject)
    quiet = place == "commit" and act.kind == "read"
    for error in BREAKS:
        if place == "policies" and name in ("apply", "policy before") and isinstance(error, IntegrityError):
            continue  # policies that do not load can be replaced: the ones of the kernel decide on that
        with monkeypatch.context() as patch:
            patch.setattr(*PLACES[place], raising(error))
            if quiet:  # it is written down later, and nothing left the process
                act.do(session)
                continue
            assert outcome(act, session) in ("nothing", "raised")
        assert happened(asking) == before
    told = [event for event in asking.events() if event.outcome == "allowed"]
    assert [event.count for event in told] == ([len(BREAKS)] if quiet else [])
    assert act.do(session) is not None  # and then it works again


@pytest.mark.parametrize("name", [name for name, act in ACTS.items() if act.kind != "change"])
@pytest.mark.parametrize("error", [UnavailableError("disk_full", "x"), PanicError()], ids=repr)
def test_a_read_that_cannot_be_counted_is_not_answered(asking, monkeypatch, name, error):
    """Hazard P19: the log failed open: reads went on, and nobody knew."""
    session = asking.session(ME)
    monkeypatch.setattr(type(session), "subject", session.subject)
    monkeypatch.setattr(Group, "add", raising(error))
    with pytest.raises(type(error)):
        ACTS[name].do(session)


def test_what_breaks_once_in_the_thread_is_written_down_later(house, monkeypatch):
    """Hazard P19: a library panicked in the thread that writes reads down, and from then on none was."""
    with monkeypatch.context() as patch:
        broke = Event()

        def breaks(*_given):
            broke.set()
            raise PanicError

        patch.setattr(Records, "commit", breaks)
        session = house.session(ME)
        session.secrets.get("plain")
        assert broke.wait(60)
    assert eventually(lambda: [event.outcome for event in house.durable()] == ["allowed"])


@pytest.mark.parametrize("method", ["usable", "request", "consume"])
@pytest.mark.parametrize("error", BREAKS, ids=lambda each: type(each).__name__)
def test_approvals_that_break_allow_nothing(house, monkeypatch, method, error):
    """Hazard P19: the store of approvals was damaged, and everything counted as approved."""
    with house.session(PLANNER) as session, pytest.raises(ApprovalRequiredError) as asked:
        session.secrets.get(MARKED)
    if method == "consume":
        house.decide(str(asked.value.hint).rpartition(" ")[2])
    elif method == "request":
        house.kernel.audit.group.flush()
    with monkeypatch.context() as patch:
        patch.setattr(Planner, method, raising(error))
        with house.session(PLANNER) as session, pytest.raises(BaseException) as caught:
            session.secrets.get(MARKED)
        assert isinstance(caught.value, (type(error), PalyraError))
    assert not [
        event for event in house.events() if event.action == "secret.read" and event.outcome == "allowed"
    ]


def test_a_check_that_breaks_objects(house):
    """Hazard P13: a second opinion that could not be had counted as agreement."""

    class Broken:
        name = "broken"

        def __init__(self, error):
            self.error = error

        def objection(self, request, deadline):
            raise self.error

    find = house.kernel._shared_by_sessions().engine
    session = house.session(ME)
    assert answer(lambda: session.secrets.get("plain")) == "ok"
    engine = find.__self__._engine
    for error in BREAKS:
        if isinstance(error, KeyboardInterrupt):
            continue  # that is the user's
        engine._checks = (Broken(error),)
        assert answer(lambda: session.secrets.get("plain")) == "policy.deny.check:broken:failed"
        assert answer(lambda: session.secrets.put("plain", b"1")) == "policy.deny.check:broken:failed"
    engine._checks = ()
    assert house.value("global/plain") == SECRETS["global/plain"]


@pytest.mark.parametrize("damage", ["principals", "active"])
def test_a_record_that_was_tampered_with_stops_everything(house, damage):
    """Hazard P19: a damaged file of permissions was read as an empty one, which denied nothing."""
    from tests.support import edited

    with house.session(ME) as session:
        from tests.session.acts import other_bundle

        session.policies.apply(other_bundle())
    house.close()
    key = b"g/access/principals" if damage == "principals" else b"g/policy/active"
    with edited(house.places.records_db) as connection:
        connection.execute("UPDATE records SET value = zeroblob(200) WHERE key = ?", (key,))
    kernel = house.places.open()
    try:
        codes = set()
        for who in (ME, READER, PLANNER):
            for act in SECRET_ACTS.values():
                try:
                    with kernel.session(who, reveals=True) as session:
                        assert act.do(session) is None
                except PalyraError as error:
                    codes.add(error.code)
        assert codes <= {"set_tampered", "record_tampered", "policy_damaged", "principals_damaged"}
        assert codes
    finally:
        kernel.close()


@POSIX
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("name", ["reveals", "writes", "decisions"])
def test_a_full_disk_denies_what_cannot_be_written_down(places, name):
    """Hazard P22: when the log was full, reads went on without it, or every act failed half done."""
    if sys.platform == "win32":
        return
    import resource

    House(places).close()

    def limited():
        session = places.open().session(ME, reveals=True)  # closing it could not be written down either
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        acts = {
            "reveals": lambda n: session.secrets.get("plain"),
            "writes": lambda n: session.secrets.put("plain", b"%d" % n),
            "decisions": lambda n: session.decide("secret.read", "secret:global/plain"),
        }
        for done in range(10_000):
            try:
                acts[name](done)
            except UnavailableError as error:
                return done, error.code
        return None

    done, code = eval(in_child(limited))  # a tuple that this test printed
    assert code in ("disk_full", "os_error")
    with places.open() as kernel:
        events = [told.opened.event for told in kernel.audit.tail(20_000)]
        mine = [event for event in events if event.resource == "secret:global/plain"]
        allowed = sum(event.count for event in mine if event.outcome == "allowed")
        assert done <= allowed <= done + 1
        if name == "writes":
            assert kernel.vault.stat("plain").version == allowed + 1
        assert kernel.audit.verify()[1] == []
        assert errors(kernel) == []


@POSIX
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.timeout(240)
def test_kill_9_leaves_an_event_where_there_is_a_change_and_nowhere_else(places):
    """Hazard P4: a program was killed between the act and its event, or between the event and the act."""
    house = House(places)
    with house.session(PLANNER) as session, pytest.raises(ApprovalRequiredError) as caught:
        session.secrets.get(MARKED)
    house.decide(str(caught.value.hint).rpartition(" ")[2], option="timeboxed", ttl_seconds=900)
    house.close()
    chance, span = Random(20), 0.05

    def works(talk):
        kernel = places.open()
        session, reader = kernel.session(ME), kernel.session(PLANNER)
        talk.say("open")
        for number in range(40):
            session.secrets.put("plain", b"%d" % number)
            session.secrets.delete("plain")
            session.secrets.undelete("plain")
            with reader.secrets.get(MARKED):  # a grant: durable before the answer
                talk.say("ok")
        talk.wait()

    acknowledged = 0
    for _ in range(15):
        with Child(works) as child:
            child.hear()
            time.sleep(chance.uniform(0, span))
            child.kill()
            said = child.rest()
        assert broken(said) is None
        rounds = said.count("ok")
        acknowledged += rounds
        span *= 0.85 if rounds >= 40 else 1.1
        with places.open() as kernel:
            assert kernel.audit.verify()[1] == []
            assert errors(kernel) == []
            events = [told.opened.event for told in kernel.audit.tail(20_000)]
            mine = [event for event in events if event.resource == "secret:global/plain"]
            versions = [event.version for event in mine if event.version]
            current = kernel.vault.stat("plain")
            puts = sorted(set(versions))
            assert puts == list(range(2, current.version + 1))
            last = [event.action for event in mine if event.action != "secret.read"][
                -1:
            ]  # none, if killed at once
            assert (last == ["secret.delete"]) == (current.deleted_at is not None)
            reads = [event for event in events if event.principal == PLANNER and event.outcome == "allowed"]
            assert sum(event.count for event in reads) >= acknowledged
