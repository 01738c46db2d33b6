"""``palyra policy``: what may happen, why, and what would change."""

from __future__ import annotations

import json
import sys

import pytest

from palyra_kernel.access.system import system_principal
from palyra_kernel.policy.bundle import Bundle

CASES = """
[[case]]
name = "agents are asked"
who = { principal = "agent:planner" }
action = "secret.read"
resource = "secret:global/openai_api_key"
answer = "approval"
"""
NO_GC = '\n@id("no-gc") @code("house.no_gc") forbid (principal, action == Action::"vault.gc", resource);\n'
OWNER = ("user:1000", "vault.gc", "vault:own", "--role", "Owner")


@pytest.fixture
def folder(bare, tmp_path):
    """A bundle to edit."""
    target = tmp_path / "policies"
    assert bare("policy", "export", "--bundle", "default", str(target)).code == 0
    return target


def stricter(folder):
    file = folder / "organisation.cedar"
    file.write_text(file.read_text() + NO_GC)
    return folder


def test_without_a_vault_folders_and_the_default_can_be_looked_at(bare, folder):
    assert bare("policy", "check", str(folder)).code == 0
    assert Bundle.default().digest in bare("policy", "check", "default").text
    shown = bare("policy", "show", "--json", "default").json
    assert {rule["id"] for rule in shown["rules"]} == {rule.id for rule in Bundle.default().rules}
    assert bare("policy", "check").code == 3


def test_show_names_every_rule_and_every_list(call):
    """Hazard P33: lists of the configuration were neither settable nor shown."""
    text = call("policy", "show", "default").text
    assert all(rule.id in text for rule in Bundle.default().rules)
    assert all(f"\n{name}" in text for name in Bundle.default().facts.data.__struct_fields__)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("permit (principal, action, resource);", "policy_id"),
        ("(" * 50, "policy_too_deep"),
        ("}", "policy_syntax"),
    ],
)
def test_what_does_not_load_is_neither_checked_nor_applied(call, folder, text, code):
    (folder / "organisation-2.cedar").write_text(text)
    for verb in (
        ("check", str(folder)),
        ("apply", "--yes", str(folder)),
        ("test", "-", "--bundle", str(folder)),
    ):
        outcome = call("--json", "policy", *verb, stdin=CASES.encode())
        assert (outcome.code, outcome.error["code"]) == (2, code)
        assert outcome.error["message"].startswith("organisation-2.cedar: ")
    assert call("policy", "show", "--json").json["version"] == 0


def test_explain_names_rules_grants_and_the_bundle(call):
    """Hazards P12 and P33: rules have their names, and the digest says by which bundle."""
    text = call("policy", "explain", "agent:planner", "secret.read", "secret:global/x", "-b", "default").text
    assert "programs-need-secrets-read (organisation)" in text
    assert "with capability SecretsRead: allow" in text
    assert Bundle.default().digest in text
    found = call("policy", "explain", *OWNER, "--tool", "shell", "-b", "default", "--json").json
    assert (found["answer"], found["code"]) == ("deny", "policy.deny.tool_session")
    asked = call(
        "policy", "explain", "agent:a", "secret.read", "secret:global/openai_api_key", "-b", "default"
    ).text
    assert "approval by 1 of Owner" in asked


def test_explain_takes_everything_that_is_granted(call):
    def answer(*words):
        return call("policy", "explain", *words, "-b", "default", "--json").json["answer"]

    secret = "secret:channel:slack:T1/x"
    assert answer("channel:slack:T1", "secret.read", secret) == "deny"
    vouched = ("--voucher", "service:g", "--speaks-for", "channel:slack:T1")
    assert answer("channel:slack:T1", "secret.read", secret, *vouched) == "allow"
    assert (
        answer("user:1", "sessions.use", "workspace:main", "--role", "Operator", "--member", "main")
        == "allow"
    )
    assert answer("agent:a", "secret.read", "secret:global/x", "--capability", "SecretsRead") == "allow"
    assert answer("agent:a", "secret.read", "secret:global/openai_api_key", "--approved") == "allow"


def test_explain_knows_what_the_vault_knows(call):
    """Hazard P33: what was explained was not what would be decided."""
    asked = ("policy", "explain", "agent:planner", "secret.read", "secret:global/x")
    assert call("--json", *asked).error["code"] == "principal_missing"
    assert call("principals", "grant", "agent:planner").code == 0
    assert call("--json", *asked).json["answer"] == "deny"
    assert call("principals", "grant", "agent:planner", "--capability", "SecretsRead").code == 0
    assert call("--json", *asked).json["answer"] == "allow"
    assert call("--json", *asked, "--capability", "Network").json["answer"] == "deny", (
        "what the options say counts"
    )
    channel = (
        "policy",
        "explain",
        "channel:slack:T1",
        "secret.read",
        "secret:channel:slack:T1/x",
        "--voucher",
        "service:g",
    )
    call("principals", "grant", "channel:slack:T1")
    assert call("--json", *channel).error["code"] == "principal_missing"
    assert call("principals", "grant", "service:g", "--speaks-for", "channel:slack:T1").code == 0
    assert call("--json", *channel).json["answer"] == "allow"


@pytest.mark.parametrize(
    ("words", "code"),
    [(("1000", "vault.gc", "vault:own"), 2), (("user:1", "vault.gc", "own"), 2),
     (("user:1", "vault.gc", "vault:own", "--speaks-for", "x"), 2)],
)  # fmt: skip
def test_explain_refuses_what_is_no_request(call, words, code):
    assert call("policy", "explain", *words, "-b", "default").code == code


