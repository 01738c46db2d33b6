"""The AWS source keeps the contract, against a server that speaks as Secrets Manager does."""

import secrets

import pytest

from palyra_kernel import SensitiveBytes, SourcePlace
from palyra_kernel.testing import SecretSourceContract
from palyra_source_aws import AwsSource, palyra_secret_sources

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012"


def test_the_hook_offers_the_source():
    assert palyra_secret_sources() == [AwsSource]


class TestAwsSource(SecretSourceContract):
    absent = "aws://nothing-here"
    malformed = (
        "aws://has space",
        f"aws://{'x' * 513}",
        "aws://arn:aws:s3:::bucket",
        f"aws://{ARN}:parameter:name",
        "aws://name?version=1",
        "aws://name?version_id=short",
        f"aws://name?version_id={'0' * 32}&version_stage=AWSCURRENT",
    )
    unstorable = ("empty",)

    @pytest.fixture
    def settings(self, server):
        return {
            "region": "eu-central-1",
            "endpoint_url": server,
            "access_key_id": "testing",
            "secret_access_key": SensitiveBytes(secrets.token_hex(20).encode()),
        }

    @pytest.fixture
    def source(self, settings):
        return AwsSource.open(SourcePlace(settings=settings))

    @pytest.fixture
    def store(self, manager):
        known = set()

        def put(name, value):
            try:
                content = {"SecretString": value.decode()}
            except UnicodeDecodeError:
                content = {"SecretBinary": value}
            if name in known:
                manager.put_secret_value(SecretId=name, **content)
            else:
                manager.create_secret(Name=name, **content)
                known.add(name)
            return f"aws://{name}"

        return put
