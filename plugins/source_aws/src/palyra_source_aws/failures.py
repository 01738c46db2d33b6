"""What AWS and its client say went wrong, as errors of ours. Their own texts are left behind: they quote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from palyra_kernel import SecretError

_RETRY_SECONDS = 1.0
"""What is waited after a refusal for want of quota that names no time."""


def _error(kind: Any, code: str, message: str, hint: str, retry_after: float | None = None) -> SecretError:
    return SecretError(kind=kind, code=code, message=message, hint=hint, retry_after_seconds=retry_after)


MISSING = _error(
    "missing",
    "not_found",
    "there is no such secret, or no such version",
    "look with `aws secretsmanager list-secrets`, in the right region",
)
DELETED = _error(
    "missing",
    "scheduled_for_deletion",
    "the secret is scheduled for deletion",
    "bring it back with `aws secretsmanager restore-secret`",
)
REFUSED = _error(
    "invalid_reference",
    "invalid_reference",
    "AWS does not take this name or version",
    "aws://NAME_OR_ARN[?version_id=ID|version_stage=STAGE][#FIELD]",
)
DENIED = _error(
    "policy_blocked",
    "access_denied",
    "AWS denies reading the secret",
    "allow secretsmanager:GetSecretValue; for several in one call secretsmanager:BatchGetSecretValue, too",
)
SEALED = _error(
    "policy_blocked",
    "decryption_denied",
    "the key that encrypts the secret cannot be used",
    "allow kms:Decrypt with the key of the secret, and look whether it is enabled",
)
BAD_CREDENTIALS = _error(
    "io",
    "bad_credentials",
    "AWS does not take the credentials",
    "renew them, and compare the clock: a signature is good for minutes",
)
UNSAFE_ENDPOINT = _error(
    "policy_blocked",
    "unsafe_endpoint",
    "the environment, or a profile, sends secrets in the clear to another machine",
    "AWS_ENDPOINT_URL, and endpoint_url of a profile, are https://HOST[:PORT], or http:// on this machine",
)
LATE = _error("timeout", "deadline", "AWS did not answer in time", "raise timeout_ms of the reference")
NO_CREDENTIALS = _error(
    "io",
    "no_credentials",
    "there are no credentials for AWS, or they cannot be loaded",
    "set profile, or access_key_id and secret_access_key, in [sources.aws]; or use `aws configure`",
)
NO_REGION = _error("io", "no_region", "no region is set", 'region = "eu-central-1" in [sources.aws]')
UNREACHABLE = _error(
    "io", "unreachable", "AWS cannot be reached", "look at the network, the proxy, and endpoint_url"
)
BAD_ANSWER = _error(
    "io", "bad_answer", "the answer is none of Secrets Manager", "look whether endpoint_url is right"
)
TOO_LARGE = _error(
    "too_large",
    "too_large",
    "the value is larger than max_bytes of the reference",
    "raise max_bytes if that is right",
)

_ANSWERS = {
    "ResourceNotFoundException": MISSING,
    "InvalidRequestException": DELETED,  # there is no other reason for it where nothing is changed
    "DecryptionFailure": SEALED,
    **dict.fromkeys(("InvalidParameterException", "ValidationException"), REFUSED),
    **dict.fromkeys(("AccessDeniedException", "AccessDenied", "UnauthorizedOperation"), DENIED),
    **dict.fromkeys(("UnrecognizedClientException", "InvalidClientTokenId"), BAD_CREDENTIALS),
    **dict.fromkeys(("InvalidSignatureException", "SignatureDoesNotMatch"), BAD_CREDENTIALS),
    **dict.fromkeys(("ExpiredTokenException", "ExpiredToken", "RequestExpired"), BAD_CREDENTIALS),
    **dict.fromkeys(("IncompleteSignature", "MissingAuthenticationTokenException"), BAD_CREDENTIALS),
}
_THROTTLED = (
    *("ThrottlingException", "Throttling", "TooManyRequestsException"),
    *("RequestLimitExceeded", "LimitExceededException"),
)
_EXCEPTIONS = {
    **dict.fromkeys(("ConnectTimeoutError", "ReadTimeoutError"), LATE),
    "NoRegionError": NO_REGION,
    "ParamValidationError": REFUSED,
    **dict.fromkeys(("NoCredentialsError", "PartialCredentialsError"), NO_CREDENTIALS),
    **dict.fromkeys(("CredentialRetrievalError", "ProfileNotFound"), NO_CREDENTIALS),
    **dict.fromkeys(("SSOTokenLoadError", "UnauthorizedSSOTokenError"), NO_CREDENTIALS),
    **dict.fromkeys(("TokenRetrievalError", "InfiniteLoopConfigError"), NO_CREDENTIALS),
    **dict.fromkeys(
        ("HTTPClientError", "ConnectionError"), UNREACHABLE
    ),  # what the client's own network errors are
    "ResponseParserError": BAD_ANSWER,
}
_is_word = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}", re.ASCII).fullmatch


def answered(code: object, *, status: int = 0, headers: Mapping[str, Any] | None = None) -> SecretError:
    """What AWS answered: the name of the error, the status of HTTP, and its headers."""
    found = _ANSWERS.get(code) if isinstance(code, str) else None
    if found is not None:
        return found
    if code in _THROTTLED or status == 429:
        return _quota(headers or {})
    name = code if isinstance(code, str) and _is_word(code) else "an error without a name"
    return _error(
        "io", "service_error", f"AWS answered {name}", "try again; look whether endpoint_url is right"
    )


def raised(error: Exception) -> SecretError:
    """What the client raised."""
    response = getattr(error, "response", None)  # of a ClientError alone
    if isinstance(response, Mapping):
        meta = response.get("ResponseMetadata", {})
        return answered(
            response.get("Error", {}).get("Code"),
            status=meta.get("HTTPStatusCode", 0),
            headers=meta.get("HTTPHeaders"),
        )
    for base in type(error).__mro__:
        if base.__name__ in _EXCEPTIONS:
            return _EXCEPTIONS[base.__name__]
    kind = type(error).__name__
    return _error(
        "io", "client_failed", f"the client failed with {kind}", "look at [sources.aws], and update boto3"
    )


def _quota(headers: Mapping[str, Any]) -> SecretError:
    text = str(headers.get("retry-after", ""))
    return _error(
        "io",
        "quota",
        "AWS answered that these are too many requests",
        "ask less often: refresh_policy of the references, [resolver.buckets.aws]",
        float(text) if re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) else _RETRY_SECONDS,
    )
