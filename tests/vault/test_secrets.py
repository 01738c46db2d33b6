"""What a secret does in its life: stored, read, replaced, deleted, restored, destroyed."""

from datetime import UTC, datetime, timedelta

import pytest

from palyra_kernel import SensitiveBytes, VaultRef, VaultScope
from palyra_kernel.errors import ConflictError, InvalidInputError, NotFoundError

EVERY_BYTE = bytes(range(256))


def code(caught):
    return caught.value.code


@pytest.mark.parametrize("value", [b"", b"\0", b"x\n", EVERY_BYTE, b"\xff" * 65_536], ids=len)
def test_bytes_survive_exactly(vault, value):
    """Stores that keep text, or go through a command, lose newlines, NUL and everything that is no UTF-8."""
    vault.put("global/a", value)
    with vault.get("global/a") as secret:
        assert secret.reveal() == value


def test_what_a_caller_does_to_metadata_stays_with_the_caller(vault):
    """Entries that were read are kept: labels handed out from them were shared with whoever read next."""
    vault.put("global/a", b"1", labels={"env": "prod"})
    vault.stat("global/a").labels["env"] = "changed"
    assert vault.stat("global/a").labels == {"env": "prod"}
    assert vault.put("global/a", b"2").labels == {"env": "prod"}


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, SensitiveBytes])
def test_every_kind_of_buffer_is_taken(vault, kind):
    vault.put("global/a", kind(b"value"))
    assert vault.get("global/a") == b"value"


@pytest.mark.parametrize("value", ["text", None, 7, [1]])
def test_text_is_refused_with_the_way_out(vault, value):
    with pytest.raises(InvalidInputError, match="bytes") as caught:
        vault.put("global/a", value)
    assert caught.value.code == "not_bytes"
    assert vault.list() == []


def test_a_value_over_the_limit_is_refused_before_anything_is_written(places):
    """Hazard D7: elsewhere a store cut values at 8,192 bytes, said success, and the secret was gone."""
    with places.create() as kernel:
        kernel.vault.put("global/a", b"old")
        generation = kernel.status().generation
        with pytest.raises(InvalidInputError) as caught:
            kernel.vault.put("global/a", b"x" * 65_537)
        assert code(caught) == "value_too_large"
        assert kernel.vault.get("global/a") == b"old"
        assert kernel.status().generation == generation
        assert kernel.verify() == []


def test_upper_case_survives_and_matters(vault):
    """A configuration that lower-cased references could not find the keys that were stored with capitals."""
    vault.put("principal:User:ABC/Key", b"1")
    vault.put("principal:User:ABC/key", b"2")
    assert vault.get("principal:User:ABC/Key") == b"1"
    assert [str(item.ref.scope) for item in vault.list("principal:User:ABC")] == ["principal:User:ABC"] * 2


def test_scopes_do_not_see_each_other(vault):
    scopes = ["global", "principal:a", "channel:a:b", "channel:a:b:c", "skill:a"]
    for scope in scopes:
        vault.put(f"{scope}/k", scope.encode())
    for scope in scopes:
        assert vault.get(f"{scope}/k") == scope.encode()
        assert [str(item.ref.scope) for item in vault.list(scope)] == [scope]
    assert len(vault.list(None)) == len(scopes)


def test_the_kernels_own_scope_is_neither_parsed_nor_listed(vault):
    own = VaultRef(VaultScope.kernel("ca"), "key")
    vault.put(own, b"private")
    assert vault.get(own) == b"private"
    assert vault.list(None) == []
    with pytest.raises(InvalidInputError):
        vault.get("kernel:ca/key")


def test_a_secret_that_is_not_there(vault):
    for call in (vault.get, vault.stat, vault.history, vault.undelete, vault.destroy):
        with pytest.raises(NotFoundError) as caught:
            call("global/none")
        assert code(caught) == "secret_missing"
    assert vault.delete("global/none") is False


def test_delete_keeps_versions_and_undelete_brings_them_back(vault):
    vault.put("global/a", b"1")
    assert vault.delete("global/a") is True
    assert vault.delete("global/a") is False
    with pytest.raises(NotFoundError) as caught:
        vault.get("global/a")
    assert code(caught) == "deleted"
    assert vault.list() == []
    assert len(vault.list(deleted=True)) == 1
    vault.undelete("global/a")
    assert vault.get("global/a") == b"1"
    with pytest.raises(ConflictError):
        vault.undelete("global/a")


def test_a_new_value_undeletes_and_goes_on_counting(vault):
    vault.put("global/a", b"1")
    vault.delete("global/a")
    assert vault.put("global/a", b"2").version == 2
    assert vault.get("global/a?version=1") == b"1"


def test_labels_stay_until_they_are_replaced(vault):
    vault.put("global/a", b"1", labels={"env": "prod", "team": "x"})
    assert vault.put("global/a", b"2").labels == {"env": "prod", "team": "x"}
    assert vault.put("global/a", b"3", labels={}).labels == {}
    vault.put("global/b", b"1", labels={"env": "prod"})
    assert [item.ref.key for item in vault.list(labels={"env": "prod"})] == ["b"]


