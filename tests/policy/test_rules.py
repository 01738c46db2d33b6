"""What does not load: a bundle is right as a whole, or it is not there."""

import pytest

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.values.decisions import Obligation
from tests.policy.asking import DATA, OWNER, answer, bundle, engine_of

ALL = "(principal, action, resource)"


def refused(rules="", data=None, **more):
    with pytest.raises(InvalidInputError) as caught:
        bundle(rules, data, **more)
    assert len(caught.value.message) < 500
    return caught.value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"permit {ALL};", "policy_id"),
        (f'@id("") permit {ALL};', "policy_id"),
        (f"@id permit {ALL};", "policy_id"),
        (f'@id("Upper") permit {ALL};', "policy_id"),
        (f'@id("a b") permit {ALL};', "policy_id"),
        (f'@id("{"a" * 65}") permit {ALL};', "policy_id"),
        (f'@id("own-scope") forbid {ALL};', "policy_id"),
        (f'@id("rail-voucher") forbid {ALL};', "policy_id"),
        (f'@id("a") forbid {ALL}; @id("a") forbid {ALL};', "policy_id"),
        (f'@id("a") @id("b") permit {ALL};', "policy_syntax"),
        (f'@id("a") permit {ALL}', "policy_syntax"),
        ('@id("a") permit (principal, action);', "policy_syntax"),
        (f'@id("a") allow {ALL};', "policy_syntax"),
        ("};", "policy_syntax"),
        ('@id("a") permit (principal == ?principal, action, resource);', "policy_syntax"),
        ('@id("a") permit (principal == Person::"x", action, resource);', "policy_invalid"),
        ('@id("a") permit (principal, action == Action::"secret.raed", resource);', "policy_invalid"),
        ('@id("a") permit (principal in Role::"Ownr", action, resource);', "policy_invalid"),
        (f'@id("a") permit {ALL} when {{ context.nothing }};', "policy_invalid"),
        (f'@id("a") forbid {ALL} when {{ context.tool == "x" }};', "policy_invalid"),
        (f'@id("a") forbid {ALL} when {{ context.mtls == "x" }};', "policy_invalid"),
        (f'@id("a") forbid {ALL} when {{ principal.blocked }};', "policy_invalid"),
        (f'@id("a") @note("x") permit {ALL};', "policy_annotation"),
        (f'@id("a") @code("x.y") permit {ALL};', "policy_annotation"),
        (f'@id("a") @approval("x.y") permit {ALL};', "policy_annotation"),
        (f'@id("a") @approval("x.y") forbid {ALL};', "policy_annotation"),
        (f'@id("a") @quorum("2") forbid {ALL};', "policy_annotation"),
        (f'@id("a") @code("policy.allow") forbid {ALL};', "policy_annotation"),
        (f'@id("a") @code("policy.allowed.no") forbid {ALL};', "policy_annotation"),
        (f'@id("a") @code("Not A Code") forbid {ALL};', "policy_annotation"),
        (f'@id("a") @code("{"a." * 40}a") forbid {ALL};', "policy_annotation"),
    ],
)
def test_texts_that_do_not_load(text, code):
    """Hazards P12 and C2: missing and duplicate ids were accepted, reasons were called policy0 to policy8, and rules
    were compared with no schema."""
    assert refused(text).code == code


@pytest.mark.parametrize(
    "note",
    ['@approvers("Owner,Root")', '@approvers("")', '@approvers("Owner,Owner")', '@quorum("0")', '@quorum("-1")',
     '@quorum("two")', '@quorum("101")', '@quorum("\u0662")', '@max_ttl("0")', '@max_ttl("9999999999")',
     '@options("always")', '@options("once,,session")', '@self_decision("yes")', '@self_decision', '@code("a.b")'],
)  # fmt: skip
def test_annotations_of_an_approval_are_strict(note):
    rule = f'@id("a") @approval("x.y") {note} forbid {ALL} unless {{ context.approved }};'
    assert refused(rule).code == "policy_annotation"


def test_annotations_become_an_obligation():
    rule = f"""@id("a") @doc("any words") @approval @approvers("Admin, Owner") @quorum("2") @max_ttl("60")
    @options("once") @self_decision("allow") forbid {ALL} unless {{ context.approved }};"""
    (found,) = (rule for rule in bundle(rule).rules if rule.id == "a")
    assert found.obligation == Obligation(
        code="policy.explicit_approval_required",
        approvers=("Owner", "Admin"),
        quorum=2,
        max_ttl_seconds=60,
        options=("once",),
        self_decision=True,
    )


