from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from tenancy import registry
from tests.tenancy.vault_server import TOKEN, VaultServer

VAULT = "tenancy.backends.vault_transit.VaultTransit"


@pytest.fixture
def vault(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[VaultServer]:
    monkeypatch.setattr(registry, "_healthy_until", {})
    server = VaultServer()
    settings.KEY_MANAGEMENT, settings.VAULT_ADDR, settings.VAULT_TOKEN = VAULT, server.address, TOKEN
    yield server
    server.stop()


def test_a_yes_is_believed_for_a_while_and_a_no_is_asked_again(vault: VaultServer) -> None:
    assert not registry.key_management_answers()
    vault.make_key("vivavoce")
    assert registry.key_management_answers()
    asked = len(vault.requests)
    assert registry.key_management_answers()
    assert len(vault.requests) == asked


@pytest.mark.django_db
def test_readiness_says_when_there_are_no_keys(vault: VaultServer, client: Client) -> None:
    refused = client.get("/readyz")
    assert (refused.status_code, refused.json()["keys"]) == (503, False)
    vault.make_key("vivavoce")
    assert client.get("/readyz").json()["keys"] is True