@pytest.mark.parametrize(
    "labels", [{"": "x"}, {"A": "x"}, {"a" * 65: "x"}, {"a": "\n"}, {"a": "x" * 257}, {"a": 1}]
)
def test_illegal_labels_are_refused(vault, labels):
    with pytest.raises(InvalidInputError):
        vault.put("global/a", b"1", labels=labels)


def test_an_expired_value_is_not_found_until_there_is_a_new_one(vault):
    vault.put("global/a", b"1", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(NotFoundError) as caught:
        vault.get("global/a")
    assert code(caught) == "expired"
    vault.put("global/a", b"2")
    assert vault.get("global/a") == b"2"
    with pytest.raises(InvalidInputError):
        vault.put("global/a", b"3", expires_at=datetime(2030, 1, 1))  # noqa: DTZ001  # the point of the test


def test_fields_of_a_json_value(vault):
    vault.put("global/db", b'{"user": "u", "port": 5432, "deep": {"a/b": ["x", "y"]}}')
    assert vault.get("global/db#user") == b"u"
    assert vault.get("global/db#port") == b"5432"
    assert vault.get("global/db#/deep/a~1b/1") == b"y"
    for field in ("none", "/deep/none", "/deep/a~1b/2", "/deep/a~1b/01", "/user/x"):
        with pytest.raises(NotFoundError) as caught:
            vault.get(f"global/db#{field}")
        assert code(caught) == "field_missing"
    vault.put("global/deep", b"[" * 60_000)
    with pytest.raises(InvalidInputError):
        vault.get("global/deep#user")
    vault.put("global/text", b"no json: s3cr3t")
    with pytest.raises(InvalidInputError) as broken:
        vault.get("global/text#user")
    assert "s3cr3t" not in str(broken.value)


@pytest.mark.parametrize("verb", ["put", "delete", "stat", "history", "undelete", "destroy"])
def test_verbs_that_change_a_secret_take_no_version_and_no_field(vault, verb):
    for ref in ("global/a?version=1", "global/a#f"):
        with pytest.raises(InvalidInputError):
            getattr(vault, verb)(*((ref, b"x") if verb == "put" else (ref,)))


def test_batches_are_all_or_nothing(vault):
    vault.put_many({"global/a": b"1", "b": b"2", VaultRef.parse("c"): b"3"})
    assert {key: secret.reveal() for key, secret in vault.get_many(["a", "global/b"]).items()} == {
        "a": b"1",
        "global/b": b"2",
    }
    with pytest.raises(InvalidInputError):
        vault.put_many({"d": b"1", "global/d": b"2"})
    with pytest.raises(InvalidInputError):
        vault.put_many({"d": b"1", "e": b"x" * 70_000})
    with pytest.raises(ConflictError):
        vault.put_many({"d": b"1", "a": b"2"}, create_only=True)
    assert len(vault.list()) == 3
    with pytest.raises(NotFoundError):
        vault.get_many(["a", "none"])
    assert vault.put_many({}) == []
    assert vault.get_many([]) == {}


def test_pages_cover_everything_once_and_cursors_stay_valid(vault):
    """A list that stopped at 1,000 in silence left item 1,001 neither seen nor deletable."""
    vault.put_many({f"k{number}": b"" for number in range(2_500)})
    seen, cursor = [], None
    while True:
        page = vault.list(limit=700, cursor=cursor)
        seen += [item.ref.key for item in page]
        cursor = page.next_cursor
        vault.put(f"other{len(seen)}", b"")
        if cursor is None:
            break
    assert sorted(key for key in seen if key.startswith("k")) == sorted(
        f"k{number}" for number in range(2_500)
    )
    assert len(seen) == len(set(seen))
    assert len(vault.list(prefix="k2")) == 611
    for bad in ("zz", "00", "" * 96):
        with pytest.raises(InvalidInputError):
            vault.list(cursor=bad)


def test_listing_decrypts_no_value(parts):
    """An inventory that opened every secret spread each of them through memory and asked a prompt for each."""
    parts.vault.put("global/a", b"1")
    parts.backend.get = None  # any fetch would fail
    assert [item.size for item in parts.vault.list()] == [1]
    assert parts.vault.stat("global/a").version == 1
    assert len(parts.vault.history("global/a")) == 1


def test_a_view_of_a_secret_outlives_the_secret(vault):
    """A view whose owner was collected showed zeros, and zeros were stored in place of the secret."""
    vault.put("global/a", b"hunter22")
    vault.put("global/b", vault.get("global/a").view())
    assert vault.get("global/b") == b"hunter22"


def test_no_error_carries_the_secret_in_its_context(vault):
    """The decoder's own error quotes what it could not decode, and hung on ours, `from None` or not."""
    vault.put("global/a", b"\xff hunter2-hunter2")
    with pytest.raises(InvalidInputError) as caught:
        vault.get("global/a#field")
    assert caught.value.__context__ is None
