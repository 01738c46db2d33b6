"""Every altered byte of a backup is refused, by the signature, and by what is under it where the signature is right."""

import pytest

from palyra_kernel import IntegrityError, UnavailableError
from palyra_kernel.kernel.backup import inspect_backup
from palyra_kernel.kernel.backup.chunks import CHUNK
from palyra_kernel.kernel.backup.header import MAGIC, open_file_key
from palyra_kernel.kernel.backup.payload import read_items
from palyra_kernel.kernel.backup.source import open_backup
from tests.backup.forging import signed, signer_of, take_apart, written
from tests.backup.machines import Machine


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small backup, its sheet and its signer; tests only read them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PALYRA_STATE_ROOT", raising=False)
        machine = Machine(tmp_path_factory.mktemp("made"))
        sheet = machine.make(a=b"1")
        machine.backup()
        return machine.file.read_bytes(), sheet, signer_of(machine)


def refused(path, sheet):
    """Read it as a restore does, as far as that needs no other machine; return the code of the refusal."""
    try:
        with open_backup(path) as source:
            source.check_signer(sheet.signer)
            with open_file_key(source.header, sheet.key)[1] as file_key:
                for _ in source.items(file_key):
                    pass
    except (IntegrityError, UnavailableError) as error:
        return error.code
    return None


def test_the_backup_itself_is_fine(made, tmp_path):
    data, sheet, _ = made
    assert refused(written(tmp_path / "b", data), sheet) is None


def test_every_byte_counts(made, tmp_path):
    """Hazard S3: elsewhere what is unsigned is edited, deleted, dated anew."""
    data, sheet, _ = made
    path = tmp_path / "b"
    codes = set()
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1 << position % 8
        codes.add(refused(written(path, bytes(changed)), sheet))
    assert codes <= {"backup_damaged", "newer_format"}


def test_every_byte_counts_even_if_the_signature_is_right(made, tmp_path):
    """The header and the chunks do not lean on the signature alone."""
    data, sheet, signer = made
    path = tmp_path / "b"
    body = data[:-64]
    accepted = []
    for position in range(len(body)):
        changed = bytearray(body)
        changed[position] ^= 1
        if refused(written(path, signed(signer, bytes(changed))), sheet) is None:
            accepted.append(position)
    assert accepted == []


def test_every_length_but_its_own_is_refused(made, tmp_path):
    data, sheet, signer = made
    path = tmp_path / "b"
    for size in range(len(data)):
        assert refused(written(path, data[:size]), sheet) == "backup_damaged"
        if size != len(data) - 64:  # which is the backup itself
            assert refused(written(path, signed(signer, data[:size])), sheet) is not None
    for more in (b"\0", b"x" * 16, b"x" * 64, data[-64:], data):
        assert refused(written(path, data + more), sheet) == "backup_damaged"
        assert refused(written(path, signed(signer, data[:-64] + more)), sheet) == "backup_damaged"


def test_a_newer_format_is_not_called_damaged(made, tmp_path):
    data, sheet, _ = made
    assert refused(written(tmp_path / "b", MAGIC[:-1] + b"\x02" + data[8:]), sheet) == "newer_format"


@pytest.mark.parametrize("content", [b"", b"PLYBAK", b"PK\x03\x04 a zip", bytes(5000)])
def test_what_is_no_backup_is_refused(tmp_path, content):
    with pytest.raises(IntegrityError, match="backup"):
        inspect_backup(written(tmp_path / "b", content))


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """Two backups of one vault with several chunks each."""
    machine = Machine(tmp_path_factory.mktemp("long"))
    sheet = machine.make(**{f"k{number}": bytes([number]) * 60_000 for number in range(5)})
    machine.backup()
    first = machine.file.read_bytes()
    machine.backup(machine.base / "second")
    return first, (machine.base / "second").read_bytes(), sheet, signer_of(machine)


def test_chunks_cannot_be_moved_dropped_or_doubled(long, tmp_path):
    """A stream of sealed chunks is more than its chunks: their order, their number and their end are sealed too."""
    data, _, sheet, signer = long
    start, chunks, _ = take_apart(data)
    assert len(chunks) > 4
    wrong = [
        [chunks[1], chunks[0], *chunks[2:]],
        chunks[1:],
        [chunks[0], *chunks[2:]],
        chunks[:-1],
        chunks[:1],
        [chunks[0], chunks[0], *chunks[1:]],
        [*chunks, chunks[-1]],
        [*chunks, b"x" * 16],
        [*chunks[:-1], chunks[0]],
        [],
    ]
    for order in wrong:
        path = written(tmp_path / "b", signed(signer, start + b"".join(order)))
        assert refused(path, sheet) == "backup_damaged"
    assert refused(written(tmp_path / "b", signed(signer, start + b"".join(chunks))), sheet) is None


def test_two_backups_of_one_vault_cannot_be_mixed(long, tmp_path):
    first, second, sheet, signer = long
    (start, chunks, _), (other_start, other_chunks, _) = take_apart(first), take_apart(second)
    assert len(chunks) == len(other_chunks)
    for position in range(len(chunks)):
        mixed = [*chunks[:position], other_chunks[position], *chunks[position + 1 :]]
        path = written(tmp_path / "b", signed(signer, start + b"".join(mixed)))
        assert refused(path, sheet) == "backup_damaged"
    path = written(tmp_path / "b", signed(signer, other_start + b"".join(chunks)))
    assert refused(path, sheet) == "backup_damaged"
    body, signature = first[:-64], second[-64:]
    assert refused(written(tmp_path / "b", body + signature), sheet) == "backup_damaged"


def test_a_payload_that_ends_before_its_end_is_refused():
    with pytest.raises(IntegrityError, match="ends too early"):
        list(read_items(iter([b"x" * 0])))
    assert CHUNK == 65_536


def test_a_refused_backup_leaves_nothing(made, tmp_path):
    data, sheet, signer = made
    elsewhere = Machine(tmp_path / "elsewhere")
    middle = len(data) // 2
    changed = bytearray(data[:-64])
    changed[middle] ^= 1
    with pytest.raises(IntegrityError):
        elsewhere.restore(written(tmp_path / "b", signed(signer, bytes(changed))), sheet)
    assert elsewhere.left() == []
