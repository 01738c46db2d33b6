"""The journal has no end that it fills up to; its beginning moves to files, and nothing is lost on the way."""

import errno
import os
import subprocess
import sys
from itertools import count

import pytest

from palyra_kernel.audit import archive as archive_module
from palyra_kernel.audit.offline import verify_export
from palyra_kernel.durable import target
from palyra_kernel.errors import ConflictError, IntegrityError, NotFoundError, UnavailableError
from palyra_kernel.records import Change
from palyra_kernel.records.journal import EVENTS, event_key
from tests.audit.events import made

WHO = made(0, action="audit.archive", resource="audit:own")


@pytest.fixture
def told(audit, monkeypatch):
    monkeypatch.setattr("palyra_kernel.audit.archive._STEP", 4)
    for number in range(1, 12):
        audit.write(made(number))
    return audit


def checked(path):
    with path.open("rb") as stream:
        return verify_export(stream, None)


def kept(audit):
    return [each.number for each in audit.tail(1000)]


@pytest.mark.parametrize("keep", [0, 1, 3, 10])
def test_the_chain_goes_on(told, parts, tmp_path, keep):
    """Hazard P22: a full log was begun anew, and nothing tied the new one to the old."""
    report = told.archive(tmp_path / "one", keep=keep, event=WHO)
    assert kept(told) == list(range(12 - keep, 13))
    told.write(made(13))
    assert told.verify() == (keep + 2, [])
    assert checked(tmp_path / "one").hash == told.head().before == report.hash
    told.archive(tmp_path / "two", keep=0, event=WHO)
    one, two = checked(tmp_path / "one"), checked(tmp_path / "two")
    assert two.before == one.hash
    assert (two.first, two.last) == (one.last + 1, 13)
    kept_bytes = sum(len(document) for _, document in parts.records.scan(EVENTS.prefix, None, 100))
    assert told.head().bytes == kept_bytes
    assert parts.store.get(event_key(1)) is None  # not even a row is left


def test_the_gap_is_stated(told, tmp_path):
    """Hazard P21: what retention had removed, and what an attacker had, looked the same."""
    report = told.archive(tmp_path / "file", keep=1, event=WHO)
    event = told.tail(1)[0].opened.event
    assert event.action == "audit.archive"
    assert event.details | {} == {
        "first": "1",
        "last": "10",
        "events": "10",
        "before": bytes(32).hex(),
        "hash": report.hash,
        "signer": report.signer,
        "file_sha256": event.details["file_sha256"],
    }
    from hashlib import sha256

    assert sha256((tmp_path / "file").read_bytes()).hexdigest() == event.details["file_sha256"]


def test_nothing_to_move(told, tmp_path):
    """A run that moves nothing must not leave an empty file behind, nor an event each night."""
    with pytest.raises(NotFoundError):
        told.archive(tmp_path / "file", keep=11, event=WHO)
    assert not (tmp_path / "file").exists()
    assert told.head().last == 11


def test_a_file_that_is_there_is_not_touched(told, tmp_path):
    """Hazard D6: last month's archive was overwritten by this month's."""
    (tmp_path / "file").write_bytes(b"last month")
    with pytest.raises(ConflictError):
        told.archive(tmp_path / "file", keep=0, event=WHO)
    assert (tmp_path / "file").read_bytes() == b"last month"
    assert kept(told) == list(range(1, 12))


@pytest.mark.parametrize("call", ["write", "fsync", "link"])
def test_a_disk_that_is_full_removes_nothing(told, tmp_path, monkeypatch, call):
    """Hazard P22: events were removed, and the file that should have them was half written."""

    class Failing:
        """The functions of ``os``, but for one."""

        def __getattr__(self, name):
            return fail if name == call else getattr(os, name)

    def fail(*_given, **_options):
        raise OSError(errno.ENOSPC, "injected")

    monkeypatch.setattr(target, "os", Failing())
    if call == "link":
        monkeypatch.setattr(target.Target, "publish", lambda _self: fail_clearly())
    with pytest.raises(UnavailableError) as caught:
        told.archive(tmp_path / "file", keep=0, event=WHO)
    assert caught.value.code == "disk_full"
    assert not list(tmp_path.glob("*file*"))
    assert kept(told) == list(range(1, 12))


def fail_clearly():
    raise UnavailableError("disk_full", "the disk is full")


def test_an_event_that_was_tampered_with_stays(told, parts, tmp_path):
    """Hazard P21: an archive of a log that had been edited made it look whole for ever."""
    change = Change()
    change.put(event_key(5), b"x" * 200)
    parts.records.commit(change)
    with pytest.raises(IntegrityError, match="event 5"):
        told.archive(tmp_path / "file", keep=0, event=WHO)
    assert not (tmp_path / "file").exists()
    assert told.head().first == 1