def test_a_condition_that_is_too_long_is_refused_and_not_half_read():
    """A chain of || is as deep as it is long where rules are read; it must not end in a crash."""
    chain = " || ".join(f'context.session == "{number}"' for number in range(5_000))
    assert refused(f'@id("long") forbid {ALL} when {{ {chain} }};').code == "policy_too_deep"
    several = " || ".join(f'context.session == "{number}"' for number in range(120))
    engine = engine_of(f'@id("long") forbid {ALL} when {{ {several} }};')
    assert answer(engine, OWNER, "secret.read", "secret:global/x", session="119") == "deny policy.deny.rule"
    assert answer(engine, OWNER, "secret.read", "secret:global/x", session="120") == "allow"


def test_only_the_organisation_may_permit():
    """A permit in a lower layer does not load."""
    permit = f'@id("a") permit {ALL};'
    assert refused(main=permit).code == "policy_permit"
    with pytest.raises(InvalidInputError) as caught:
        Bundle.default().session_layer(permit)
    assert caught.value.code == "policy_permit"


def test_errors_name_the_file_and_the_line():
    error = refused(main="\n\n" + "(" * 40)
    assert error.message.startswith("workspaces/main.cedar: line 3")


@pytest.mark.parametrize(
    "data",
    ["allowed_tools = 1", "unknown = []", "allowed_tools = [1]", "x", "[tools.a]\nrisk = 1", 'tools = ["a"]',
     'marked_refs = ["global/"]', 'sensitive_actions = ["vault.gcc"]', 'tool_principals = ["nobody"]',
     'tool_channels = ["user:1"]', "allowed_tools = []\nallowed_tools = []", 'allowed_tools = [""]', "\0"],
)  # fmt: skip
def test_data_is_strict(data):
    assert refused(data=data).code == "bundle_data"


@pytest.mark.parametrize(
    "name", ["other.toml", "x.cedar", "workspaces/../x.cedar", "workspaces/a/b.cedar", "../organisation.cedar",
             "organisation.cedar\n", "rails.cedar", "schema.cedarschema", "Organisation.cedar"],
)  # fmt: skip
def test_other_files_are_no_part_of_a_bundle(name):
    files = Bundle.default().files | {name: ""}
    with pytest.raises(InvalidInputError) as caught:
        Bundle(files)
    assert caught.value.code == "bundle_files"


@pytest.mark.parametrize("missing", ["organisation.cedar", "bundle.toml"])
def test_both_files_are_needed(missing):
    files = {name: text for name, text in Bundle.default().files.items() if name != missing}
    with pytest.raises(InvalidInputError) as caught:
        Bundle(files)
    assert caught.value.code == "bundle_files"


def test_the_digest_is_over_everything_that_decides():
    same, other = bundle().digest, []
    other.append(bundle("// a comment counts").digest)
    other.append(bundle(data=DATA + "\n").digest)
    other.append(bundle(main="").digest)
    files = bundle().files
    other.append(Bundle(files, rails="").digest)
    other.append(Bundle(files, schema=bundle().schema + "\n").digest)
    assert bundle().digest == same
    assert len({same, *other}) == 6


def test_an_empty_organisation_denies_everything():
    engine = engine_of(base="// nothing")
    assert answer(engine, OWNER, "vault.gc", "vault:own") == "deny policy.baseline_deny"


def test_a_folder_is_loaded_like_its_files(tmp_path):
    made = bundle(main=f'@id("w") forbid {ALL};')
    (tmp_path / "workspaces").mkdir()
    for name, text in made.files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "cases.toml").write_text("# tests of them")
    assert Bundle.load(tmp_path).digest == made.digest
    (tmp_path / "organistion.cedar").write_text("")
    with pytest.raises(InvalidInputError, match="no file of a bundle"):
        Bundle.load(tmp_path)
    (tmp_path / "organistion.cedar").rename(tmp_path / "organisation-2.cedar")
    (tmp_path / "organisation-2.cedar").write_bytes(b"\xff")
    with pytest.raises(InvalidInputError) as caught:
        Bundle.load(tmp_path)
    assert caught.value.code == "bundle_files"
