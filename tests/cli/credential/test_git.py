"""``palyra credential git``: the protocol, line by line."""

import io

import pytest

from palyra_kernel.cli.credential import aws, docker, git_protocol

HOST = b"protocol=https\nhost=example.org\n"
ALICE = HOST + b"username=alice\npassword=hunter2\n"
KEY = "git/https_3A_2F_2Fexample.org/alice"


class Endless(io.RawIOBase):
    """A request that never ends."""

    def __init__(self):
        self.taken = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        self.taken += len(buffer)
        buffer[:] = b"a" * len(buffer)
        return len(buffer)


def ask(call, operation, request):
    return call("credential", "git", operation, stdin=request)


def versions(call, key=KEY):
    return len(call("secrets", "history", key, "--json").json["versions"])


@pytest.fixture
def stored(call):
    assert ask(call, "store", ALICE) == (0, b"", "")
    return call


def test_what_is_stored_is_answered(stored):
    for request in (
        HOST,
        HOST + b"username=alice\n",
        HOST + b'wwwauth[]=Basic realm="x"\ncapability[]=authtype\n',
    ):
        assert ask(stored, "get", request).out == b"username=alice\npassword=hunter2\n"


def test_it_is_one_secret_with_fields(stored):
    assert stored.reveal(f"{KEY}#password") == b"hunter2"
    assert stored.reveal(f"{KEY}#username") == b"alice"


@pytest.mark.parametrize(
    "request_",
    [
        b"protocol=https\nhost=example.com\n",
        b"protocol=http\nhost=example.org\n",
        b"protocol=https\nhost=example.org:8443\n",
        b"protocol=https\nhost=EXAMPLE.org\n",
        HOST + b"path=repo.git\n",
        HOST + b"username=bob\n",
        HOST + b"username=\n",
    ],
)
def test_another_place_or_user_gets_nothing(stored, request_):
    """A password that is offered to a server that it is not for is given away."""
    assert ask(stored, "get", request_) == (0, b"", "")


def test_a_password_for_a_path_is_for_that_path_alone(call):
    """With credential.useHttpPath each repository has a password of its own."""
    ask(call, "store", b"path=a.git\n" + ALICE)
    assert ask(call, "get", HOST).out == b""
    assert ask(call, "get", HOST + b"path=b.git\n").out == b""
    assert ask(call, "get", HOST + b"path=a.git\n").out.endswith(b"password=hunter2\n")


def test_among_several_users_the_last_one_stored_answers(stored):
    ask(stored, "store", HOST + b"username=bob\npassword=b\n")
    assert ask(stored, "get", HOST).out == b"username=bob\npassword=b\n"
    assert ask(stored, "get", HOST + b"username=alice\n").out == b"username=alice\npassword=hunter2\n"
    ask(stored, "erase", HOST + b"username=bob\n")
    assert ask(stored, "get", HOST).out == b"username=alice\npassword=hunter2\n"


def test_storing_the_same_again_makes_no_version(stored):
    """git says ``store`` after every fetch that worked: each would push an older version out."""
    for _ in range(3):
        assert ask(stored, "store", ALICE).code == 0
    assert versions(stored) == 1
    ask(stored, "store", ALICE.replace(b"hunter2", b"new"))
    assert versions(stored) == 2


def test_only_the_password_that_was_refused_is_erased(stored):
    """Another git stored a new password while this one was refused with the old: the new one must stay."""
    ask(stored, "erase", ALICE.replace(b"hunter2", b"an older one"))
    assert ask(stored, "get", HOST).out != b""
    ask(stored, "erase", ALICE)
    assert ask(stored, "get", HOST) == (0, b"", "")
    assert ask(stored, "erase", ALICE) == (0, b"", "")


def test_erasing_without_a_user_erases_all_of_the_place(stored):
    ask(stored, "store", HOST + b"username=bob\npassword=b\n")
    ask(stored, "store", b"path=a.git\n" + ALICE)
    ask(stored, "erase", HOST)
    assert ask(stored, "get", HOST).out == b""
    assert ask(stored, "get", HOST + b"path=a.git\n").out != b""


def test_expiry_and_refresh_token_come_back(call):
    more = b"password_expiry_utc=4102444800\noauth_refresh_token=r1\n"
    ask(call, "store", ALICE + more)
    assert ask(call, "get", HOST).out == b"username=alice\npassword=hunter2\n" + more


def test_nothing_behind_an_empty_line_counts(call):
    ask(call, "store", ALICE + b"\nusername=mallory\n")
    assert b"username=alice" in ask(call, "get", HOST).out