@pytest.mark.parametrize("killed_at", range(4))
def test_stopped_between_two_commits_everything_is_somewhere(told, parts, tmp_path, monkeypatch, killed_at):
    """Hazard P22: a crash in the middle lost what was neither here nor there."""
    commits, commit = count(), parts.store.commit

    def stop(*given):
        if next(commits) == killed_at:
            raise KeyboardInterrupt
        commit(*given)

    parts.store.commit = stop
    stopped = killed_at < 3
    try:
        told.archive(tmp_path / "one", keep=0, event=WHO)
    except KeyboardInterrupt:
        assert stopped
    parts.store.commit = commit
    assert told.verify()[1] == []
    assert checked(tmp_path / "one").events == 11
    here = kept(told)
    assert here[0] == 1 + 4 * killed_at if stopped else 12
    assert (here[-1] == 12) == (killed_at > 0)  # the event that tells of it came with the first step
    told.archive(tmp_path / "two", keep=0, event=WHO)
    assert checked(tmp_path / "two").last == here[-1]
    assert told.verify()[1] == []


def test_two_at_once(told, tmp_path, monkeypatch):
    """Hazard P22: two runs of the same night removed each what the other had not written yet."""
    remove = archive_module._remove

    def other_first(*given):
        monkeypatch.setattr(archive_module, "_remove", remove)
        told.archive(tmp_path / "other", keep=2, event=WHO)
        remove(*given)

    monkeypatch.setattr(archive_module, "_remove", other_first)
    with pytest.raises(ConflictError) as caught:
        told.archive(tmp_path / "file", keep=2, event=WHO)
    assert caught.value.code == "journal_shortened"
    assert checked(tmp_path / "other").last == 9
    assert kept(told) == [10, 11, 12]


def test_an_export_meanwhile_is_told_and_takes_nobody_for_an_attacker(told, parts, tmp_path):
    """Hazard P21: an alarm at each archive, and soon nobody looks at alarms."""
    lines = []

    def write(line):
        lines.append(line)
        if len(lines) == 1:
            told.archive(tmp_path / "file", keep=2, event=WHO)

    for number in range(12, 1200):
        told.group.add(made(number))
    with pytest.raises(ConflictError) as caught:
        told.export(write)
    assert caught.value.code == "journal_shortened"


def test_others_write_meanwhile_in_a_store_without_a_lock(told, parts, tmp_path):
    """Hazard P22: a log that is written to could not be shortened."""
    commit, others = parts.store.commit, iter(range(20))

    def commit_behind_another(*given):
        parts.store.commit = commit
        number = next(others)
        told.write(made(100 + number))
        if number < 5:
            parts.store.commit = commit_behind_another
        commit(*given)

    parts.store.commit = commit_behind_another
    told.archive(tmp_path / "file", keep=0, event=WHO)
    assert told.verify()[1] == []
    assert kept(told)[0] == 12


KILLED = """
import sys, os, signal, threading, random
from pathlib import Path
from palyra_kernel import Kernel
from palyra_kernel.audit import Event
from tests.audit.events import made
import palyra_kernel.audit.archive as archive
archive._STEP = 10
state, config, file = sys.argv[1:]
with Kernel.open(state_root=state, config_dir=config, plugins=["file"]) as kernel:
    print("ready", flush=True)
    kernel.audit.archive(Path(file), keep=20, event=made(0, action="audit.archive"))
    print("done", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_kill_9_at_any_moment(places, tmp_path):
    """Hazard P22: a killed archive lost events, or left a file that looked whole."""
    with places.create() as kernel:
        for number in range(200):
            kernel.audit.group.add(made(number))
    seen: set[int] = set()
    last = 200
    for turn in range(6):
        file = tmp_path / f"archive-{turn}"
        places_of = (str(places.state_root), str(places.config_dir), str(file))
        child = subprocess.Popen((sys.executable, "-c", KILLED, *places_of), stdout=subprocess.PIPE)
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        spin = sum(range(turn * 400_000))
        assert spin >= 0
        child.kill()
        child.communicate(timeout=60)
        with places.open() as kernel:
            assert kernel.audit.verify()[1] == []
            seen |= {told.number for told in kernel.audit.tail(10_000)}
            last = kernel.audit.head().last
            first = kernel.audit.head().first
            kernel.audit.group.add(made(turn))
        for path in tmp_path.glob("archive-*"):
            found = checked(path)
            assert found.events == found.last + 1 - found.first
            seen |= set(range(found.first, found.last + 1))
        assert first == 1 or any(checked(path).last >= first - 1 for path in tmp_path.glob("archive-*"))
    assert set(range(1, last + 1)) <= seen