def test_a_table_of_cases(call, folder):
    ran = call("policy", "test", "-", "-b", str(folder), stdin=CASES.encode())
    assert (ran.code, ran.text.splitlines()[-1]) == (0, "1 of 1 as expected")
    wrong = call(
        "--json", "policy", "test", "-", "-b", str(folder), stdin=CASES.replace("approval", "deny").encode()
    )
    assert wrong.code == 9
    assert wrong.json["failed"][0]["got"] == "approval secret.read.approval_required"
    assert call("policy", "test", "-", "-b", str(folder), stdin=b"[[case]]").code == 2


def test_diff_lists_concrete_requests(call, folder):
    found = call("policy", "diff", "--json", "--limit", "3", "default", str(stricter(folder))).json
    assert len(found["changed"]) == 3
    assert found["more"]
    assert {(each["action"], each["new"]) for each in found["changed"]} == {("vault.gc", "deny house.no_gc")}
    same = call("policy", "diff", "default", "default")
    assert (same.code, same.text) == (0, "0 requests get another answer\n")


def test_diff_of_what_was_asked_in_this_vault(call, folder):
    """Made-up requests say nothing of who would be stopped tomorrow."""
    stricter(folder)
    assert call("policy", "diff", "--log", "100", "default", str(folder), "--json").json["changed"] == []
    assert call("vault", "gc").code == 0
    call("vault", "gc")
    (changed,) = call("policy", "diff", "--log", "100", "default", str(folder), "--json").json["changed"]
    assert changed["action"] == "vault.gc"
    assert changed["who"].startswith(f"{system_principal()} (Owner")
    assert (changed["old"], changed["new"]) == ("allow", "deny house.no_gc")
    few = call(
        "policy", "diff", "--log", "1", "default", str(folder), "--json"
    ).json  # its own look is the newest
    assert few["changed"] == []


def test_apply_rollback_and_who_decides_after_it(call, folder):
    assert call("policy", "apply", str(stricter(folder))).code == 2, "there is nobody to confirm"
    applied = call("--json", "policy", "apply", "--yes", str(folder)).json
    assert applied["version"] == 1
    assert call("policy", "explain", *OWNER, "--json").json["code"] == "house.no_gc"
    assert call("policy", "explain", *OWNER, "-b", "previous", "--json").json["code"] == "policy.allow"
    assert call("policy", "rollback", "--yes").code == 0
    assert call("policy", "explain", *OWNER, "--json").json["code"] == "policy.allow"
    assert call("policy", "rollback", "--yes").code == 0
    assert call("policy", "show", "--json").json["version"] == 2


def test_what_is_exported_is_what_was_applied(call, folder, tmp_path):
    call("policy", "apply", "--yes", str(stricter(folder)))
    assert call("policy", "export", str(tmp_path / "again")).code == 0
    for name in ("organisation.cedar", "bundle.toml"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
    assert call("policy", "export", str(tmp_path / "again")).code == 7, "nothing is overwritten"


def test_nothing_was_in_force_before_the_first(call):
    outcome = call("--json", "policy", "rollback", "--yes")
    assert (outcome.code, outcome.error["code"]) == (3, "policy_previous_missing")


def test_fmt_lays_files_out_and_says_which(call, tmp_path):
    file = tmp_path / "a.cedar"
    file.write_text('@id("a") permit(principal,action,resource)when{ true};// why\n')
    file.chmod(0o640)
    assert call("policy", "fmt", "--check", str(file)).code == 9
    assert call("policy", "fmt", str(file)).code == 0
    assert sys.platform == "win32" or file.stat().st_mode & 0o777 == 0o640
    laid_out = file.read_text()
    assert "// why" in laid_out
    assert laid_out.startswith('@id("a")\npermit (principal, action, resource)\n')
    again = call("--json", "policy", "fmt", "--check", str(file))
    assert (again.code, again.json) == (0, {"changed": []})
    file.write_text("(" * 100)
    assert call("policy", "fmt", str(file)).code == 2
    assert file.read_text() == "(" * 100


def test_the_files_of_the_kernel_are_laid_out_as_cedar_does(call, tmp_path):
    from palyra_kernel.policy.bundle.files import built_in

    for name in ("rails.cedar", "organisation.cedar"):
        (tmp_path / name).write_text(built_in(name))
        (tmp_path / name).chmod(0o600)
        assert call("policy", "fmt", "--check", str(tmp_path / name)).code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_a_folder_that_others_can_write_is_refused(call, folder):
    (folder / "bundle.toml").chmod(0o666)
    assert call("policy", "check", str(folder)).code == 4
    (folder / "bundle.toml").unlink()
    (folder / "bundle.toml").symlink_to("/dev/null")
    assert call("policy", "check", str(folder)).code == 4
    assert call("policy", "check", str(folder / "none")).code == 3


def test_damaged_policies_are_exit_code_8(call):
    from palyra_kernel import Kernel
    from palyra_kernel.policy.store import POLICIES
    from palyra_kernel.records import Change

    state_root, config_dir = call.places[1], call.places[3]
    with Kernel.open(state_root=state_root, config_dir=config_dir, plugins=["file"]) as kernel:
        change = Change()
        change.put(POLICIES.key("active"), json.dumps({"format": 1}).encode())
        kernel._records.commit(change)
    outcome = call("--json", "policy", "show")
    assert (outcome.code, outcome.error["code"]) == (8, "policy_damaged")
    assert call("policy", "apply", "--yes", "default").code == 0
    assert call("policy", "show", "--json").json["version"] == 0
