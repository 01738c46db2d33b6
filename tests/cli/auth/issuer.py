"""The small issuer of the tests, which knows devices too."""

from __future__ import annotations

from typing import Any

from tests.auth.grants import CLIENT, RefusedError
from tests.auth.vendor import Seen, Vendor

CODE = "WDJB-MJHT"
_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class DeviceVendor(Vendor):
    """RFC 8628: the login is there as soon as it is :attr:`confirmed`, and asked for every second."""

    confirmed = True

    def _discovery(self) -> dict[str, Any]:
        return super()._discovery() | {"device_authorization_endpoint": f"{self.url}/device"}

    def _acted(self, seen: Seen) -> dict[str, Any]:
        if seen.path != "/device":
            return super()._acted(seen)
        self._client(seen)
        return {
            "device_code": "device-code-canary",
            "user_code": CODE,
            "verification_uri": f"{self.url}/activate",
            "verification_uri_complete": f"{self.url}/activate?user_code={CODE}",
            "expires_in": 600,
            "interval": 1,
        }

    def _token(self, seen: Seen) -> dict[str, Any]:
        if seen.form.get("grant_type") != _GRANT:
            return super()._token(seen)
        if seen.form.get("device_code") != "device-code-canary":
            raise RefusedError("invalid_grant")
        if not self.confirmed:
            raise RefusedError("access_denied")
        access, refresh = self.issue(("read",), CLIENT)
        return {"access_token": access, "refresh_token": refresh, "token_type": "bearer", "expires_in": 3600}
