"""``auth_profile_runtime_state.toml``: any bytes are read, and what they say is bounded and stable."""

from palyra_kernel.auth.documents.runtime import RuntimeDocument, RuntimeLine, read_runtime, written_runtime
from palyra_kernel.auth.names import GLOBAL, Provider
from palyra_kernel.auth.profile import ApiKey, Profile

JSON = False
NOW = 1_800_000_000_000
DAY = 24 * 3_600_000


def seeds():
    whole = f"""version = 1
x = [1, {{a = 2}}]
[[records]]
profile_id = "main"
provider = "openai"
failure_count = 3
last_failure_kind = "quota"
last_used_unix_ms = {NOW - 9}
last_failure_unix_ms = {NOW - 5}
cooldown_until_unix_ms = {NOW + 1000}
y = nan
[[records]]
profile_id = "work"
cooldowns = {{rate_limit = {{until_unix_ms = {2**63 - 1}, count = 2, last_unix_ms = {NOW + 5}}}}}
[[profile_orders]]
scope = "agent:bob"
provider = "openai"
profile_ids = ["main", "WORK", "main"]
z = 3
[[profile_defaults]]
scope = "global"
provider = "custom:acme"
profile_id = "work"
"""
    return {
        "whole": whole.encode(),
        "no-record": b"version = 1\nrecords = [5, {}, {profile_id = 'a b'}]\n",
        "no-list": b"version = 1\nrecords = 5\n",
        "order-of-all": b"version = 1\n[[profile_orders]]\nscope = 'global'\nprofile_ids = ['a']\n",
        "newer": b"version = 2\n",
        "older": b"version = 0\n",
        "latin": b"version = 1\nx = '\xe9'\n",
        "deep": b"version = 1\nx = " + b"[" * 4000,
    }


def check(data: bytes) -> None:
    document = read_runtime(data, NOW)
    for problem in document.problems:
        assert problem.message.isprintable()
    for state in document.states.values():
        assert max((state.last_used_ms, state.last_success_ms, state.last_failure_ms)) <= NOW
        for cooldown in state.cooldowns.values():
            assert 0 <= cooldown.until_ms <= NOW + DAY
            assert 0 <= cooldown.count < 2**32
    if document.lost:
        assert not document.states
        return
    text = _written(document)
    again = read_runtime(text.encode(), NOW)
    assert (again.states, again.choices, again.problems) == (document.states, document.choices, ())
    assert _written(again) == text


def _written(document: RuntimeDocument) -> str:
    lines = [
        RuntimeLine(
            profile=Profile(
                id=each, provider=Provider("openai"), name=each, scope=GLOBAL, credential=ApiKey()
            ),
            state=state,
            token="static",
            eligibility="eligible",
        )
        for each, state in document.states.items()
    ]
    return written_runtime(lines, document.choices, NOW, document.unknown)
