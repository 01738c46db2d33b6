"""The sources by scheme: opened when they are first asked, with the settings that the operator wrote."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from palyra_kernel.contracts.sources import SecretSource, SourcePlace
from palyra_kernel.errors import InvalidInputError, NotFoundError, PalyraError, UnavailableError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.findings import Finding, finding_of
from palyra_kernel.values.sensitive import SensitiveBytes

OpenSource = Callable[[str, SourcePlace], SecretSource | None]
"""Opens the source of a scheme, behind its guard; None if nobody brings it."""


class Catalog:
    """Opened sources. ``resolve_setting`` finds the value of a setting that is a reference itself."""

    def __init__(
        self,
        opener: OpenSource,
        settings: Mapping[str, Mapping[str, Any]],
        resolve_setting: Callable[[Mapping[str, Any], Deadline | None], SensitiveBytes],
    ) -> None:
        self._opener = opener
        self._settings = settings
        self._resolve_setting = resolve_setting
        self._open: dict[str, SecretSource] = {}
        self._lock = threading.RLock()
        self._opening: list[str] = []
        self._closed = False

    def source(self, scheme: str, deadline: Deadline | None = None) -> SecretSource:
        """The source of *scheme*. *deadline* bounds the wait for others who open one, and for its settings.

        Raises :class:`UnavailableError` ``source_missing``, ``deadline`` and whatever opening it raises, at each call
        until it opens; :class:`InvalidInputError` ``reference_loop`` when its settings need itself. Never
        :class:`NotFoundError`: that a source lacks something says nothing about the references to it.
        """
        found = self._open.get(scheme)
        if found is not None:
            return found
        if not self._lock.acquire(timeout=deadline.remaining() if deadline else -1):
            raise UnavailableError("deadline", "another source was not opened in time", hint="try again")
        try:
            if self._closed:
                raise UnavailableError("closed", "the resolver is closed", hint="open the Kernel again")
            found = self._open.get(scheme)
            if found is None:
                found = self._open[scheme] = self._opened(scheme, deadline)
            return found
        except NotFoundError as error:
            failure = UnavailableError(error.code, error.message, hint=error.hint)
        finally:
            self._lock.release()
        raise failure

    def _opened(self, scheme: str, deadline: Deadline | None) -> SecretSource:
        if scheme in self._opening:
            way = " → ".join((*self._opening, scheme))
            raise InvalidInputError(
                "reference_loop",
                f"to open the source {scheme!r} itself is needed: {way}",
                hint="give one of these sources its setting from the vault",
            )
        self._opening.append(scheme)
        try:
            written = self._settings.get(scheme, {})
            settings = {name: self._setting(value, deadline) for name, value in written.items()}
            source = self._opener(scheme, SourcePlace(settings=settings))
        finally:
            self._opening.pop()
        if source is None:
            raise UnavailableError(
                "source_missing",
                f"no enabled plugin brings the source {scheme!r}",
                hint=f"run `palyra plugins enable {scheme}`; `palyra plugins list` shows what is installed",
            )
        return source

    def _setting(self, value: Any, deadline: Deadline | None) -> Any:
        is_ref = isinstance(value, dict) and "ref" in value
        return self._resolve_setting(value, deadline) if is_ref else value

    def problems(self) -> list[Finding]:
        """Why sources that have settings do not open."""
        found = []
        for scheme in self._settings:
            try:
                self.source(scheme)
            except PalyraError as error:
                found.append(finding_of(error, f"[sources.{scheme}]"))
        return found

    def close(self) -> None:
        """Close every source that was opened; the first error is raised when all were asked."""
        with self._lock:
            self._closed = True
            sources, self._open = self._open, {}
        failure: BaseException | None = None
        for source in sources.values():
            try:
                source.close()
            except Exception as error:  # noqa: BLE001  # the others must be closed too
                failure = failure or error
        if failure is not None:
            raise failure
