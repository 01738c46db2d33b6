"""An id_token: what has to be true of one before a login ends well (hazard H52)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from joserfc import jwk, jwt

from palyra_kernel.auth.login.id_token import SIGNATURES, check_id_token
from palyra_kernel.auth.profile import OAuthLogin
from palyra_kernel.contracts.oauth import OAuthMetadata
from palyra_kernel.errors import IntegrityError, PalyraError
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.auth.script import Step, error, status

NOW = 1_800_000_000
ISSUER = "https://auth.example.com"
KEYS: dict[str, Any] = {
    "ES256": jwk.generate_key("EC", "P-256", parameters={"kid": "es"}),
    "RS256": jwk.generate_key("RSA", 2048, parameters={"kid": "rs"}),
    "Ed25519": jwk.generate_key("OKP", "Ed25519", parameters={"kid": "ed"}),
}
SHOWN = {"keys": [key.as_dict(private=False) for key in KEYS.values()]}
GOOD = {"iss": ISSUER, "aud": "client", "sub": "alice", "nonce": "n", "iat": NOW, "exp": NOW + 300}


def made(algorithm="ES256", header=None, key=None, **claims):
    said = {name: value for name, value in (GOOD | claims).items() if value is not None}
    chosen = KEYS[algorithm] if key is None else key
    head = {"alg": algorithm, "kid": chosen.kid} | (header or {})
    return jwt.encode({k: v for k, v in head.items() if v is not None}, said, chosen, algorithms=[algorithm])


def check(token, *, shown=None, nonce=b"n", **metadata):
    given = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"} | metadata
    check_id_token(
        None if token is None else SensitiveBytes(token.encode()),
        OAuthLogin(metadata=OAuthMetadata(**given), client_id="client", scopes=("openid",)),
        lambda: SHOWN if shown is None else shown,
        nonce=None if nonce is None else SensitiveBytes(nonce),
        now_seconds=NOW,
    )


def code_of(*args, **more):
    with pytest.raises(IntegrityError) as refused:
        check(*args, **more)
    assert "alice" not in f"{refused.value} {refused.value.hint}"
    return refused.value.code


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_good_one_is_taken(algorithm):
    """By each kind of key, with and without the name of the key."""
    check(made(algorithm))
    check(made(algorithm, header={"kid": None}))
    check(made(algorithm, aud=["client"]))
    check(made(algorithm, aud=["client", "other"], azp="client"))


def test_a_signature_that_is_none():
    """Hazard H52 of auth profiles: ``none`` is no signature, and an HMAC with a key that everybody may read is none
    either."""
    head, body, signature = made().split(".")

    def with_head(**fields):
        raw = json.dumps({"alg": "ES256", "kid": "es"} | fields).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    assert code_of(f"{with_head(alg='none')}.{body}.") == "id_token_signature"
    assert code_of(f"{with_head(alg='None')}.{body}.{signature}") == "id_token_signature"
    assert code_of(f"{head}.{body}.") == "id_token_signature"
    assert code_of(f"{head}.{body}.{signature[:-4]}AAAA") == "id_token_signature"
    assert code_of(f"{with_head(alg='RS256')}.{body}.{signature}") == "id_token_signature"
    assert code_of(f"{with_head(crit=['exp'])}.{body}.{signature}") == "id_token_malformed"
    public = jwk.import_key({"kty": "oct", "k": KEYS["RS256"].as_dict(private=False)["n"], "kid": "rs"})
    for algorithm in ("HS256", "HS384", "HS512"):
        assert algorithm not in SIGNATURES
        forged = made(algorithm, key=public)
        assert code_of(forged) == "id_token_signature"
        assert code_of(forged, shown={"keys": [public.as_dict()]}) == "id_token_signature"


def test_a_key_that_is_not_the_issuers():
    """Of another, for another purpose, of another name, or with nothing that could be a key."""
    stranger = jwk.generate_key("EC", "P-256", parameters={"kid": "es"})
    assert code_of(made(key=stranger)) == "id_token_signature"
    own = KEYS["ES256"].as_dict(private=False)
    spoiled: tuple[Any, ...] = (
        {"keys": [own | {"use": "enc"}]},
        {"keys": [own | {"alg": "ES384"}]},
        {"keys": [own | {"kid": "other"}]},
        {
            "keys": [
                {"kty": "EC", "kid": "es"},
                "no key",
                {"kty": "EC", "kid": "es", "crv": 5, "x": [], "y": {}},
            ]
        },
        *({"keys": []}, {"keys": {}}, {}, [], None),
    )
    for shown in spoiled:
        assert code_of(made(), shown=shown or {"none": 1}) == "id_token_signature"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "https://elsewhere.example"}, "issuer"),
        ({"iss": f"{ISSUER}/"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "other"}, "audience"),
        ({"aud": ["other"]}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": ["client", "other"]}, "audience"),
        ({"aud": ["client", "other"], "azp": "other"}, "audience"),
        ({"azp": "other"}, "audience"),
        ({"exp": NOW - 60}, "expired"),
        ({"exp": None}, "expired"),
        ({"exp": "soon"}, "expired"),
        ({"exp": True}, "expired"),
        ({"iat": None}, "expired"),
        ({"iat": NOW + 120}, "expired"),
        ({"nbf": NOW + 120}, "expired"),
        ({"nbf": "later"}, "expired"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": 5}, "nonce"),
    ],
)
def test_claims_that_do_not_fit(claims, code):
    """Hazard H52 of auth profiles: a wrong nonce, audience, issuer or time is refused, signed as it may be."""
    assert code_of(made(**claims)) == f"id_token_{code}"


def test_clocks_may_differ_by_a_minute():
    """No machine's clock is exact."""
    check(made(exp=NOW - 59, iat=NOW - 300))
    check(made(iat=NOW + 59, nbf=NOW + 59))


