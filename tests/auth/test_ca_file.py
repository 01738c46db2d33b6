"""``[auth] ca_file``: whose certificates count for issuers."""

from __future__ import annotations

import pytest

from palyra_kernel import Deadline, OAuthMetadata, SensitiveBytes, TokenReply
from palyra_kernel.auth.names import GLOBAL, Provider
from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.auth.store import NewCredential
from palyra_kernel.config import AuthConfig, Config, read_config
from palyra_kernel.errors import InvalidInputError
from tests.net.server import answering
from tests.support import Places

TOKENS = b'{"access_token": "new-access", "refresh_token": "new-refresh", "expires_in": 3600}'


def configured(tmp_path, text):
    places = Places(tmp_path)
    places.config_dir.mkdir(mode=0o700)
    path = places.config_dir / "palyra.toml"
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    return places


def refreshed(kernel, server):
    """What becomes of a refresh at *server*, an issuer on this machine that speaks TLS."""
    endpoint = f"https://127.0.0.1:{server.port}/token"
    login = OAuthLogin(metadata=OAuthMetadata(token_endpoint=endpoint), client_id="native")
    profile = Profile(
        id="main",
        provider=Provider.parse("custom:acme"),
        name="main",
        scope=GLOBAL,
        adapter="oidc",
        credential=login,
    )
    reply = TokenReply(
        access_token=SensitiveBytes(b"old-access"),
        refresh_token=SensitiveBytes(b"old-refresh"),
        expires_in=3600,
    )
    kernel.auth.accounts.save(profile, NewCredential(reply=reply))
    return kernel.auth.refresh("main", deadline=Deadline.after(20))


def test_authorities_of_the_configuration_count(net, authority, tmp_path):
    """An issuer of one's own, behind a certificate of one's own, without a change to the machine."""
    server = net.server(answering(TOKENS, b"Content-Type: application/json"), name="127.0.0.1")
    with configured(tmp_path, f'[auth]\nca_file = "{authority.ca_file}"\n').create() as kernel:
        refreshed(kernel, server)
        assert kernel.auth.get_token("main").reveal() == b"new-access"
    assert len(server.requests) == 1


def test_others_do_not(net, tmp_path):
    """A certificate that nobody vouches for gets no token."""
    server = net.server(answering(TOKENS, b"Content-Type: application/json"), name="127.0.0.1")
    with configured(tmp_path, "").create() as kernel:
        refreshed(kernel, server)
        assert kernel.auth.get_token("main").reveal() == b"old-access"
    assert server.requests == []


def test_it_is_an_absolute_path(tmp_path):
    """A relative one would be another file in each folder that a process starts in."""
    assert Config().auth == AuthConfig(ca_file=None)
    places = configured(tmp_path, '[auth]\nca_file = "ca.pem"\n')
    with pytest.raises(InvalidInputError, match="absolute path"):
        read_config(places.config_dir)
