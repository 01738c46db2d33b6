"""What may stand behind ``aws://``."""

from __future__ import annotations

import re

from palyra_kernel import SecretError, SecretRef

_NAME = r"[A-Za-z0-9/_+=.@!-]{1,512}"
_is_name = re.compile(_NAME, re.ASCII).fullmatch
_arn = re.compile(
    rf"arn:aws[a-z-]*:secretsmanager:(?P<region>[a-z0-9-]{{1,64}}):[0-9]{{12}}:secret:{_NAME}", re.ASCII
).fullmatch
_QUERY = {
    "version_id": re.compile(r"[A-Za-z0-9-]{32,64}", re.ASCII).fullmatch,
    "version_stage": re.compile(r"[A-Za-z0-9/_+=.@-]{1,256}", re.ASCII).fullmatch,
}


def refused(ref: SecretRef) -> SecretError | None:
    """Why *ref* cannot name a secret there. One that AWS would refuse spoils the whole batch that it is in."""
    if not _is_name(ref.target) and not _arn(ref.target):
        return _invalid("aws:// is followed by the name of a secret, or by its ARN")
    if len(ref.query) > 1 or any(not _QUERY.get(name, _never)(value) for name, value in ref.query.items()):
        return _invalid("the query of an aws reference is version_id or version_stage")
    if ref.options:
        return _invalid("an aws reference has no options")
    return None


def region_of(ref: SecretRef) -> str:
    """The region that an ARN names, or nothing: then the secret is where the settings say."""
    found = _arn(ref.target)
    return found["region"] if found else ""


def is_about(secret_id: str, name: object, arn: object) -> bool:
    """Whether the secret *name* with *arn* is what *secret_id* asked for: by name, by ARN, or by an ARN without the
    six random characters that AWS puts at its end."""
    if not isinstance(name, str) or not isinstance(arn, str):
        return False
    partial = secret_id.endswith(f":secret:{name}") and arn.startswith(f"{secret_id}-")
    return secret_id in (name, arn) or partial


def _never(value: str) -> None:
    return None


def _invalid(message: str) -> SecretError:
    return SecretError(
        kind="invalid_reference",
        code="invalid_reference",
        message=message,
        hint="aws://NAME_OR_ARN[?version_id=ID|version_stage=STAGE][#FIELD]",
    )
