"""No key, salt, secret or plaintext shows in a log, a representation or an exception, whatever goes wrong."""

from __future__ import annotations

import base64
import logging
import secrets
import traceback
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tenancy import blobs, hierarchy, keyring, rotation
from tenancy.backends import aws_kms
from tenancy.backends.vault_transit import VaultTransit
from tenancy.errors import KeyringError
from tenancy.hierarchy import forget_organisations, subject_keys
from tenancy.keyring_file import FORMAT, read_or_create
from tenancy.models import Organisation, OrganisationKey, SubjectKey
from tenancy.scope import _current, current_memory, organisation_scope
from tenancy.signing import log_keys
from tests.tenancy.kms_server import RefusingKms
from tests.tenancy.vault_server import TOKEN, VaultServer

AMARA, OBJECT, EVENT = UUID(int=1), UUID(int=2), UUID(int=3)
VOICE = b"canary: " + secrets.token_bytes(64)
ARN = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"


def guises(secret: bytes) -> Iterator[str]:
    """How eight bytes or more of a secret would look, were they written down."""
    yield repr(secret)[2:-1]
    yield repr(bytearray(secret))[12:-2]
    yield secret.hex()
    yield secret.hex().upper()
    yield base64.b64encode(secret).decode().rstrip("=")
    yield base64.urlsafe_b64encode(secret).decode().rstrip("=")
    yield str(list(secret))[1:-1]
    yield repr(secret[:8])[2:-1]
    yield secret[:8].hex()


def known(settings: Settings) -> list[bytes]:
    ring, keys = read_or_create(settings.KEYRING_FILE), subject_keys(AMARA)
    named = [*ring.encryption, *ring.signing, ring.log_ed25519, ring.log_ml_dsa_44, ring.mark_root]
    return [
        VOICE,
        keys.sealing.secret,
        keys.ledger,
        hierarchy.organisation_ledger_secret(),
        hierarchy.open_organisation_key(OrganisationKey.objects.get()).secret,
        keyring.ledger_salt(AMARA, event_id=EVENT),
        keyring.ledger_salt(None, event_id=EVENT),
        keyring.organisation_secret("canary"),
        *(key.secret for key in named),
        TOKEN.encode(),
    ]


def provoke(act: Callable[[], object]) -> str:
    """What a log would show of the failure: the whole chain, with every message."""
    with pytest.raises((KeyringError, CommandError)) as failure:
        act()
    return "".join(traceback.format_exception(failure.value)) + repr(failure.value)


@pytest.fixture
def vault(settings: Settings) -> Iterator[VaultServer]:
    server = VaultServer()
    settings.VAULT_ADDR, settings.VAULT_TOKEN = server.address, TOKEN
    yield server
    server.stop()


def test_nothing_secret_is_ever_written_down(  # noqa: PLR0917 - all that may go wrong, at once
    northwind: Organisation,
    settings: Settings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    vault: VaultServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    shown, it = [], {"subject_id": AMARA, "kind": "sample", "object_id": OBJECT}
    with organisation_scope(northwind.id, actor="system"):
        name = blobs.put(VOICE, **it)  # type: ignore[arg-type]
        sealed, hidden = keyring.seal(VOICE, **it), known(settings)  # type: ignore[arg-type]
        things = (subject_keys(AMARA), subject_keys(AMARA).sealing, current_memory(), _current(), log_keys())
        rows = (SubjectKey.objects.get(), OrganisationKey.objects.get())
        shown += [repr(thing) + str(thing) for thing in (*things, *rows, hierarchy._organisations)]
        shown.append(repr(read_or_create(settings.KEYRING_FILE)))
        broken = sealed[:-1] + bytes([sealed[-1] ^ 1])
        shown.append(provoke(lambda: keyring.open_sealed(broken, **it)))  # type: ignore[arg-type]
        shown.append(provoke(lambda: b"".join(keyring.open_stream(BytesIO(broken), **it))))  # type: ignore[arg-type]
        shown.append(provoke(lambda: blobs.get(name, subject_id=AMARA, kind="other", object_id=OBJECT)))
        shown.append(provoke(lambda: blobs.get("gone", **it)))  # type: ignore[arg-type]
    whole = settings.KEYRING_FILE.read_text()
    damaged = tmp_path / "damaged.json"
    damaged.touch(mode=0o600)
    for content in (
        whole[:-40],
        whole.replace(f'"format": {FORMAT}', '"format": 9'),
        whole.replace('"secret": "', '"secret": "!'),
    ):
        damaged.write_text(content)
        shown.append(provoke(lambda: read_or_create(damaged)))
    for fault in ([403], [400], [429] * 9):
        vault.make_key("vivavoce")
        vault.faults = list(fault)
        shown.append(provoke(lambda: VaultTransit().wrap(hidden[1], context=b"c")))
    server = RefusingKms(ARN, "AccessDeniedException")
    settings.AWS_KMS_KEY, settings.AWS_KMS_ENDPOINT = ARN, server.address
    shown.append(provoke(lambda: aws_kms.AwsKms().wrap(hidden[1], context=b"c")))
    server.stop()
    forget_organisations()
    monkeypatch.setattr(rotation, "_organisations", lambda: [northwind.id])
    settings.KEY_MANAGEMENT = "tenancy.backends.vault_transit.VaultTransit"
    shown.append(provoke(lambda: call_command("rotate_keys")))
    written = capfd.readouterr()
    everything = "\n".join([*shown, caplog.text, written.out, written.err])
    assert "AccessDeniedException" in everything  # so that there is something in which to search
    found = [guise for secret in hidden for guise in guises(secret) if guise in everything]
    assert found == []


def test_the_search_would_find_a_leak() -> None:
    secret = secrets.token_bytes(32)
    for leak in (f"{secret!r}", secret.hex(), base64.b64encode(secret).decode(), f"key={secret[:8].hex()}…"):
        assert any(guise in leak for guise in guises(secret))
