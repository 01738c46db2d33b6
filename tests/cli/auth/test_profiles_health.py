"""``palyra auth profiles health`` and ``doctor``: what is wrong, and the command that mends it."""

from __future__ import annotations

from tests.auth.script import error, status


def test_health_counts_and_opens_nothing(auth, vendor, opened):
    """Hazard H45 of auth profiles: health decrypted and refreshed. Hazard H53: a read wrote."""
    auth.logged_in("work")
    auth.key("key")
    asked, before = len(vendor.requests), auth.records()
    opened.clear()
    found = auth("profiles", "health", "--json").json
    text = auth("profiles", "health").text
    assert auth("profiles", "doctor").code == 0
    assert (opened, len(vendor.requests), auth.records()) == ([], asked, before)
    assert (found["grade"], found["summary"]["total"], found["summary"]["static_count"]) == ("healthy", 2, 1)
    assert text.startswith("healthy: 2 profiles, 1 ok, 1 static\n")


def test_health_of_one_agent(auth):
    """Hazard H14 of auth profiles: a look at one agent took everybody's profiles."""
    auth.key("mine", "--for", "agent:planner")
    auth.key("its", "--for", "agent:writer")
    auth.key("all")
    found = auth("profiles", "health", "--agent", "planner", "--json").json
    assert [each["profile_id"] for each in found["profiles"]] == ["all", "mine"]


def test_doctor_names_what_mends_it(auth, vendor):
    auth.logged_in("work")
    assert auth("profiles", "doctor").text == "nothing to report\n"
    vendor.script(error("invalid_grant"))
    auth("profiles", "refresh", "work")
    done = auth("profiles", "doctor", "--json")
    assert done.code == 9
    assert [(each["code"], each["hint"]) for each in done.json["findings"]] == [
        ("reauth_required", "palyra auth login custom:acme --id work")
    ]
    everything = auth.call("doctor", "--json").json["findings"]
    assert "reauth_required" in [each["code"] for each in everything]
    auth.logged_in("work")
    assert auth("profiles", "doctor").code == 0


def test_doctor_knows_of_logouts_that_wait_and_finishes_them(auth, vendor):
    """Hazard H42 of auth profiles: a revocation that failed was forgotten."""
    auth.logged_in("work")
    vendor.always(status(503), path="/revoke")
    auth("logout", "work", "--yes")
    done = auth("profiles", "doctor", "--strict", "--json")
    assert (done.code, [each["code"] for each in done.json["findings"]]) == (9, ["revocation_waiting"])
    assert auth("profiles", "doctor").code == 0
    assert auth("profiles", "doctor", "--tidy").code == 0
