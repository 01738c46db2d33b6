"""The recovery key: what a person copies from paper, and what is no such thing."""

import re

import pytest

from palyra_kernel.contracts import SlotContext, Unlock
from palyra_kernel.contracts.wrapping import slot_text
from palyra_kernel.errors import IntegrityError, InvalidInputError, UnavailableError
from palyra_kernel.keys import recovery
from palyra_kernel.keys.recovery import RecoveryProtector
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.keys.slots import VAULT_ID, root

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
PREFIX = "PALYRA-RECOVERY-"
protector = RecoveryProtector()


def context(params) -> SlotContext:
    return SlotContext(vault_id=VAULT_ID, slot_id="00000000", kind="recovery", params=params)


@pytest.fixture(scope="module", params=recovery.SUITES)
def pair(request):
    return recovery.generate(request.param)


@pytest.fixture(scope="module")
def slot(pair):
    return protector.wrap(root(), context(pair[1]), Unlock())


@pytest.fixture
def text(pair):
    return pair[0].reveal().decode()


@pytest.fixture
def opens(pair, slot):
    def opens(text: str | bytes) -> bool:
        data = text.encode() if isinstance(text, str) else text
        return protector.unwrap(slot, context(pair[1]), Unlock(recovery_key=SensitiveBytes(data))) == root()

    return opens


def refused(text: str | bytes) -> InvalidInputError:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(InvalidInputError) as caught:
        recovery._parse(SensitiveBytes(data))
    assert caught.value.code == "invalid_recovery_key"
    return caught.value


def test_it_can_be_read_out_loud(text):
    assert re.fullmatch(rf"{PREFIX}([A-Z2-7]{{5}}-)+[A-Z2-7]{{1,5}}", text)


def test_two_are_never_the_same(pair, text):
    other, params = recovery.generate(pair[1]["suite"])
    assert other.reveal().decode() != text
    assert params["public_key"] != pair[1]["public_key"]


def test_wrapping_needs_the_public_key_only(pair, slot, opens, text):
    """So that a new slot can be made while the paper stays in the safe."""
    assert opens(text)
    assert set(pair[1]) == {"suite", "public_key"}
    assert text.replace("-", "")[15:45] not in str(slot) + str(pair[1])


@pytest.mark.parametrize(
    "change",
    [
        str.lower,
        lambda text: text.replace("-", ""),
        lambda text: text.replace("-", " "),
        lambda text: text.replace("-", " - "),
        lambda text: text.replace("-", "\r\n"),
        lambda text: f"\n\t {text} \n\n",
        " ".join,
        lambda text: "-".join(text.replace("-", "").swapcase()),
        str.title,
    ],
)
def test_case_spaces_line_breaks_and_dashes_do_not_matter(change, text, opens):
    assert opens(change(text))


def mistyped(text: str, at: int) -> list[str]:
    return [text[:at] + other + text[at + 1 :] for other in ALPHABET if other != text[at]]


def test_one_mistyped_character_is_noticed_at_every_position(text):
    """Deriving from a mistyped key says only that nothing opens: nobody knows whether paper or vault is wrong."""
    for at in range(len(text) - 1):
        if text[at] != "-":
            for wrong in mistyped(text, at):
                refused(wrong)


def test_one_mistyped_character_is_noticed_at_the_end(text):
    refused(text + "=")
    for wrong in mistyped(text, len(text) - 1):
        refused(wrong)


def test_swapped_left_out_and_doubled_characters_are_noticed(text):
    start = len(PREFIX)
    for at in range(start, len(text) - 1):
        one, other = text[at], text[at + 1]
        if "-" in (one, other):
            continue
        if one != other:
            refused(text[:at] + other + one + text[at + 2 :])
        refused(text[:at] + text[at + 1 :])
        refused(text[:at] + one + text[at:])
    refused(text[:-1])
    refused(text + "A")


@pytest.mark.parametrize("wrong", ["0", "1", "8", "9", "é", "_", "+", "\0", "\ufeff"])
def test_other_characters_are_refused(wrong, text):
    for at in (0, 5, len(PREFIX), len(PREFIX) + 7, len(text)):
        refused(text[:at] + wrong + text[at:])


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        " ",
        "-",
        "PALYRA-RECOVERY",
        PREFIX,
        PREFIX + "A",
        PREFIX + "AAAAA-AAAAA",
        "A" * 60,
        b"\0" * 60,
        b"\xff",
    ],
)
def test_what_is_no_recovery_key(wrong):
    refused(wrong)


def test_the_error_shows_nothing_of_it(text):
    """It is nearly the right one."""
    message = refused(text[:-3] + "AAA").message + str(refused(text[:30]).hint)
    for group in text.split("-")[2:]:
        assert group not in message


def test_another_recovery_key_is_a_wrong_key(pair, slot):
    for suite in recovery.SUITES:
        with pytest.raises(IntegrityError) as caught:
            protector.unwrap(slot, context(pair[1]), Unlock(recovery_key=recovery.generate(suite)[0]))
        assert caught.value.code == "wrong_key"


def test_no_recovery_key_is_unavailable(pair, slot):
    with pytest.raises(UnavailableError) as caught:
        protector.unwrap(slot, context(pair[1]), Unlock(passphrase=pair[0]))
    assert caught.value.code == "recovery_key_missing"


def test_a_damaged_slot_is_refused(pair, slot, text):
    for wrapped in (b"", b"\0", bytes(80), bytes(4096)):
        with pytest.raises(IntegrityError):
            protector.unwrap({"wrapped": slot_text(wrapped)}, context(pair[1]), Unlock(recovery_key=pair[0]))


@pytest.mark.parametrize("suite", ["x448", "", "X25519", "x" * 100])
def test_an_unknown_suite_is_refused(suite):
    with pytest.raises(InvalidInputError) as caught:
        recovery.generate(suite)
    assert caught.value.code == "unknown_suite"


@pytest.mark.parametrize("suite", recovery.SUITES)
@pytest.mark.parametrize("length", [0, 1, 31, 33, 1215, 1216, 1217])
def test_a_damaged_public_key_is_refused(suite, length):
    with pytest.raises(InvalidInputError) as caught:
        protector.wrap(root(), context({"suite": suite, "public_key": slot_text(b"\xff" * length)}), Unlock())
    assert caught.value.code == "slot_parameters"


def test_a_public_key_of_low_order_is_refused():
    """Everybody knows what is agreed on with the point zero."""
    params = {"suite": "x25519", "public_key": slot_text(bytes(32))}
    with pytest.raises(InvalidInputError):
        protector.wrap(root(), context(params), Unlock())
