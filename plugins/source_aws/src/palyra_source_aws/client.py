"""Talks to Secrets Manager through boto3, which is imported when the first secret is asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from palyra_kernel import Deadline, SecretError
from palyra_source_aws.failures import BAD_ANSWER, LATE, UNSAFE_ENDPOINT, answered, raised
from palyra_source_aws.quiet import quiet
from palyra_source_aws.settings import Settings, is_private

BATCH = 20
"""How many secrets one call takes."""

Entry = dict[str, Any]


class FailedError(Exception):
    """A call failed: why."""

    def __init__(self, answer: SecretError) -> None:
        super().__init__(answer.code)
        self.answer = answer


class Client:
    """The calls that are made, each with what is left of a deadline as its time limit, and without a second try."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()  # a session makes one client at a time
        self._session: Any = None

    def get(self, request: dict[str, str], region: str, deadline: Deadline) -> Entry:
        """One secret; raises :class:`FailedError`."""
        with self._calling(region, deadline) as client:
            entry: Entry = client.get_secret_value(**request)
            return entry

    def batch(
        self, ids: Sequence[str], region: str, deadline: Deadline
    ) -> tuple[list[Entry], dict[str, SecretError]]:
        """At most :data:`BATCH` secrets, each once: what was found, and errors by id."""
        values: list[Entry] = []
        errors: dict[str, SecretError] = {}
        request: dict[str, Any] = {"SecretIdList": list(ids)}
        with self._calling(region, deadline) as client:
            for _ in range(len(ids) + 1):  # a page has at least one of them
                if deadline.expired:
                    raise FailedError(LATE)
                page = client.batch_get_secret_value(**request)
                values += page.get("SecretValues", [])
                errors |= {
                    each.get("SecretId", ""): answered(each.get("ErrorCode"))
                    for each in page.get("Errors", [])
                }
                if not page.get("NextToken"):
                    return values, errors
                request["NextToken"] = page["NextToken"]
        raise FailedError(BAD_ANSWER)

    @contextmanager
    def _calling(self, region: str, deadline: Deadline) -> Iterator[Any]:
        """A client for calls that end with *deadline*; what it raises is classed and its text dropped."""
        if deadline.expired:
            raise FailedError(LATE)
        try:
            with quiet():
                client = self._made(region, deadline)
                try:
                    if not is_private(client.meta.endpoint_url):  # it looks for one in other places too
                        raise FailedError(UNSAFE_ENDPOINT)
                    yield client
                finally:
                    client.close()
        except FailedError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever a client of 20 libraries raises, the answer is ours
            raise FailedError(raised(error)) from None

    def _made(self, region: str, deadline: Deadline) -> Any:
        with self._lock:
            from botocore.config import Config  # type: ignore[import-untyped]  # it has no types

            if self._session is None:
                self._session = self._new_session()
            seconds = deadline.remaining()
            return self._session.client(
                "secretsmanager",
                region_name=region or None,
                endpoint_url=self._settings.endpoint_url,
                config=Config(
                    connect_timeout=seconds,
                    read_timeout=seconds,
                    # Whether there is a second try is the resolver's: it counts calls, and knows the deadline.
                    retries={"total_max_attempts": 1, "mode": "standard"},
                ),
            )

    def _new_session(self) -> Any:
        from boto3.session import Session  # type: ignore[import-untyped]  # it has no types

        settings = self._settings
        secret, token = settings.secret_access_key, settings.session_token
        return Session(
            region_name=settings.region,
            profile_name=settings.profile,
            aws_access_key_id=settings.access_key_id,
            aws_secret_access_key=secret and secret.reveal().decode(),
            aws_session_token=token and token.reveal().decode(),
        )

    def close(self) -> None:
        """Drop the session, and wipe the keys that the settings brought."""
        self._session = None
        self._settings.wipe()
