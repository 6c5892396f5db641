from __future__ import annotations

import secrets

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from governance.admin import LISTED, SEALED, ReadOnlyAdmin
from tenancy.models import Organisation, User
from tests.governance.console_rows import fill

PAGES = sorted(f"{model._meta.app_label}_{model._meta.model_name}" for model in LISTED)


@pytest.fixture
def superuser(client: Client, ruth: User) -> Client:
    ruth.is_staff = ruth.is_superuser = True
    ruth.save()
    client.force_login(ruth)
    return client


@pytest.mark.parametrize("page", PAGES)
def test_a_superuser_reads_every_list_and_adds_to_none(superuser: Client, northwind: Organisation, page: str) -> None:
    fill(northwind, speaker_name="Amara")
    assert superuser.get(reverse(f"admin:{page}_changelist")).status_code == 200
    assert superuser.get(reverse(f"admin:{page}_add")).status_code == 403


def test_nothing_can_be_changed_or_deleted(superuser: Client, northwind: Organisation) -> None:
    voice = fill(northwind, speaker_name="Amara").voice
    address = reverse("admin:voices_voice_change", args=[voice.id])
    assert superuser.get(address).status_code == 200
    assert superuser.post(address, {"name": "Mine now"}).status_code == 403
    assert superuser.post(reverse("admin:voices_voice_delete", args=[voice.id])).status_code == 403


def test_a_superuser_without_membership_sees_no_organisation_s_rows(client: Client, northwind: Organisation) -> None:
    fill(northwind, speaker_name="Amara")
    client.force_login(User.objects.create_superuser(f"root-{secrets.token_hex(4)}"))
    assert "Amara" not in client.get(reverse("admin:voices_voice_changelist")).content.decode()


def test_staff_alone_is_not_enough(client: Client, ruth: User) -> None:
    ruth.is_staff = True
    ruth.save()
    client.force_login(ruth)
    assert client.get(reverse("admin:voices_voice_changelist")).status_code == 403


def test_every_page_is_read_only_and_shows_nothing_sealed() -> None:
    for model, page in admin.site._registry.items():
        assert isinstance(page, ReadOnlyAdmin), model
        sealed = {field.name for field in model._meta.get_fields()} & set(SEALED)
        assert sealed <= set(page.exclude or ()), model
