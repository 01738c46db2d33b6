"""What is seen of a canary inside one process: calls that fail, the command line, plugins, logs, tracebacks."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr
from functools import partial
from typing import Any

from palyra_kernel import RedactingFilter, SensitiveBytes
from palyra_kernel.cli import hooks, outcome
from palyra_kernel.cli.outcome import TRACEBACK_VARIABLE, settled
from palyra_kernel.errors import PalyraError, UnavailableError
from palyra_kernel.plugins.foreign import shielded, texts
from palyra_kernel.testing.leaks import collecting, text_of
from tests.leaks.canaries import files_under
from tests.leaks.quoting import quoted
from tests.leaks.stage import Haystacks, Stage, scenario
from tests.support import edited


def shown_of(*calls: Callable[[], object]) -> Haystacks:
    """What the errors of *calls*, all of which must fail, show: text, attributes, causes, traceback."""
    for number, call in enumerate(calls):
        errors: list[Exception] = []
        with collecting(errors):
            call()
        (error,) = errors
        yield f"error {number}", text_of(error)
        yield f"traceback {number}", "".join(traceback.format_exception(error))


@scenario
def calls_that_fail(stage: Stage, canary: bytes) -> Haystacks:
    """Calls of the vault with the canary in their hands, or next to it."""
    with stage.places.create() as kernel:
        vault = kernel.vault
        vault.put_many({"a": canary, "json": json.dumps({"x": canary.decode("latin-1")}).encode()})
        yield "reprs", repr([kernel, vault, vault.stat("a"), vault.history("a"), list(vault.list("global"))])
        large = canary * (20_000_000 // len(canary))
        yield from shown_of(
            lambda: vault.put("a", large),
            lambda: vault.put("a", canary, expected_version=7),
            lambda: vault.put("a", canary, create_only=True),
            lambda: vault.put("a", canary, labels={"no such name": "x"}),
            lambda: vault.put("a b", canary),
            lambda: vault.put("a", canary.decode("latin-1")),  # type: ignore[arg-type]
            lambda: vault.put_many({"b": canary, "c": large}),
            lambda: vault.get("a#field"),
            lambda: vault.get("json#missing"),
        )
        with edited(stage.places.objects_db) as database:
            database.execute("UPDATE blobs SET data = zeroblob(length(data))")
        yield from shown_of(lambda: vault.get("a"))
        yield "findings", repr(kernel.verify())


@scenario
def commands_without_reveal(stage: Stage, canary: bytes) -> Haystacks:
    """Everything that every verb prints, unless it was asked for the value."""
    stage.made()
    for command in ("set", "set"):  # two versions
        yield from stage.palyra("secrets", command, "a", stdin=canary)
    for arguments in (
        *(("secrets", "get", "a"), ("secrets", "list"), ("secrets", "history", "a"), ("vault", "status")),
        *(
            ("vault", "verify"),
            ("doctor",),
            ("secrets", "rollback", "a", "--to", "1"),
            ("secrets", "rm", "a", "--yes"),
        ),
        *(("secrets", "get", "a"), ("secrets", "undelete", "a"), ("secrets", "get", "a#x", "--reveal")),
        *(("secrets", "set", "a", "--create-only"), ("secrets", "set", "a b"), ("secrets", "import", "-")),
        *(
            ("secrets", "get", "a", "--out", str(stage.base)),
            ("run", "--env", "X=a", "--", "/no/such/program"),
        ),
    ):
        yield from stage.palyra(*arguments, stdin=canary)
        yield from stage.palyra("--json", *arguments, stdin=canary)


@scenario
def values_in_the_wrong_place(stage: Stage, canary: bytes) -> Haystacks:
    """The canary typed where a command, an option, a number or nothing at all belongs. Where a name belongs, what was
    typed is a name, and shown."""
    stage.made()
    word = canary.decode("utf-8", "surrogateescape")
    for arguments in (
        *((word,), ("secrets", word), ("vault", word), ("slots", word), ("plugins", word)),
        *(("secrets", "get", "a", word), ("secrets", "rm", "a", word), ("secrets", "list", "a", word)),
        *(
            ("secrets", "set", "a", word),
            ("secrets", "set", f"a={word}"),
            ("secrets", "set", "a", f"--value={word}"),
        ),
        *(
            ("secrets", "list", "--limit", word),
            ("secrets", "list", f"--limit={word}"),
            (f"--{word}", "doctor"),
        ),
        *(("secrets", "list", f"--json={word}"), ("doctor", word), ("vault", "status", word, word)),
    ):
        yield from stage.palyra(*arguments)
        yield from stage.palyra("--json", *arguments)


@scenario
def what_plugins_say(stage: Stage, canary: bytes) -> Haystacks:
    """Errors and descriptions of an author who quotes what the plugin was handed."""

    def failing(error: Exception) -> None:
        raise error

    with SensitiveBytes(canary) as secret:
        for sentence in quoted(canary):
            for error in (
                UnavailableError(sentence, sentence, hint=sentence),
                PalyraError("code", "x" * 990 + sentence),
                ValueError(sentence, secret),
                type(ascii(sentence), (Exception,), {})(),
            ):
                yield from shown_of(partial(shielded, "plugin", "put", failing, error))
            yield "descriptions", repr(texts([sentence] * 3))


@scenario
def log_lines(stage: Stage, canary: bytes) -> Haystacks:
    """Lines of anybody, through a handler with our filter."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter())
    handler.setFormatter(logging.Formatter("%(message)s %(extra)s"))
    logger = logging.Logger("leaks")  # noqa: LOG001  # one of this scenario alone
    logger.addHandler(handler)
    with SensitiveBytes(canary) as secret:
        for sentence in quoted(canary):
            logger.error(sentence, extra={"extra": [sentence]})
            logger.error("%s %r", sentence, secret, extra={"extra": secret})
            try:
                raise ValueError(sentence) from LookupError(sentence)
            except ValueError:
                logger.exception(sentence, extra={"extra": sentence}, stack_info=True)
    yield "log", stream.getvalue().encode("utf-8", "surrogatepass")


