"""``get_token`` while nothing has to be refreshed, beside the client of Authlib; and what policy and audit add."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter, time
from typing import Any

from benchmarks.measure import Row
from benchmarks.scale import Scale
from benchmarks.stores import Palyra
from palyra_kernel import SensitiveBytes, TokenReply, system_principal
from palyra_kernel.auth.names import GLOBAL, Provider
from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.auth.store import NewCredential
from palyra_kernel.contracts.oauth import OAuthMetadata

_CALLS = 5_000
_ISSUER = "https://issuer.test"
_PROVIDER = Provider.parse("custom:acme")


def rows(scale: Scale) -> Iterator[Row]:
    """One profile by its name; three equal ones by their provider; the same in a session, decided and written down."""
    calls = scale.calls(_CALLS)
    with tempfile.TemporaryDirectory() as folder, closing(Palyra(Path(folder))) as store:
        auth = store.kernel.auth
        for name in ("main", "second", "third"):
            _login(auth, name)
        with store.kernel.session(str(system_principal()), purpose="benchmark") as session:
            sides: list[tuple[str, Callable[[], Any]]] = [
                ("get_token, a profile", lambda: auth.get_token("main")),
                ("get_token, one of three", lambda: auth.get_token(str(_PROVIDER))),
                ("get_token, policy and audit", lambda: session.auth.get_token("main")),
            ]
            theirs = asyncio.run(_authlib(calls, scale.rounds))
            for what, call in sides:
                times = [_seconds(call, calls) for _ in range(scale.rounds + 1)][1:]
                raw = {"ours": times, "beside": theirs}
                yield Row(what, 0, "s", median(times), median(theirs), "Authlib, ensure_active_token", raw)


def _login(auth: Any, name: str) -> None:
    metadata = OAuthMetadata(issuer=_ISSUER, token_endpoint=f"{_ISSUER}/token")
    profile = Profile(
        id=name,
        provider=_PROVIDER,
        name=name,
        scope=GLOBAL,
        adapter="oidc",
        credential=OAuthLogin(metadata=metadata, client_id="client"),
    )
    reply = TokenReply(
        access_token=SensitiveBytes(b"access-" + name.encode()),
        refresh_token=SensitiveBytes(b"refresh-" + name.encode()),
        expires_in=86_400,
    )
    auth.accounts.save(profile, NewCredential(reply=reply))


def _seconds(call: Callable[[], object], calls: int) -> float:
    start = perf_counter()
    for _ in range(calls):
        call()
    return (perf_counter() - start) / calls


async def _authlib(calls: int, rounds: int) -> list[float]:
    """The check that its client makes before each request; the token is in its memory, and nobody else's."""
    from authlib.integrations.httpx_client import AsyncOAuth2Client

    token = {
        "access_token": "a",
        "refresh_token": "r",
        "token_type": "Bearer",
        "expires_at": int(time()) + 86_400,
    }
    times = []
    async with AsyncOAuth2Client("client", token=token, token_endpoint=f"{_ISSUER}/token") as client:
        for _ in range(rounds + 1):
            start = perf_counter()
            for _ in range(calls):
                await client.ensure_active_token(client.token)
            times.append((perf_counter() - start) / calls)
    return times[1:]
