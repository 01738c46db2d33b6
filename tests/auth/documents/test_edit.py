"""Export, an editor, and the import of what differs."""

import pytest
from msgspec.structs import replace

from tests.auth.documents.desk import document, key_row, oauth_row, ref
from tests.session.house import ME


@pytest.fixture
def base(desk):
    desk.take(document(key_row("main"), key_row("spare"), oauth_row("work")))
    return desk.export()


def edited(desk, base, before, after):
    assert before in base.registry
    return desk.plan(base.registry.replace(before, after, 1).encode(), base=base)


def acts(plan):
    return {step.id: step.code or step.act for step in plan.registry.steps}


def test_only_what_was_changed_counts(desk, base):
    """Hazard H20 of auth profiles: whoever edits an old copy takes nobody else's change back."""
    with desk.kernel.session(ME) as session:
        session.auth.save(replace(desk.profiles["spare"], name="Meanwhile"))
    plan = edited(desk, base, 'profile_name = "Main"', 'profile_name = "Mine"')
    assert acts(plan) == {"main": "change", "spare": "same", "work": "same"}
    assert list(plan.lines()) == ["~ main", '    profile_name: "Main" -> "Mine"']
    with desk.kernel.session(ME) as session:
        session.auth.documents.apply(plan)
    assert [desk.profiles[each].name for each in ("main", "spare")] == ["Mine", "Meanwhile"]


def test_a_version_that_is_not_the_present_one_is_a_conflict(desk, base):
    """Hazard H20 of auth profiles: a stale version is a conflict; of two writers one wins."""
    plan = edited(desk, base, 'profile_name = "Main"', 'profile_name = "Mine"')
    with desk.kernel.session(ME) as session:
        session.auth.save(replace(desk.profiles["main"], name="Meanwhile"))
        (done,) = session.auth.documents.apply(plan)
    assert (done.act, done.code) == ("refused", "profile_changed")
    again = edited(desk, base, 'profile_name = "Main"', 'profile_name = "Mine"')
    assert acts(again)["main"] == "profile_changed"
    assert desk.profiles["main"].name == "Meanwhile"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("failure_count = 0", "failure_count = 9"),
        ("failure_count = 0", "failure_count = 0\nnext_allowed_refresh_unix_ms = 5"),
        ('scopes = ["Mail.Read", "read"]', 'scopes = ["Mail.Read", "read"]\nexpires_at_unix_ms = 5'),
    ],
)
def test_runtime_fields_are_nobodys_to_write(desk, base, before, after):
    """Hazard H20 of auth profiles: a request could inject backoff state."""
    assert acts(edited(desk, base, before, after))["work"] == "runtime_fields"


def test_a_row_that_was_taken_out_ends_nothing(desk, base):
    """A profile ends by logging out, which revokes its tokens; a line that is deleted by accident revokes nothing."""
    text = base.registry.replace('profile_id = "spare"', 'profile_id = "new"')
    plan = desk.plan(text.replace(_digest("spare"), _digest("new")).encode(), base=base)
    assert acts(plan) == {"main": "same", "new": "add", "spare": "not_in_document", "work": "same"}
    with desk.kernel.session(ME) as session:
        session.auth.documents.apply(plan)
    assert set(desk.profiles) == {"main", "new", "spare", "work"}


def test_another_endpoint_waits_for_a_human(desk, base):
    """Hazard H48 and invariant I7 of auth profiles: changing where a token goes needs an approval."""
    plan = edited(desk, base, "https://auth.example/token", "https://evil.example/token")
    assert acts(plan)["work"] == "change"
    with desk.kernel.session(ME) as session:
        (done,) = session.auth.documents.apply(plan)
    assert (done.act, done.code) == ("refused", "profile.endpoint.approval_required")
    assert desk.profiles["work"].credential.metadata.token_endpoint == "https://auth.example/token"


def test_orders_and_defaults_are_edited_and_use_is_not(desk, base):
    """Hazard H20 of auth profiles: what use has shown is not written by hand."""
    desk.choices.order("openai", ["main", "spare"])
    desk.choices.use("spare")
    base = desk.export()
    text = base.runtime.replace('profile_ids = ["main", "spare"]', 'profile_ids = ["spare"]')
    text = text[: text.index("[[profile_defaults]]")].replace(
        "failure_count = 0", 'failure_count = 3\nlast_failure_kind = "quota"', 1
    )
    plan = desk.plan(None, text.encode(), base=base)
    assert [problem.code for problem in plan.runtime.problems] == ["runtime_fields"]
    with desk.kernel.session(ME) as session:
        session.auth.documents.apply(plan)
    choices = desk.choices.read()
    assert [list(ids) for ids in choices.orders.values()] == [["spare"]]
    assert choices.defaults == {}


def test_a_runtime_document_that_is_broken_changes_nothing(desk, base):
    desk.choices.order("openai", ["main"])
    before = desk.export()
    plan = desk.plan(None, b"version = 1\n[[records", base=before)
    assert plan.empty
    assert [problem.code for problem in plan.runtime.problems] == ["invalid_document"]
    with desk.kernel.session(ME) as session:
        session.auth.documents.apply(plan)
    assert desk.export() == before


def _digest(id):
    return ref(id, "x").split("_")[2]