def test_of_a_repeated_attribute_the_last_counts(stored):
    assert ask(stored, "get", b"host=example.com\n" + HOST).out != b""


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"host=example.org\n",
        b"protocol=https\n",
        b"protocol=https\nhost=\n",
        b"protocol=\nhost=example.org\n",
        b"protocol=https\nhost=exa\0mple.org\n",
        b"protocol=https\nhost=example.org\r\n",
        b"protocol=https\nhost=a/b\n",
        b"protocol=https\nhost=\xff\n",
        b"protocol=ht tps\nhost=example.org\n",
        HOST + b"no equals sign\n",
        HOST + b"password_expiry_utc=soon\n",
    ],
)
@pytest.mark.parametrize("operation", ["get", "store", "erase"])
def test_a_request_that_is_not_whole_is_refused(stored, operation, request_):
    """CVE-2020-11008: a request without a host matched everything, and got somebody's password."""
    outcome = ask(stored, operation, request_)
    assert (outcome.code, outcome.out) == (2, b"")
    assert versions(stored) == 1


def test_a_certificate_has_a_path_and_no_host(call):
    request = b"protocol=cert\nhost=\npath=/etc/key.pem\nusername=\n"
    ask(call, "store", request + b"password=pin\n")
    assert ask(call, "get", request).out == b"username=\npassword=pin\n"


@pytest.mark.parametrize("value", ["x\\npassword=evil", "x\\rpassword=evil", "x\\u0000"])
def test_a_stored_value_never_begins_a_line(call, value):
    """CVE-2020-5260: a newline in a value made a line of its own, and a password went to another host."""
    call.set(KEY, f'{{"username":"alice","password":"{value}"}}'.encode())
    outcome = ask(call, "get", HOST)
    assert (outcome.code, outcome.out) == (2, b"")
    assert "evil" not in outcome.err


@pytest.mark.parametrize(
    "value", [b"not json canary", b'{"username":"alice"}', b'{"username":1,"password":"canary"}', b"\xff"]
)
def test_what_is_no_credential_is_named_and_not_shown(call, value):
    call.set(KEY, value)
    outcome = call("--json", "credential", "git", "get", stdin=HOST)
    assert (outcome.code, outcome.out, outcome.error["code"]) == (2, b"", "not_a_credential")
    assert "canary" not in outcome.err


def test_an_endless_request_is_refused(call):
    """Hazard U11: standard input was read without a limit."""
    endless = Endless()
    assert call("credential", "git", "get", stdin=io.BufferedReader(endless)).code == 2
    assert endless.taken < 200_000


@pytest.mark.parametrize("operation", ["capability", "list", "approve", "something-new"])
def test_operations_of_later_gits_are_passed_over(call, operation):
    assert ask(call, operation, HOST) == (0, b"", "")


def test_it_never_asks(call, prompts):
    """Wish 2: a program that was not meant to be asked waited for ever on a prompt nobody saw."""
    (key,) = (call.base / "config" / "keys").iterdir()
    key.unlink()
    outcome = call("credential", "git", "get", stdin=HOST, terminal=True)
    assert outcome.code == 6
    assert prompts == []


def test_the_request_is_not_a_passphrase(call):
    outcome = call("--passphrase-file", "-", "credential", "git", "get", stdin=HOST)
    assert (outcome.code, outcome.out) == (2, b"")


def test_without_a_vault_it_says_so(bare):
    outcome = bare("credential", "git", "get", stdin=HOST)
    assert (outcome.code, outcome.out) == (3, b"")
    assert "there is no vault" in outcome.err


def test_long_names_are_kept_as_well(call):
    request = b"protocol=https\nhost=" + b"h" * 300 + b"\nusername=" + b"u" * 300 + b"\n"
    ask(call, "store", request + b"password=p\n")
    assert ask(call, "get", request).out == b"username=" + b"u" * 300 + b"\npassword=p\n"
    without_user = request.partition(b"username")[0]
    assert ask(call, "get", without_user).out.endswith(b"\npassword=p\n")


@pytest.mark.parametrize(
    "document",
    [
        git_protocol.Credential("alice", "canary"),
        docker.Credential("ghcr.io", "alice", "canary"),
        aws.Key("AKIA", "canary"),
    ],
)
def test_no_repr_shows_a_password(document):
    """Hazard S21: values came out in what a debugger or a traceback prints."""
    assert "canary" not in repr(document) + str(document) + f"{[document]}"
