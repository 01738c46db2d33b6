"""``auth_profiles.toml``: what is taken goes out and comes in again as the same, and what is unknown is kept."""

import re
import tomllib

from palyra_kernel.auth.documents.canonical import reference
from palyra_kernel.auth.documents.registry import RegistryDocument, read_registry, written_registry
from palyra_kernel.auth.names import GLOBAL
from tests.fuzz.oracles import result

JSON = False
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_KEY = f"""version = 1
later = {{a = [1, {{b = 2}}]}}
[[profiles]]
profile_id = "main"
profile_name = "Main"
created_at_unix_ms = 5
when = 1979-05-27T07:32:00Z
[profiles.provider]
kind = "openai"
[profiles.scope]
kind = "global"
[profiles.credential]
type = "api_key"
api_key_vault_ref = "{reference("main", GLOBAL, "api_key")}"
"""
_LOGIN = f"""version = 0
[[profiles]]
profile_id = "work"
profile_name = "Work"
weight = 7
[profiles.provider]
kind = "custom"
custom_name = "acme"
x = inf
[profiles.scope]
kind = "global"
[profiles.credential]
type = "oauth"
access_token_vault_ref = "{reference("work", GLOBAL, "oauth_access_token")}"
refresh_token_vault_ref = "{reference("work", GLOBAL, "oauth_refresh_token")}"
token_endpoint = "https://auth.example/token"
scopes = ["read", "Mail.Read"]
expires_at_unix_ms = 77
[profiles.credential.endpoints]
issuer = "https://auth.example"
authorize_parameters = {{audience = "x"}}
y = "\\u007f"
[profiles.credential.refresh_state]
failure_count = 2
last_error = "http_status"
"""


def seeds():
    return {
        "key": _KEY.encode(),
        "login": _LOGIN.encode(),
        "foreign": _KEY.replace("global/", "skill:mail/").encode(),
        "agent": _KEY.replace('kind = "global"', 'kind = "agent"\nagent_id = "Bob"').encode(),
        "source": _KEY.replace('"api_key"', '"source"\nsource = {ref = "env://KEY"}').encode(),
        "bidi": _KEY.replace('"Main"', '"\u202eMain"').encode(),
        "twice": (_KEY + _KEY.partition("[[profiles]]")[1] + _KEY.partition("[[profiles]]")[2]).encode(),
        "no-table": b"version = 1\nprofiles = [5, {}]\n",
        "newer": b"version = 2\n",
        "deep": b"version = 1\nx = " + b"[" * 40 + b"]" * 40,
        "deeper": b"version = 1\nx = " + b"[" * 4000,
        "digits": b"version = 1\nx = " + b"9" * 5000,
        "latin": b"version = 1\nx = '\xe9'\n",
        "dotted": b'version = 1\n"a b".c."\\n" = 1\n',
    }


def check(data: bytes) -> None:
    document = result(read_registry, data)
    if document is None:
        return
    for row in document.quarantined:
        assert _CODE.fullmatch(row.code)
        assert row.message.isprintable()
        assert row.id.isprintable()
    given = tomllib.loads(data.decode())
    text = _written(document)
    tables = tomllib.loads(text)
    for name in given.keys() - {"version", "profiles"}:
        assert repr(tables[name]) == repr(given[name])  # what is no number is not equal to itself
    again = read_registry(text.encode())
    assert {each: (row.profile, row.facts) for each, row in again.rows.items()} == {
        each: (row.profile, row.facts) for each, row in document.rows.items()
    }
    assert _written(again) == text


def _written(document: RegistryDocument) -> str:
    rows = [(row.profile, row.facts) for row in document.rows.values()]
    return written_registry(rows, document.quarantined, document.unknown)