@scenario
def the_traceback_of_a_defect(stage: Stage, canary: bytes) -> Haystacks:
    """A defect in a command, with and without ``PALYRA_TRACEBACK``."""

    def defect(sentence: str) -> None:
        raise RuntimeError(sentence) from ValueError(sentence)

    with SensitiveBytes(canary):
        for sentence in quoted(canary):
            for setting in ("", "1"):
                stage.monkeypatch.setenv(TRACEBACK_VARIABLE, setting)
                with redirect_stderr(io.StringIO()) as err:
                    assert settled(partial(defect, sentence), as_json=False) == PalyraError.exit_code
                assert ("in defect" in err.getvalue()) == bool(setting)
                yield "traceback", err.getvalue().encode("utf-8", "surrogatepass")


@scenario
def errors_that_nobody_caught(stage: Stage, canary: bytes) -> Haystacks:
    """What Python prints itself, by way of our hooks."""

    class Unraisable:
        err_msg = None
        object = stage

        def __init__(self, error: BaseException) -> None:
            self.exc_value = error

    with SensitiveBytes(canary):
        for sentence in quoted(canary):
            error = RuntimeError(sentence)
            with redirect_stderr(io.StringIO()) as err:
                hooks._uncaught(RuntimeError, error, None)
                hooks._unraisable(Unraisable(error))
                outcome.tell(sentence)
            assert "RuntimeError" in err.getvalue()
            yield "hooks", err.getvalue().encode("utf-8", "surrogatepass")


@scenario
def using_it_as_text(stage: Stage, canary: bytes) -> Haystacks:
    """A secret that is printed, pickled, copied or put into JSON, with the local variables of each frame of ours."""
    secret = SensitiveBytes(canary)
    uses: tuple[Any, ...] = (str, format, pickle.dumps, copy.deepcopy, json.dumps, bytes, hash)
    for use in uses:
        try:
            use(secret)
        except (TypeError, NotImplementedError) as error:
            trace = error.__traceback__
            inside = traceback.TracebackException(
                type(error), error, trace and trace.tb_next, capture_locals=True
            )
            yield use.__name__, "".join(inside.format())
    yield "repr", f"{secret!r} {[secret]!r} {sys.getsizeof(secret)}"
    secret.wipe()
    yield from shown_of(secret.reveal)


@scenario
def files_of_a_vault(stage: Stage, canary: bytes) -> Haystacks:
    """Every byte under the state root and the configuration folder, while a vault is open and when it is closed."""
    with stage.places.create() as kernel:
        for _ in range(3):
            kernel.vault.put("a", canary, labels={"kind": "test"})
        kernel.vault.get("a").wipe()
        kernel.vault.put("b", canary)
        kernel.vault.delete("b")
        yield from files_under(stage.places.state_root, stage.places.config_dir)
        kernel.rekey()
    yield from files_under(stage.base)
