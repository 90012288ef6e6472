"""Moto around every integration test, and credentials of nobody."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.integration.account import Account
from tests.integration.wired import built, shop

__all__ = ["built", "shop"]
"""Fixtures of every test here."""


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No real account can be meant."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


@pytest.fixture
def account(_nobody: None) -> Iterator[Account]:
    """A fresh account."""
    with mock_aws():
        yield Account()
