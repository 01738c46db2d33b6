"""Health, hints and findings: from records alone."""

import pytest
from msgspec.structs import replace

from palyra_kernel import SecretRef
from palyra_kernel.auth.documents.exporting import exported
from palyra_kernel.auth.family import Suspicion
from palyra_kernel.auth.health import ALL_BUCKETS
from palyra_kernel.auth.names import GLOBAL, ProfileScope, Provider
from palyra_kernel.auth.profile import FromSource, Profile
from palyra_kernel.kernel.health import kernel_findings
from palyra_kernel.records import Change
from tests.auth.script import error
from tests.auth.vendor import Vendor
from tests.auth.world import Time, auth_of, keyed, login
from tests.support import Places


@pytest.fixture(scope="module")
def vendor():
    with Vendor() as made:
        yield made


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path)


@pytest.fixture
def kernel(places):
    with places.create() as made:
        yield made


@pytest.fixture
def auth(kernel, time):
    made = auth_of(kernel, time.clock)
    yield made
    made.close()


def looked(auth, id="main"):
    return next(each for each in auth.health().profiles if each.profile_id == id)


def hint(auth, id="main"):
    found = looked(auth, id).hint
    return None if found is None else (found.code, found.severity)


def test_the_states_and_their_hints(auth, vendor, time):
    """Health of the first state that fits: ok, expiring (15 minutes), expired, missing, static."""
    login(auth, vendor)
    keyed(auth, "sk", "key")
    assert (looked(auth).state, looked(auth).grade, hint(auth)) == ("ok", "healthy", None)
    assert (looked(auth, "key").state, looked(auth, "key").grade, hint(auth, "key")) == (
        "static",
        "healthy",
        None,
    )
    time.pass_by(3600 - 15 * 60)
    assert (looked(auth).state, looked(auth).grade) == ("expiring", "degraded")
    assert hint(auth) == ("refresh_due", "warning")
    time.pass_by(15 * 60)
    assert (looked(auth).state, looked(auth).grade) == ("expired", "failed")
    assert hint(auth) == ("token_expired", "error")
    health = auth.health()
    assert health.grade == "failed"
    counts = health.summary
    assert (counts.total, counts.ok, counts.expired, counts.static_count) == (2, 0, 1, 1)


def test_a_missing_credential_and_one_that_was_refused(auth):
    """Hazard H17 of auth profiles: a missing profile or secret stopped the start; it is listed, and only calls that
    need it fail."""
    for name in ("main", "other"):
        auth.accounts.save(replace(keyed(auth, "sk", f"{name}-spare"), id=name))
    provider = Provider.parse("custom:vendor")
    auth.parts.states.failed("other", "auth_invalid", provider, now_ms=auth.parts.clock.now_ms() - 10**9)
    assert (looked(auth).state, hint(auth)) == ("missing", ("credential_missing", "error"))
    assert hint(auth, "other") == ("auth_invalid", "error")
    assert auth.get_token("main-spare").reveal() == b"sk"


def test_a_cooldown_is_named_by_its_reason(auth, time):
    keyed(auth, "sk", "main")
    auth.report(auth.get_token("main"), "rate_limit")
    assert hint(auth) == ("rate_limit_cooldown", "warning")
    assert looked(auth).grade == "degraded"
    assert "palyra auth profiles clear main" in [found.hint for found in auth.health().findings()]
    time.pass_by(120)
    assert hint(auth) is None


def test_terminal_states_come_first(auth, vendor):
    """Hazard H6 of auth profiles: `revoked` and `unsupported` were unreachable."""
    login(auth, vendor, "ended")
    keyed(auth, "sk", "off")
    auth.accounts.save(replace(keyed(auth, "sk", "alien"), adapter="nobody"))
    vendor.script(error("invalid_grant"))
    auth.refresh("ended")
    auth.parts.families.update("off", lambda seen: replace(seen, terminal="disabled"))
    assert hint(auth, "ended") == ("reauth_required", "error")
    assert hint(auth, "off") == ("profile_disabled", "info")
    assert hint(auth, "alien") == ("adapter_missing", "error")
    graded = {each.profile_id: each.eligibility for each in auth.health().profiles}
    assert graded == {"ended": "revoked", "off": "disabled", "alien": "unsupported"}


