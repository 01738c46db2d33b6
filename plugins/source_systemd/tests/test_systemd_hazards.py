"""What the systemd source refuses, and what it says then. S5 to S10 are hazards that other programs had."""

import os
import socket
import sys
from pathlib import Path

import pytest

import palyra_source_systemd
from palyra_kernel import Deadline, InvalidInputError, SecretError, SecretRef, SensitiveBytes, SourcePlace
from palyra_source_systemd import SystemdSource

if sys.platform != "linux":
    pytest.skip("systemd is for Linux", allow_module_level=True)

NAME = "api-key"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "credentials"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def sealed(folder):
    """An encrypted credential, as far as the file system can tell."""
    (folder / NAME).write_bytes(b"sealed" * 100_000)
    return folder / NAME


@pytest.fixture
def program(tmp_path):
    """Make a program that is started in place of ``systemd-creds``; its path."""
    path = tmp_path / "systemd-creds"

    def make(text):
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    return make


def resolve(text=f"systemd://{NAME}", seconds=30.0, **settings):
    ref = SecretRef.parse(text)
    opened = SystemdSource.open(SourcePlace(settings=settings))
    return opened.resolve([ref], Deadline.after(seconds))[ref]


def decrypted(folder, program, **options):
    places = {"encrypted_directories": [str(folder)], "program": program}
    return resolve(f"systemd://{NAME}?from=encrypted", **places, **options)


def problem(answer):
    assert isinstance(answer, SecretError), "answered with a value"
    return answer.kind, answer.code


def _link(path):
    path.with_name("elsewhere").write_bytes(b"outside")
    path.symlink_to("elsewhere")


def _socket(path):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(path))


def _writable(path):
    path.write_bytes(b"value")
    path.chmod(0o660)


@pytest.mark.parametrize("make", [_link, os.mkfifo, Path.mkdir, _socket, _writable])
def test_what_is_no_safe_file_is_refused(folder, make):
    """Hazard S8: a FIFO made the reader hang, a link led outside, and nobody looked at the mode."""
    make(folder / NAME)
    assert problem(resolve(directory=str(folder))) == ("policy_blocked", "unsafe_credential")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(folder):
    """Hazard S8: no owner check."""
    (folder / NAME).write_bytes(b"value")
    os.chown(folder / NAME, 4242, -1)
    assert problem(resolve(directory=str(folder))) == ("policy_blocked", "unsafe_credential")


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o1777])
def test_a_folder_that_others_can_write_is_refused(folder, mode):
    """Hazard S8: who can write the folder can replace every file in it."""
    (folder / NAME).write_bytes(b"value")
    folder.chmod(mode)
    assert problem(resolve(directory=str(folder))) == ("policy_blocked", "unsafe_credential")


def test_a_link_on_the_way_is_refused(folder, tmp_path):
    """Hazard S8: a path that was checked led elsewhere by the time it was read."""
    (folder / NAME).write_bytes(b"value")
    (tmp_path / "way").symlink_to(folder)
    assert problem(resolve(directory=str(tmp_path / "way"))) == ("policy_blocked", "unsafe_credential")


def test_the_modes_that_systemd_gives_are_fine(folder):
    """With an access list for the user of the service the group's bits show its mask: r, never w."""
    (folder / NAME).write_bytes(b"value")
    (folder / NAME).chmod(0o440)
    folder.chmod(0o550)
    assert resolve(directory=str(folder)) == b"value"


def test_the_folder_is_what_systemd_says(folder, monkeypatch):
    (folder / NAME).write_bytes(b"value")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert resolve() == b"value"


def test_a_process_without_credentials_has_none(monkeypatch):
    """systemd sets the variable when there are any, so this is an answer: a fallback may speak."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert problem(resolve()) == ("missing", "no_credentials")


@pytest.mark.parametrize("where", ["/no/such/folder", "relative", "/up/../there"])
def test_a_promised_folder_that_is_gone_is_no_absence(monkeypatch, where):
    """Hazard U15: everything was one error. Nobody looked here, so nobody may say 'missing'."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", where)
    assert problem(resolve()) == ("io", "io_error")


def test_the_machine_has_credentials_of_its_own(folder, monkeypatch):
    (folder / NAME).write_bytes(b"of the machine")
    monkeypatch.setattr(palyra_source_systemd, "SYSTEM", str(folder))
    assert resolve(f"systemd://{NAME}?from=system") == b"of the machine"
    monkeypatch.setattr(palyra_source_systemd, "SYSTEM", str(folder / "absent"))
    assert problem(resolve(f"systemd://{NAME}?from=system")) == ("missing", "not_found")


