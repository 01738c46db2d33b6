"""``[sources.aws]`` is strict, and holds no secret in clear."""

import pytest

from palyra_kernel import InvalidInputError, SensitiveBytes, SourcePlace
from palyra_source_aws import AwsSource
from palyra_source_aws.settings import Settings


def secret(text="secret"):
    return SensitiveBytes(text.encode())


@pytest.mark.parametrize(
    "settings",
    [
        {"regoin": "eu-central-1"},
        {"region": ""},
        {"region": 1},
        {"region": "eu-central-1\n"},
        {"profile": "p", "access_key_id": "a", "secret_access_key": secret()},
        {"access_key_id": "a"},
        {"secret_access_key": secret()},
        {"session_token": secret()},
        {"access_key_id": "a", "secret_access_key": secret("schlüssel")},
        {"endpoint_url": "http://secrets.example"},
        {"endpoint_url": "http://127.0.0.1.example"},
        {"endpoint_url": "https://user:password@secrets.example"},
        {"endpoint_url": "https://"},
        {"endpoint_url": "http://[::1"},
        {"endpoint_url": "file:///etc/passwd"},
    ],
)
def test_a_setting_that_cannot_be_right_is_refused(settings):
    """Hazard U9: a misspelt setting was the default; and values went to whoever the URL named, unencrypted."""
    with pytest.raises(InvalidInputError) as caught:
        AwsSource.open(SourcePlace(settings=settings))
    assert caught.value.code == "invalid_config"


@pytest.mark.parametrize("url", ["https://secrets.example", "http://localhost:5000", "http://[::1]:5000"])
def test_an_endpoint_of_ones_own_is_fine(url):
    assert Settings.parse({"endpoint_url": url}).endpoint_url == url


def test_a_key_in_clear_is_refused_and_not_quoted():
    """The file that names the vault must not hold what opens it."""
    with pytest.raises(InvalidInputError) as caught:
        Settings.parse({"access_key_id": "a", "secret_access_key": "canary-beef"})
    assert caught.value.hint == 'secret_access_key = { ref = "vault://KEY" } in [sources.aws]'
    assert "canary-beef" not in repr(caught.value)


def test_keys_are_copied_and_wiped():
    """The caller wipes what it handed in as soon as the source is open; we wipe our own at the end."""
    given = secret()
    settings = Settings.parse({"access_key_id": "a", "secret_access_key": given})
    given.wipe()
    assert settings.secret_access_key == b"secret"
    settings.wipe()
    with pytest.raises(InvalidInputError):
        assert settings.secret_access_key == b"secret"
