"""Every key management backend keeps the contract: the local keyring, AWS KMS, Vault Transit."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws
from pytest_django import Settings

from tenancy.backends import aws_kms, vault_transit
from tenancy.backends.aws_kms import AwsKms
from tenancy.backends.local import LocalKeyring
from tenancy.backends.vault_transit import VaultTransit
from tenancy.errors import KeyringError, TamperedError
from tenancy.keyring_file import add_encryption_key, drop_former_encryption_keys
from tests.tenancy.key_management_contract import CONTEXT, KEY, KeyManagementContract, ServiceContract
from tests.tenancy.kms_server import RefusingKms
from tests.tenancy.vault_server import TOKEN, VaultServer

REGION = "eu-central-1"
ARN = f"arn:aws:kms:{REGION}:123456789012:key/00000000-0000-4000-8000-000000000000"


class TestLocalKeyring(KeyManagementContract):
    @pytest.fixture(autouse=True)
    def keyring(self, tmp_path: Path, settings: Settings) -> None:
        self._settings, self._folder = settings, tmp_path
        settings.KEYRING_FILE = tmp_path / "keyring.json"

    def make(self) -> LocalKeyring:
        return LocalKeyring()

    def rotate(self) -> None:
        add_encryption_key(self._settings.KEYRING_FILE)

    def elsewhere(self) -> LocalKeyring:
        self._settings.KEYRING_FILE = self._folder / "elsewhere.json"
        return LocalKeyring()

    def test_a_file_that_others_may_read_is_refused(self) -> None:
        LocalKeyring()
        self._settings.KEYRING_FILE.chmod(0o644)
        with pytest.raises(KeyringError, match="chmod 600"):
            LocalKeyring()

    def test_a_dropped_key_opens_nothing_any_more(self) -> None:
        wrapped = self.make().wrap(KEY, context=CONTEXT)
        self.rotate()
        assert drop_former_encryption_keys(self._settings.KEYRING_FILE) == 1
        with pytest.raises(TamperedError, match="not in the keyring"):
            self.make().unwrap(wrapped, context=CONTEXT)


class TestAwsKms(ServiceContract):
    @pytest.fixture(autouse=True)
    def kms(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        self._settings = settings
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        with mock_aws():
            self._client = aws_kms._client(REGION, "", os.getpid())
            settings.AWS_KMS_KEY, settings.AWS_KMS_FORMER_KEYS, settings.AWS_KMS_ENDPOINT = self._new_key(), [], ""
            yield

    def _new_key(self) -> str:
        return str(self._client.create_key()["KeyMetadata"]["Arn"])

    def make(self) -> AwsKms:
        return AwsKms()

    def rotate(self) -> None:
        self._settings.AWS_KMS_FORMER_KEYS = [self._settings.AWS_KMS_KEY]
        self._settings.AWS_KMS_KEY = self._new_key()

    def elsewhere(self) -> AwsKms:
        self._settings.AWS_KMS_KEY = self._new_key()
        return AwsKms()

    def stop(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._settings.AWS_KMS_ENDPOINT = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def test_the_encryption_context_is_exactly_ours(self) -> None:
        framed = self.make().wrap(KEY, context=CONTEXT)
        _, ciphertext = aws_kms._parts(framed)
        told = self._client.decrypt(CiphertextBlob=ciphertext, EncryptionContext={"vivavoce": CONTEXT.decode()})
        assert told["Plaintext"] == KEY
        for other in ({}, {"vivavoce": "x"}, {"vivavoce": CONTEXT.decode(), "more": "x"}):
            with pytest.raises(self._client.exceptions.InvalidCiphertextException):
                self._client.decrypt(CiphertextBlob=ciphertext, EncryptionContext=other)

    def test_a_key_that_is_not_listed_is_never_asked_to_open_anything(self) -> None:
        """Whoever can write to the database could else name a key of their own."""
        foreign = self.elsewhere().wrap(KEY, context=CONTEXT)
        self._settings.AWS_KMS_KEY = self._new_key()
        with pytest.raises(KeyringError, match="AWS_KMS_FORMER_KEYS"):
            self.make().unwrap(foreign, context=CONTEXT)

    @pytest.mark.parametrize("name", ["", "alias/vivavoce", "1234", f"arn:aws:kms:{REGION}:123456789012:alias/x"])
    def test_a_key_is_named_by_its_arn(self, name: str) -> None:
        self._settings.AWS_KMS_KEY = name
        with pytest.raises(KeyringError, match="AWS_KMS_KEY"):
            self.make()


class TestAwsKmsThrottling:
    @pytest.fixture(autouse=True)
    def credentials(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        self._settings = settings
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")

    def _facing(self, *refusals: str) -> RefusingKms:
        server = RefusingKms(ARN, *refusals)
        self._settings.AWS_KMS_KEY, self._settings.AWS_KMS_ENDPOINT = ARN, server.address
        return server

    def test_throttling_is_waited_out(self) -> None:
        server = self._facing("ThrottlingException")
        assert AwsKms().wrap(KEY, context=CONTEXT).endswith(b"from the loopback KMS")
        assert server.operations == ["Encrypt"] * 2
        server.stop()

    def test_throttling_without_end_is_an_error_after_three_attempts(self) -> None:
        server = self._facing(*["ThrottlingException"] * 9)
        with pytest.raises(KeyringError, match="ThrottlingException"):
            AwsKms().wrap(KEY, context=CONTEXT)
        assert server.operations == ["Encrypt"] * 3
        server.stop()

    @pytest.mark.parametrize("code", ["AccessDeniedException", "DisabledException", "NotFoundException"])
    def test_a_refusal_is_named_and_not_asked_for_twice(self, code: str) -> None:
        server = self._facing(*[code] * 9)
        with pytest.raises(KeyringError, match=code):
            AwsKms().wrap(KEY, context=CONTEXT)
        assert server.operations == ["Encrypt"]
        server.stop()


class TestVaultTransit(ServiceContract):
    @pytest.fixture(autouse=True)
    def vault(self, settings: Settings) -> Iterator[None]:
        self._settings, self._server = settings, VaultServer()
        self._server.make_key("vivavoce")
        settings.VAULT_ADDR, settings.VAULT_TOKEN = self._server.address, TOKEN
        yield
        self._server.stop()

    def make(self) -> VaultTransit:
        return VaultTransit()

    def rotate(self) -> None:
        self._server.rotate("vivavoce")

    def elsewhere(self) -> VaultTransit:
        self._server.make_key("elsewhere")
        self._settings.VAULT_TRANSIT_KEY = "elsewhere"
        return VaultTransit()

    def stop(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._settings.VAULT_ADDR = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def test_rewrapping_never_shows_us_the_key(self) -> None:
        wrapped = self.make().wrap(KEY, context=CONTEXT)
        self.rotate()
        self._server.requests.clear()
        self.make().rewrap(wrapped, context=CONTEXT)
        assert [path for path, _ in self._server.requests] == ["/v1/transit/rewrap/vivavoce"]

    def test_a_key_that_ignores_contexts_is_refused(self) -> None:
        self._server.make_key("vivavoce", derived=False)
        with pytest.raises(KeyringError, match="derived=true"):
            self.make().health()

    def test_throttling_is_waited_out(self) -> None:
        self._server.faults = [429, 503]
        assert self.make().key_id == "vault-transit:transit/vivavoce:v1"
        assert len(self._server.requests) == 3

    @pytest.mark.parametrize(
        ("status", "words", "asked"),
        [(429, "throttling", 4), (503, "sealed", 4), (500, "status 500", 4), (403, "token", 1), (404, "no such", 1)],
    )
    def test_a_refusal_is_an_error_after_a_bounded_time(self, status: int, words: str, asked: int) -> None:
        self._server.faults = [status] * 9
        started = time.monotonic()
        with pytest.raises(KeyringError, match=words):
            self.make().wrap(KEY, context=CONTEXT)
        assert len(self._server.requests) == asked
        assert time.monotonic() - started < 3

    def test_an_archived_version_is_no_tampering(self) -> None:
        wrapped = self.make().wrap(KEY, context=CONTEXT)
        self.rotate()
        self._server.min_decryption_version = 2
        with pytest.raises(KeyringError, match="status 400") as refusal:
            self.make().unwrap(wrapped, context=CONTEXT)
        assert not isinstance(refusal.value, TamperedError)

    def test_the_token_follows_no_redirect(self) -> None:
        self._server.faults = [307]
        with pytest.raises(KeyringError, match="active node"):
            self.make().wrap(KEY, context=CONTEXT)
        assert len(self._server.requests) == 1

    @pytest.mark.parametrize("address", ["", "http://vault.example", "ftp://127.0.0.1", "vault.example:8200"])
    def test_tokens_travel_encrypted_or_not_at_all(self, address: str) -> None:
        self._settings.VAULT_ADDR = address
        with pytest.raises(KeyringError, match="https"):
            self.make()

    def test_the_token_is_read_from_its_file_at_each_call(self, tmp_path: Path) -> None:
        file = tmp_path / "token"
        self._settings.VAULT_TOKEN, self._settings.VAULT_TOKEN_FILE = "", str(file)
        management = self.make()
        with pytest.raises(KeyringError, match="VAULT_TOKEN_FILE"):
            management.wrap(KEY, context=CONTEXT)
        file.write_text(TOKEN + "\n")
        assert management.unwrap(management.wrap(KEY, context=CONTEXT), context=CONTEXT) == KEY

    def test_an_answer_that_is_not_vaults_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(self._server, "answer", lambda *_: {"ciphertext": "plain"})
        with pytest.raises(KeyringError, match="no Transit ciphertext"):
            self.make().wrap(KEY, context=CONTEXT)


def test_patience_is_bounded() -> None:
    assert vault_transit.ATTEMPTS * sum(vault_transit.TIMEOUT_SECONDS) + 6 < 40
    assert aws_kms.ATTEMPTS * (aws_kms.CONNECT_SECONDS + aws_kms.READ_SECONDS) + 6 < 40
