"""What is seen of a canary by whoever decides: in the arguments of a request, and as an approval passphrase."""

from __future__ import annotations

import base64
from types import SimpleNamespace

from palyra_kernel import SensitiveBytes
from palyra_kernel.errors import PalyraError
from tests.approvals.room import ALICE, ALLOW, Room
from tests.leaks.canaries import files_under
from tests.leaks.in_process import shown_of
from tests.leaks.stage import Haystacks, Stage, scenario


@scenario
def requests_with_a_secret(stage: Stage, canary: bytes) -> Haystacks:
    """A program asks for an act with the value in its arguments, in its purpose and in its idempotency key."""
    stage.made()
    try:
        text = canary.decode()
    except UnicodeDecodeError:
        text = base64.b64encode(canary).decode()
    with stage.places.open() as kernel, SensitiveBytes(canary):
        room = Room(SimpleNamespace(records=kernel._records))
        room.clock.now = 2_000_000_000_000
        asked = room.ask({"header": f"Token {text}", "other": [text, 1]}, purpose=f"for {text}")
        yield "the request", repr(asked)
        room.decide(asked.id)
        yield "the grant", repr(room.usable({"header": f"Token {text}", "other": [text, 1]}))
        yield from shown_of(
            lambda: room.ask({"header": text, "number": 1.5}), lambda: room.ask({text: canary})
        )
    for verb in (("list", "--all"), ("show", asked.id), ("watch", "--seconds", "0")):
        yield from stage.palyra("approvals", *verb)
        yield from stage.palyra("--json", "approvals", *verb)


@scenario
def approval_passphrases(stage: Stage, canary: bytes) -> Haystacks:
    """One that is right, wrong, too short or too long; in a file, and as what it replaces."""
    stage.made()
    with (
        stage.places.open() as kernel,
        SensitiveBytes(canary) as typed,
        SensitiveBytes(b"quite another") as wrong,
    ):
        room = Room(SimpleNamespace(records=kernel._records))
        give = room.approvals.set_passphrase
        try:
            give(typed, by=ALICE)
        except PalyraError as error:  # some canaries are too long
            yield "refused", f"{error} {error.hint}"
            give(wrong, by=ALICE)
        asked = room.ask()
        proofs = [room.approvals.passphrases.proof(ALICE.principal, each) for each in (typed, wrong)]
        for proof in proofs:
            yield "a proof", repr(proof)
            try:
                yield "decided", repr(room.decide(asked.id, ALLOW, proof=proof))
            except PalyraError as error:
                yield "refused", f"{error} {error.hint}"
        yield from shown_of(
            lambda: give(wrong, by=ALICE), lambda: give(wrong, by=ALICE, old=SensitiveBytes(b"no"))
        )
        yield (
            "the record",
            b"".join(document for _, document in kernel._records.scan(b"g/approver/", None, 10)),
        )
    file = stage.base / "typed"
    file.write_bytes(canary)
    file.chmod(0o600)
    for arguments in (
        ("passphrase", "--new-passphrase-file", str(file)),
        ("decide", asked.id, "--allow", "--approval-passphrase-file", str(file)),
        ("decide", asked.id, "--deny", "--approval-passphrase-file", "-"),
    ):
        yield from stage.palyra("approvals", *arguments, stdin=canary)
        yield from stage.palyra("--json", "approvals", *arguments, stdin=canary)
    file.unlink()
    yield from files_under(stage.base)
