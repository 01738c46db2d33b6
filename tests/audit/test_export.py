"""An export is proved without the vault, also where fields were left out."""

import io
import json

import pytest

from palyra_kernel.audit.event import NAMES
from palyra_kernel.audit.offline import verify_export
from palyra_kernel.errors import IntegrityError, InvalidInputError, NotFoundError, PalyraError
from palyra_kernel.records import Change
from palyra_kernel.records.journal import event_key
from tests.audit.events import made


@pytest.fixture
def told(audit):
    for number in range(1, 7):
        audit.write(made(number, version=number, rules=("owner",), details={"a": "b"}))
    return audit


def exported(audit, **options):
    file = io.BytesIO()
    report = audit.export(file.write, **options)
    return file.getvalue(), report


def checked(data, signer=None):
    return verify_export(io.BytesIO(data), signer)


def test_it_is_checked_with_the_file_and_the_fingerprint(told):
    """Hazard P21: only the program that had written the log could say that it was whole."""
    data, report = exported(told)
    found = checked(data, report.signer)
    assert (found.first, found.last, found.events) == (report.first, report.last, report.events) == (1, 6, 6)
    assert found.hash == report.hash == told.head().hash
    assert found.signer == report.signer == told.signer().fingerprint
    lines = [json.loads(line) for line in data.splitlines()]
    assert [line["kind"] for line in lines] == ["header", *["event"] * 6, "trailer"]
    assert lines[3]["event"]["resource.uid"] == "secret:global/key-3"


def test_an_empty_journal_is_exported_too(audit):
    """Hazard P21: no event and no file are not the same."""
    data, report = exported(audit)
    assert checked(data, report.signer).events == 0


@pytest.mark.parametrize("redacted", [(), ("actor.user.uid", "unmapped.purpose", "unmapped.details")])
def test_any_byte_that_is_changed_is_found(told, redacted):
    """Hazards P20, P34: records had a hash and no signature: whoever changed one made it a new hash."""
    data, report = exported(told, redacted=redacted)
    for position in range(len(data)):
        flipped = bytearray(data)
        flipped[position] ^= 1
        with pytest.raises(PalyraError) as caught:
            checked(bytes(flipped), report.signer)
        assert caught.value.code in ("export_damaged", "export_cut", "wrong_signer", "newer_format")


@pytest.mark.parametrize("number", range(1, 7))
def test_an_event_that_was_edited_is_named(told, number):
    """Hazard P21: a check that says only that something is wrong helps nobody."""
    data, report = exported(told)
    edited = data.replace(f"secret:global/key-{number}".encode(), b"secret:global/other")
    with pytest.raises(IntegrityError, match=f"event {number} was changed"):
        checked(edited, report.signer)


def test_lines_that_are_removed_moved_doubled_or_cut(told):
    """Hazard P21: lines were moved in a file, and nobody saw it."""
    data, report = exported(told)
    lines = data.splitlines(keepends=True)
    places = range(len(lines))
    wrong = [[*lines[:at], *lines[at + 1 :]] for at in places]
    wrong += [[*lines[:at], lines[at], *lines[at:]] for at in places]
    wrong += [lines[:at] for at in places]
    wrong += [[*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]] for at in places[:-1]]
    wrong += [[*lines, b"\n"], [*lines[:-1], lines[-1].rstrip(b"\n")]]
    for each in wrong:
        with pytest.raises(IntegrityError) as caught:
            checked(b"".join(each), report.signer)
        assert caught.value.code in ("export_damaged", "export_cut")


def test_a_forged_file_has_another_signer(told, parts):
    """Hazard P34: a hash that anybody can compute was taken for a proof."""
    from palyra_kernel import SensitiveBytes
    from palyra_kernel.audit import Audit

    data, _ = exported(Audit(parts.records, lambda: SensitiveBytes(b"x" * 32)))
    assert checked(data).signer != told.signer().fingerprint
    with pytest.raises(IntegrityError) as caught:
        checked(data, told.signer().fingerprint)
    assert caught.value.code == "wrong_signer"


def test_a_field_that_is_left_out_is_nowhere_and_the_rest_is_proved(told):
    """Hazard P20: a log with names of people could be shown whole or not at all."""
    data, report = exported(told, redacted=["resource.uid", "unmapped.details"])
    assert b"key-" not in data
    found = checked(data, report.signer)
    assert found.redacted == ("resource.uid", "unmapped.details")
    assert found.hash == told.head().hash
    assert b"secret.read" in data


def test_a_field_that_is_left_out_cannot_be_guessed(told):
    """Hazard P20: of a field with a few possible values a bare hash gives the value away."""
    from palyra_kernel.audit.commitment import leaf

    data, _ = exported(told, redacted=["status"])
    line = json.loads(data.splitlines()[1])
    assert "salt" not in line
    assert "status" not in line["salts"]
    for salt in (bytes(32), *(bytes.fromhex(known) for known in line["salts"].values())):
        assert leaf(salt, "status", "allowed").hex() != line["leaves"]["status"]


def test_duplicate_members_are_refused(told):
    """Hazard P20: two parsers read two events in one line."""
    data, report = exported(told)
    twice = data.replace(b'"event":{', b'"event":{"actor.user.uid":"user:0",', 1)
    with pytest.raises(IntegrityError):
        checked(twice, report.signer)


@pytest.mark.parametrize("name", NAMES.values())
def test_every_field_can_be_left_out(told, name):
    """Hazard P20: what cannot be left out keeps the whole file from being shown."""
    data, report = exported(told, redacted=[name])
    assert checked(data, report.signer).redacted == (name,)


def test_what_is_no_field_is_refused(told):
    """A misspelt field would be shown to everybody."""
    with pytest.raises(InvalidInputError) as caught:
        exported(told, redacted=["actor.user.name"])
    assert caught.value.code == "unknown_field"


@pytest.mark.parametrize(
    ("since", "until", "numbers"),
    [(3, None, (3, 6)), (None, 4, (1, 4)), (2, 5, (2, 5)), (None, None, (1, 6)), (6, 99, (6, 6))],
)
def test_a_stretch_of_time(told, since, until, numbers):
    """Hazard P21: a part of a log could not be proved, because its chain began elsewhere."""
    begin = made(0).time_ms
    data, report = exported(
        told,
        since_ms=since and begin + since,
        until_ms=until and begin + until,
        redacted=["unmapped.purpose"],
    )
    assert (report.first, report.last) == numbers
    assert (checked(data, report.signer).first, checked(data, report.signer).last) == numbers


def test_a_clock_that_was_set_back_takes_no_event_away(audit):
    """Hazard K5: one wrong time ended the search, and the events behind it were in no export."""
    for number, at in enumerate([10, 20, 90, 30, 40, 5, 50], 1):
        audit.write(made(number, time_ms=at))
    _, report = exported(audit, since_ms=15, until_ms=45)
    assert (report.first, report.last) == (2, 6)
    with pytest.raises(NotFoundError):
        exported(audit, since_ms=1000)


def test_an_event_that_was_tampered_with_is_not_exported(told, parts):
    """Hazard P21: an export signed what somebody had put there."""
    change = Change()
    change.delete(event_key(3))
    parts.records.commit(change)
    with pytest.raises(IntegrityError, match="event 3 is missing"):
        exported(told)


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"{}\n", b"x" * 2_000_000, b'{"kind":"event"}\n', b"\xff\n", b"[" * 5000 + b"\n"]
)
def test_whatever_else_is_in_a_file_is_refused(data):
    """Hazard P21: a verifier that crashes on a bad file is not run on good ones."""
    with pytest.raises(IntegrityError):
        checked(data)
