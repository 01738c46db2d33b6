"""``palyra auth profiles export``, ``import`` and ``edit``: TOML for people, records for the kernel."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest


def _exported(auth, *options: str) -> str:
    done = auth("profiles", "export", *options)
    assert done.code == 0, done
    return str(done.text)


def test_an_export_has_no_secret_and_opens_none(auth, opened):
    """Hazard H45 of auth profiles. Hazard H59: there was no export."""
    auth.logged_in("work")
    auth.key("key")
    opened.clear()
    text = _exported(auth) + _exported(auth, "--runtime")
    assert opened == []
    assert "canary" not in text
    assert 'profile_id = "work"' in text
    assert auth("profiles", "export", "--json").json.keys() == {"registry", "runtime"}


def test_an_export_goes_to_a_private_file_and_over_none(auth, tmp_path):
    auth.key("key")
    file = tmp_path / "profiles.toml"
    assert auth("profiles", "export", "--out", str(file)).text == f"written to {file}\n"
    assert file.read_text() == _exported(auth)
    if sys.platform != "win32":
        assert file.stat().st_mode & 0o777 == 0o600
    assert auth("profiles", "export", "--out", str(file), "--json").error["code"] == "exists"
    assert auth("profiles", "export", "--out", str(file), "--force").code == 0
    assert auth("profiles", "export", "--force").code == 2


def test_an_export_can_be_read_back(auth):
    auth.logged_in("work")
    text = _exported(auth).encode()
    done = auth("profiles", "import", "-", "--json", stdin=text)
    assert (done.code, done.json["plan"], done.json["applied"]) == (0, [], [])
    assert auth("profiles", "import", "-", stdin=text).text == "nothing to do\n"


_TEAM = """
version = 1

[[profiles]]
profile_id = "a b"
profile_name = "No id"

[[profiles]]
profile_id = "team"
profile_name = "The team's"
provider = {{ kind = "custom", custom_name = "acme" }}
scope = {{ kind = "global" }}
credential = {{ type = "api_key", api_key_vault_ref = "{ref}" }}
"""


def test_an_import_is_shown_first_and_one_bad_row_stops_no_other(auth):
    """Hazard H36 of auth profiles: one bad profile stopped everything."""
    own = f"global/auth_team_{hashlib.sha256(b'team').hexdigest()[:16]}_api_key"
    auth.call.set(own, b"sk-of-the-team")
    document = _TEAM.format(ref=own).encode()
    shown = auth("profiles", "import", "-", "--dry-run", stdin=document)
    assert shown.code == 9
    assert "+ team\n" in shown.text
    assert "invalid_profile_id" in shown.text
    assert auth("profiles", "show", "team").code == 3
    assert auth("profiles", "import", "-", stdin=document).code == 2, "there is nobody to ask"
    done = auth("profiles", "import", "-", "--yes", "--json", stdin=document)
    assert (done.code, [each["act"] for each in done.json["applied"]]) == (9, ["add"])
    assert auth("token", "team", "--reveal").out == b"sk-of-the-team"
    assert auth.call("secrets", "get", own).code == 3, "it moved to where the kernel alone reads it"
    assert "profile_quarantined" in auth("profiles", "doctor").text


def test_an_import_takes_no_secret_of_others(auth):
    """Hazard H48 of auth profiles: a profile could name any secret, and had it sent to its provider."""
    auth.call.set("database", b"canary")
    done = auth("profiles", "import", "-", "--yes", stdin=_TEAM.format(ref="global/database").encode())
    assert done.code == 9
    assert "foreign_reference" in done.text
    assert auth("profiles", "show", "team").code == 3


def test_a_document_that_is_none_is_refused_whole(auth):
    """Hazard H55 of auth profiles: documents were read without a limit."""
    for document, code in (
        (b"version = 7", "unsupported_version"),
        (b"not toml [", "invalid_document"),
        (b"\xff\xfe", "invalid_document"),
    ):
        done = auth("profiles", "import", "-", "--yes", "--json", stdin=document)
        assert (done.code, done.error["code"]) == (2, code)
    assert auth("profiles", "import", "--json").error["code"] == "usage"
    assert auth("profiles", "import", "/no/such/file", "--json").error["code"] == "file_missing"


def _editor(tmp_path: Path, body: str) -> str:
    script = tmp_path / "editor.py"
    script.write_text(
        f"import sys, pathlib\np = pathlib.Path(sys.argv[1])\nt = p.read_text()\n{body}\np.write_text(t)\n"
    )
    return f"{sys.executable} {script}"


@pytest.fixture
def edit(auth, monkeypatch, tmp_path):
    def edited(body: str, *options: str, **more):
        monkeypatch.setenv("VISUAL", _editor(tmp_path, body))
        return auth("profiles", "edit", *options, **more)

    return edited


def test_an_edit_does_what_changed_in_it(auth, edit):
    auth.key("work", "--name", "Work")
    done = edit("t = t.replace('\"Work\"', '\"At work\"')", "--yes")
    assert done.code == 0, done
    assert "At work" in done.text
    assert auth("profiles", "show", "work", "--json").json["name"] == "At work"
    assert auth("token", "work", "--reveal").text == "sk-canary-0123456789"


def test_an_edit_asks_before_it_does_anything(auth, edit):
    auth.key("work", "--name", "Work")
    body = "t = t.replace('\"Work\"', '\"At work\"')"
    assert edit(body).code == 2
    assert edit(body, stdin=b"n\n", terminal=True).code == 130
    assert auth("profiles", "show", "work", "--json").json["name"] == "Work"


def test_an_edit_of_nothing_does_nothing(auth, edit):
    auth.key("work")
    assert edit("").text == "nothing changed\n"


def test_an_edit_of_the_state_changes_choices_and_nothing_else(auth, edit):
    auth.key("work")
    auth.key("spare")
    auth("profiles", "use", "work")
    default = 'profile_id = "work"\'; b = t.rindex(a); t = t[:b] + \'profile_id = "spare"\' + t[b + len(a):]'
    done = edit(f"a = '{default}", "--runtime", "--yes")
    assert done.code == 0, done
    assert auth("profiles", "order", "custom:acme", "--json").json["default"] == "spare"
    done = edit(
        "t = t.replace('failure_count = 0', 'failure_count = 0\\nlast_used_unix_ms = 1700000000000')",
        "--runtime",
        "--yes",
    )
    assert (done.code, "runtime_fields" in done.text) == (9, True)


def test_what_happened_is_nobodys_to_edit(auth, edit):
    """Hazard H20 of auth profiles: clients could send the back-off."""
    auth.logged_in("work")
    done = edit("t = t.replace('expires_at_unix_ms = ', 'expires_at_unix_ms = 9')", "--yes")
    assert (done.code, "runtime_fields" in done.text) == (9, True)


def test_another_endpoint_is_not_an_edit(auth, edit, vendor):
    """Hazard H48 of auth profiles: an endpoint could be changed, and got the credential."""
    auth.logged_in("work")
    done = edit(f"t = t.replace('{vendor.url}/token', 'https://attacker.example/token')", "--yes")
    assert done.code == 9, done
    assert (
        auth("profiles", "show", "work", "--json").json["credential"]["token_endpoint"]
        == f"{vendor.url}/token"
    )
