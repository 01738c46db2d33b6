"""Several secrets in one envelope: a JSON object of names and base64, which passes through buffers that are wiped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import msgspec

from palyra_kernel.errors import IntegrityError
from palyra_kernel.values.decoding import decoder
from palyra_kernel.values.sensitive import SensitiveBytes

_ROOM = 4096
_DECODER = decoder(dict[str, bytearray])


class Bundle(dict[str, SensitiveBytes]):
    """Secrets by name. Its text form has the names alone; ``with`` wipes the values."""

    def sealed(self) -> SensitiveBytes:
        """The document to store."""
        buffer = bytearray(
            _ROOM + 2 * sum(map(len, self.values()))
        )  # large enough, or growing would leave a copy
        msgspec.json.Encoder().encode_into({name: value.view() for name, value in self.items()}, buffer)
        return SensitiveBytes.adopt(buffer)

    @classmethod
    def opened(cls, document: SensitiveBytes) -> Bundle:
        """Read what :meth:`sealed` made. Raises :class:`IntegrityError` ``login_damaged``."""
        try:
            found = _DECODER.decode(document.view())
        except (msgspec.DecodeError, UnicodeDecodeError):
            found = None
        if found is None:
            raise IntegrityError("login_damaged", "what is kept of a login is not what was written")
        return cls({name: SensitiveBytes.adopt(value) for name, value in found.items()})

    @classmethod
    def of(cls, values: Mapping[str, SensitiveBytes | None]) -> Bundle:
        """Those of *values* that are there, copied."""
        return cls(
            {name: SensitiveBytes(value.view()) for name, value in values.items() if value is not None}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        for value in self.values():
            value.wipe()

    def __repr__(self) -> str:
        return f"<Bundle of {', '.join(sorted(self)) or 'nothing'}>"

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("secrets cannot be pickled or copied")