def test_a_suspect_family_is_told(auth, vendor):
    """Hazard H37 of auth profiles: that a refresh may have been lost is shown, and by what command it is found out."""
    login(auth, vendor)
    auth.parts.families.update("main", lambda seen: replace(seen, suspicion=Suspicion(since_ms=1)))
    assert looked(auth).suspect
    assert hint(auth) == ("suspect", "warning")


def test_the_histogram_of_ends(auth, vendor, time):
    """Each bucket has its profile: expired, up to 5, 15 and 60 minutes, 24 hours, later, unknown, static, missing."""
    ends = {"a": 1, "b": 240, "c": 600, "d": 3000, "e": 80_000, "f": 10**6, "g": 3600}
    for name, seconds in ends.items():
        login(auth, vendor, name, lifetime=seconds + 1)
    auth.parts.families.update("g", lambda seen: replace(seen, expires_at_ms=None, due_ms=None))
    keyed(auth, "sk", "h")
    auth.accounts.save(replace(keyed(auth, "sk", "h"), id="i"))
    time.pass_by(2)
    assert auth.health().expiry_distribution == dict.fromkeys(ALL_BUCKETS, 1)


def test_health_of_an_agent_is_of_what_it_sees(auth):
    """Hazard H14 of auth profiles: without an agent, every agent's private profiles were taken."""
    for scope in ("global", "agent:bob", "agent:eve"):
        keyed(auth, "sk", scope.replace(":", "-"), scope=scope)
    seen = auth.health((ProfileScope("agent", "bob"), GLOBAL)).profiles
    assert [each.profile_id for each in seen] == ["agent-bob", "global"]


def test_nothing_is_opened_and_nothing_is_written(kernel, auth, vendor, places, monkeypatch):
    """Hazard H45 and invariant I9 of auth profiles: health and selection decrypted every secret, and rewrote files."""
    login(auth, vendor)
    keyed(auth, "sk", "key")
    auth.accounts.save(
        Profile(
            id="source",
            provider=Provider("openai"),
            name="source",
            scope=GLOBAL,
            credential=FromSource(ref=SecretRef.parse("env://KEY")),
        )
    )
    opened: list[object] = []
    for name in ("open", "fetch"):
        monkeypatch.setattr(type(kernel._objects), name, lambda *given: opened.append(given))
    before, calls = kernel._records.check_head(), vendor.counts["requests"]
    contents = [path.read_bytes() for path in places.files()]
    auth.health()
    auth.explain("custom:vendor")
    exported(auth.parts)
    list(auth.health().findings())
    assert opened == []
    assert kernel._records.check_head() == before
    assert [path.read_bytes() for path in places.files()] == contents
    assert vendor.counts["requests"] == calls


def test_doctor_shows_profiles(kernel):
    """Hazard H17 of auth profiles: doctor lists what is wrong, and nothing of it stops the start."""
    auth = kernel.auth
    auth.accounts.save(replace(keyed(auth, "sk", "spare"), id="main"))
    codes = {(finding.code, finding.subject) for finding in kernel_findings(kernel)}
    assert ("credential_missing", "profile main") in codes


def test_a_damaged_record_is_counted_and_the_others_work(kernel, auth):
    """Hazard H36 and invariant I10 of auth profiles: a corrupt record is set apart and reported."""
    keyed(auth, "sk", "main")
    change = Change()
    change.put(auth.parts.registry.key("bad"), b"{")
    change.put(auth.parts.families.key("main"), b"{")
    kernel._records.commit(change)
    health = auth_of(kernel).health()
    assert health.damaged == 1
    assert [each.hint.code for each in health.profiles if each.hint] == ["family_damaged"]
    assert "profiles_damaged" in {finding.code for finding in health.findings()}


def test_counts_of_refreshes(auth, vendor):
    """Hazard H60 of auth profiles: a custom provider shared the real one's counts."""
    login(auth, vendor, "one")
    login(auth, vendor, "two", provider="custom:other")
    auth.refresh("one")
    vendor.script(error("server_error", 500))
    auth.refresh("two")
    total = auth.health().refresh_metrics
    assert (total.attempts, total.successes, total.failures) == (2, 1, 1)
    by_provider = auth.metrics.by_provider
    assert by_provider["custom:vendor"].successes == 1
    assert by_provider["custom:other"].failures == 1
