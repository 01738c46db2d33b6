"""What the name of a value says about it: surely a secret, perhaps one, or none."""

from __future__ import annotations

import re
from enum import Enum
from itertools import pairwise

_MARKERS = (
    *(
        "access_token",
        "api_key",
        "apikey",
        "authorization",
        "bearer",
        "client_secret",
        "cookie",
        "credential",
    ),
    *(
        "password",
        "private_key",
        "refresh_token",
        "secret",
        "session",
        "set_cookie",
        "signature",
        "sig",
        "token",
    ),
    *("vault_ref", "x_amz_credential", "x_amz_security_token", "x_amz_signature"),
    *("x_goog_credential", "x_goog_signature"),
)
_SHORT = "sig"
_LOOKS = ("bearer", "sk-", "ghp_", "github_pat_", "xox")
_WORD_CHARACTERS = re.compile(r"[A-Za-z0-9_-]")

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^a-z0-9]")
_WORDS = re.compile(r"[^\W_]++")


class Says(Enum):
    """What a name says about its value."""

    NOTHING = 0
    PERHAPS = 1
    """A secret if it looks like one: ``token=128`` is none."""
    SURELY = 2


_SURE = frozenset(
    re.findall(
        r"\S+",
        """authorization pass passcode passphrase passwd password pw pwd secret apikey dbpass keypass mypass rootpass
        sshpass storepass userpass contraseña contrasena hasło haslo heslo jelszó kennwort lösenord motdepasse
        parola passwort senha şifre wachtwoord пароль 비밀번호 암호 パスワード 口令 密码 密碼""",
    )
)
"""Last words of a name."""
_SURE_PAIRS = (
    frozenset((first, "key") for first in ("api", "private", "secret"))
    | {(first, "token") for first in ("access", "auth", "bearer", "id", "refresh", "security", "vault")}
    | {("de", "passe")}
)
_SURE_ENDS = (
    *("accesstoken", "apikey", "authtoken", "passphrase", "passwd", "password", "privatekey", "refreshtoken", "secret"),
    *("пароль", "パスワード", "口令", "密码", "密碼", "비밀번호"),
)  # fmt: skip
_PERHAPS = frozenset(
    re.findall(
        r"\S+",
        """auth bearer cookie cookies cred credential credentials creds passwords secrets session sessid sessionid sid
        sig signature token""",
    )
)
_PERHAPS_ENDS = ("cookie", "credential", "sessid", "sessionid", "signature", "token")
_KEYS = frozenset(
    re.findall(
        r"\S+",
        """access account aes app auth client consumer decryption deploy encryption hmac license master recovery service
        session
        shared signing ssh storage subscription webhook""",
    )
)
"""What makes a secret of a key: a ``cache_key`` is none."""
_PARTS_OF_TEXT = frozenset(
    ("bos", "cls", "continuation", "eos", "mask", "next", "pad", "page", "sep", "special", "stop", "unk")
)
"""What makes none of a token."""

ABOUT = frozenset(
    re.findall(
        r"\S+",
        """age algorithm at attempts bits check count days description dir domain enabled endpoint env error expiration
        expired expires expiry field file files folder format forgotten header headers help helper hint hours
        httponly iat id ids index input interval invalid issuer kind label length len limit manager max message min
        minutes missing ms name names optional path pattern policy port prefix prompt provider ref refs regex
        required reset rotation samesite scope scopes seconds secure settings size source status store strength
        timeout title ttl type types uri url urls usage used valid var variable version""",
    )
)
"""Last words of the names of things about a secret: a ``token_url`` is none."""
_TAILS = frozenset(
    re.findall(
        r"\S+",
        """backup base base64 b64 current data dev encoded live new old plain plaintext previous primary prod production
        raw readonly sandbox secondary staging string test text value""",
    )
)
"""Last words that say nothing: ``API_KEY_PROD``."""
_FILES = re.compile(
    r"\.(?:c|cc|cpp|cs|css|go|h|html|java|js|json|kt|lock|log|md|php|pl|py|rb|rs|scss|sh|sql|toml|tsx?|txt|ya?ml)\Z"
)
_LEADS = re.compile(r"(?:^|[^\w])(api|private|secret|access|auth|refresh|de)[ _-]\Z", re.IGNORECASE)
_LED = frozenset(("key", "token", "passe"))
_LEAD_CHARACTERS = 12


def is_secret_name(name: str) -> bool:
    """Whether the value of a variable, member, header or parameter of this *name* is a secret: one of 23 markers
    stands in it, whatever its case and with any other character for ``_``. ``sig`` has to be a word of its own:
    a signer or a design is no secret."""
    return any(_has(form) for form in forms(name))


def looks_secret(value: str) -> bool:
    """Whether *value* looks like a token: 16 characters and more without white space, 6 of them of ``A-Z a-z 0-9 _ -``;
    or it says so."""
    lowered = value.lower()
    if lowered.startswith(_LOOKS) or "secret" in lowered:
        return True
    return len(value) >= 16 and value.split() == [value] and len(_WORD_CHARACTERS.findall(value)) >= 6


def says(name: str, before: str = "") -> Says:
    """What *name* says, whole word by whole word; *before* is the text in front of it (``API key: …``)."""
    words = tuple(_WORDS.findall(_CAMEL.sub("_", name).lower()))
    while len(words) > 1 and (words[-1] in _TAILS or words[-1].isdigit()):
        words = words[:-1]
    if not words or _FILES.search(name):
        return Says.NOTHING
    last = words[-1].rstrip("0123456789") or words[-1]
    if last in _LED and len(words) == 1:
        lead = _LEADS.search(before[-_LEAD_CHARACTERS:])
        words = (lead[1].lower(), last) if lead else words
    if last in ABOUT:
        return Says.NOTHING
    return _said(last, words[-2] if len(words) > 1 else "", words)


def _said(last: str, previous: str, words: tuple[str, ...]) -> Says:
    if (
        last in _SURE
        or (previous, last) in _SURE_PAIRS
        or (last.endswith(_SURE_ENDS) and not last.startswith("lib"))
    ):
        return Says.SURELY
    if words[0] == "x" and (words[1:2] == ("amz",) or words[1:2] == ("goog",)):
        return Says.SURELY if last in ("credential", "signature", "token") else Says.NOTHING
    if last == "key":
        return Says.PERHAPS if previous in _KEYS else Says.NOTHING
    if last == "token" and previous in _PARTS_OF_TEXT:
        return Says.NOTHING
    if last in _PERHAPS or last.endswith(_PERHAPS_ENDS) or (previous, last) == ("vault", "ref"):
        return Says.PERHAPS
    within = not _SURE.isdisjoint(words) or not _SURE_PAIRS.isdisjoint(pairwise(words))
    return Says.PERHAPS if within else Says.NOTHING


def forms(name: str) -> tuple[str, str]:
    """*name* as its markers are written, and with its humps as words."""
    return _OTHER.sub("_", name.lower()), _OTHER.sub("_", _CAMEL.sub("_", name).lower())


def _has(form: str) -> bool:
    return any(marker in form if marker != _SHORT else marker in form.split("_") for marker in _MARKERS)
