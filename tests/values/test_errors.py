"""Errors: the class says what to do next, the code what happened; neither is guessed from words."""

import copy
import pickle

import pytest

import palyra_kernel
from palyra_kernel import errors
from palyra_kernel.errors import PalyraError

TABLE = {
    "PalyraError": ("internal", 1),
    "InvalidInputError": ("invalid_input", 2),
    "NotFoundError": ("not_found", 3),
    "DeniedError": ("denied", 4),
    "ApprovalRequiredError": ("approval_required", 5),
    "UnavailableError": ("unavailable", 6),
    "ConflictError": ("conflict", 7),
    "IntegrityError": ("integrity", 8),
}
CLASSES = [getattr(errors, name) for name in TABLE]


def test_the_table_is_complete_and_public():
    found = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}
    assert set(found) == set(TABLE)
    for name, kind in found.items():
        assert issubclass(kind, PalyraError)
        assert getattr(palyra_kernel, name) is kind


@pytest.mark.parametrize("cls", CLASSES)
def test_kind_and_exit_code(cls):
    """Hazard U4: exit codes were made from words in the message elsewhere: a missing `slack_bot_token` exited
    as not found, because of the `not` in it, and a lock that timed out as denied."""
    error = cls("some_code", "denied, not found, timeout, locked", hint="do this")
    assert (error.kind, error.exit_code) == TABLE[cls.__name__]


def test_exit_codes_and_kinds_are_distinct():
    assert len({cls.exit_code for cls in CLASSES}) == len({cls.kind for cls in CLASSES}) == len(CLASSES)


def test_approval_is_a_denial_and_nothing_else_is_nested():
    assert errors.ApprovalRequiredError.__mro__[1:3] == (errors.DeniedError, PalyraError)
    for cls in CLASSES:
        if cls not in (PalyraError, errors.ApprovalRequiredError):
            assert cls.__bases__ == (PalyraError,)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("hint", [None, "hint"])
@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, *(lambda e, p=p: pickle.loads(pickle.dumps(e, p)) for p in range(6))],
)
def test_an_error_survives_a_process_border(cls, hint, copied):
    """The default of exceptions calls the class with ``args`` only, and fails in the other process."""
    error = copied(cls("code", "message é", hint=hint))
    assert type(error) is cls
    assert (error.code, error.message, error.hint, str(error)) == ("code", "message é", hint, "message é")
    assert error.args == ("message é",)


def test_the_message_is_its_text():
    error = PalyraError("code", "message")
    assert str(error) == "message"
    assert error.hint is None
    with pytest.raises(TypeError):
        PalyraError("code", "message", "hint")  # type: ignore[call-arg]