@pytest.mark.parametrize(
    "token", ["", "a", "a.b", "a.b.c", "....", "e30.e30.", "bnVsbA.bnVsbA.x", "é.é.é", "x" * 20_000]
)
def test_what_is_none_at_all(token):
    """Whatever an issuer sends, nothing but our own error comes of it."""
    assert code_of(token) in ("id_token_malformed", "id_token_signature")


def test_none_where_one_was_asked_for():
    """An issuer that ignores ``openid`` did not do what the human was asked about."""
    assert code_of(None) == "id_token_missing"


def test_an_issuer_without_keys_is_believed_for_its_tls_alone():
    """OpenID Connect Core, 3.1.3.7, 6: what its token endpoint says itself; the claims have to fit all the same."""
    check(made(), jwks_uri="", shown={})
    assert code_of(made(nonce="x"), jwks_uri="") == "id_token_nonce"
    assert code_of(made(exp=NOW - 100), jwks_uri="") == "id_token_expired"


def openid(stand, **more):
    return stand.open(stand.wanted(scopes=("openid", "read"), **more))


def test_a_login_with_openid_ends_well(stand):
    """The nonce of the address is the one in the id_token."""
    assert stand.complete(stand.consent(openid(stand).url)).id == "work"
    assert stand.vendor.counts["GET /jwks"] == 1


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        ({"claims": {"nonce": "another"}}, "id_token_nonce"),
        ({"claims": {"aud": "other"}}, "id_token_audience"),
        ({"claims": {"iss": "https://elsewhere.example"}}, "id_token_issuer"),
        ({"claims": {"exp": 1}}, "id_token_expired"),
        ({"key": jwk.generate_key("EC", "P-256", parameters={"kid": "one"})}, "id_token_signature"),
        ({"id_token": None}, "id_token_missing"),
        ({"id_token": "nonsense"}, "id_token_malformed"),
    ],
)
def test_a_wrong_id_token_costs_the_tokens(stand, spoil, code):
    """Hazard H52 of auth profiles: refused; and hazard H40: what was issued with it is revoked, and nothing is
    stored."""
    for name, value in spoil.items():
        setattr(stand.vendor, name, value)
    opened = openid(stand)
    with pytest.raises(IntegrityError) as refused:
        stand.complete(stand.consent(opened.url))
    assert refused.value.code == code
    assert stand.logins.find(opened.attempt.id).code == code
    assert stand.living() == set()
    assert stand.secrets() == 0
    assert not stand.auth.parts.registry.snapshot().profiles


@pytest.mark.parametrize("step", [status(404), error("x", 500), Step(way="cut"), status(200, b"[]")])
def test_an_issuer_that_hides_its_keys_proves_nothing(stand, step):
    """Fail closed: no keys, no login."""
    stand.vendor.script(step, path="/jwks")
    with pytest.raises(PalyraError) as refused:
        stand.complete(stand.consent(openid(stand).url))
    assert refused.value.code in ("issuer_keys", "connection_lost", "id_token_signature")
    assert stand.living() == set()
    assert stand.secrets() == 0


def test_a_scope_that_was_not_granted_needs_no_id_token(stand):
    """A human may untick what is asked for."""
    stand.vendor.script(Step(put={"scope": "read"}, drop=("id_token",)))
    assert stand.complete(stand.consent(openid(stand).url)).id == "work"