def test_the_first_store_that_has_it_answers(folder, sealed, program, tmp_path):
    """As systemd searches them; what is encrypted is asked for by name, never found by the way."""
    stores = [str(tmp_path / "absent"), str(tmp_path / "empty"), str(folder)]
    (tmp_path / "empty").mkdir(mode=0o700)
    cat = program("exec head -c 6")
    text = f"systemd://{NAME}?from=encrypted"
    assert resolve(text, encrypted_directories=stores, program=cat) == b"sealed"
    empty = {"directory": str(tmp_path / "empty"), "encrypted_directories": stores, "program": cat}
    assert problem(resolve(**empty)) == ("missing", "not_found")


def test_a_program_that_floods_is_stopped(folder, sealed, program):
    """Hazard S6: output without a bound fills the memory."""
    assert problem(decrypted(folder, program("exec cat /dev/zero"))) == ("too_large", "too_large")


def test_a_program_that_fails_is_not_quoted(folder, sealed, program):
    """Its text may hold what it was given, so it is not even read."""
    answer = decrypted(folder, program("echo canary-5f1d; echo canary-5f1d >&2; exit 3"))
    assert problem(answer) == ("exec_failed", "decryption_failed")
    assert "canary-5f1d" not in repr(answer)
    assert "ended with 3" in repr(answer)


def test_a_flood_of_errors_holds_nobody_up(folder, sealed, program):
    """A pipe of errors that nobody reads is full after 65,536 bytes, and then both wait."""
    answer = decrypted(folder, program("head -c 1000000 /dev/zero >&2; echo value"))
    assert answer == b"value\n"


def test_a_program_that_never_ends_is_gone_after_the_deadline(folder, sealed, program, tmp_path):
    """Hazard S7: the time limit ended the wait, not the process."""
    stuck = program(f'echo $$ > "{tmp_path}/pid"; echo value; exec >&-; exec sleep 1000')
    assert problem(decrypted(folder, stuck, seconds=2.0)) == ("timeout", "deadline")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_the_program_inherits_nothing(folder, sealed, program, monkeypatch):
    """Hazard S10: LD_PRELOAD of the caller ran in every child."""
    monkeypatch.setenv("LD_BIND_NOW", "1")
    monkeypatch.setenv("API_KEY", "canary-77aa")
    answer = decrypted(folder, program("exec env"))
    assert isinstance(answer, SensitiveBytes)
    names = {line.split(b"=")[0] for line in answer.reveal().splitlines()}
    assert names <= {b"PATH", b"LC_ALL", b"PWD", b"SHLVL", b"_", b"OLDPWD"}


def test_a_program_that_others_can_write_is_not_started(folder, sealed, program):
    """Hazard S10: no owner check, no mode check."""
    path = program("echo value")
    Path(path).chmod(0o777)
    assert problem(decrypted(folder, path)) == ("exec_failed", "unsafe_program")


def test_without_the_program_the_hint_says_so(folder, sealed, tmp_path):
    answer = decrypted(folder, str(tmp_path / "nowhere"))
    assert problem(answer) == ("exec_failed", "systemd_creds_missing")
    assert "install systemd" in repr(answer)


def test_no_file_is_written(folder, sealed, program, tmp_path, monkeypatch):
    """Hazard S5: output went through temporary files that stayed after an error."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    before = sorted(folder.iterdir())
    for text in ("cat", "exit 1", "cat /dev/zero"):
        decrypted(folder, program(text))
    assert sorted(folder.iterdir()) == before
    assert list(temporary.iterdir()) == []


def test_no_handle_stays_open(folder, sealed, program):
    """A handle that each refusal leaves behind ends the daemon after a thousand."""
    (folder / "link").symlink_to(NAME)
    (folder / "open").write_bytes(b"value")
    (folder / "open").chmod(0o666)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name in ("link", "open", "absent", NAME) * 10:
        resolve(f"systemd://{name}", directory=str(folder))
    decrypted(folder, program("exit 1"))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


@pytest.mark.parametrize(
    "settings",
    [
        {"directory": "relative"},
        {"directory": "/up/../there"},
        {"directory": 7},
        {"encrypted_directories": "/etc/credstore.encrypted"},
        {"encrypted_directories": ["relative"]},
        {"program": "systemd-creds"},
        {"programm": "/usr/bin/systemd-creds"},
    ],
)
def test_settings_are_strict(settings):
    """Hazards S10, U9: a bare name is searched on PATH, and a misspelt setting was ignored."""
    with pytest.raises(InvalidInputError) as caught:
        SystemdSource.open(SourcePlace(settings=settings))
    assert caught.value.code == "invalid_config"


@pytest.mark.real
def test_a_credential_under_another_name_is_refused(folder, encrypt):
    """The name is sealed with the value: one credential cannot be handed out in place of another."""
    (folder / NAME).write_bytes(encrypt("other", b"value"))
    answer = resolve(f"systemd://{NAME}?from=encrypted", encrypted_directories=[str(folder)])
    assert problem(answer) == ("exec_failed", "decryption_failed")
