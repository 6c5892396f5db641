"""System checks that refuse a house with an open door: unfenced tables, a powerful role, stand-ins in earnest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections, models

from tenancy.models import Organisation, TenantModel

APPLICATION = "default"
BACKENDS = (
    "SPEAKER_ENCODERS",
    "TRANSCRIBER",
    "QUALITY_JUDGE",
    "SCRIPT_SCREEN",
    "SPOOF_DETECTOR",
    "WATERMARKERS",
    "OTHER_MARKERS",
    "PROVENANCE_SIGNER",
    "SPEECH_ENGINE",
    "KEY_MANAGEMENT",
    "EVENT_RECORDER",
)
FENCES = """
    SELECT c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
        SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = '*'
        AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL)
    FROM pg_class c WHERE c.oid = to_regclass(%s)
"""
POWERS = """
    SELECT coalesce(bool_or(r.rolsuper), false), coalesce(bool_or(r.rolbypassrls), false)
    FROM pg_roles r WHERE pg_has_role(current_user, r.oid, 'MEMBER')
"""
OWNED = """
    SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    AND pg_has_role(current_user, c.relowner, 'MEMBER')
"""
TETHERS = "SELECT count(*) FROM pg_constraint WHERE conrelid = to_regclass(%s) AND conname = %s AND contype = 'f'"


@register(Tags.security)
def check_stand_ins(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:  # noqa: ARG001 - Django's
    """No backend called `Unsafe…` outside tests."""
    if settings.TESTING:
        return []
    return [
        Error(f"{name} names the stand-in {path}.", hint="Stand-ins are for tests: name a real one.", id="tenancy.E001")
        for name in BACKENDS
        for path in _paths(getattr(settings, name, ""))
        if path.rpartition(".")[2].startswith("Unsafe")
    ]


@register(Tags.database)
def check_fences(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    databases: Sequence[str] | None = None,
    **_: Any,
) -> list[CheckMessage]:
    """Every table of an organisation is fenced, and its foreign keys stay inside the fence."""
    return list(_open_fences()) if APPLICATION in (databases or []) else []


@register(Tags.database)
def check_role(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    databases: Sequence[str] | None = None,
    **_: Any,
) -> list[CheckMessage]:
    """The application's role owns nothing and cannot step over a fence, not even by becoming another role."""
    if APPLICATION not in (databases or []):
        return []
    with connections[APPLICATION].cursor() as cursor:
        cursor.execute(POWERS)
        superuser, bypasses = cursor.fetchone()
        cursor.execute(OWNED)
        (owned,) = cursor.fetchone()
    faults = {"is a superuser": superuser, "can bypass row security": bypasses, "owns tables": owned}
    hint = "DATABASE_URL must name a plain role that has only been granted rights; migrate with DATABASE_OWNER_URL."
    return [
        Error(f"The application's database role {fault}, or can become one that does.", hint=hint, id="tenancy.E003")
        for fault, found in faults.items()
        if found
    ]


def organisations_models() -> list[type[models.Model]]:
    """Every model whose rows belong to an organisation."""
    return [
        model for model in apps.get_models() if any(field.related_model is Organisation for field in _columns(model))
    ]


def _open_fences() -> Iterator[CheckMessage]:
    hint = "Run migrate; a new table needs EnableRowSecurity (and KeepWithinOrganisation) in a migration."
    with connections[APPLICATION].cursor() as cursor:
        for model in organisations_models():
            table = model._meta.db_table  # noqa: SLF001 - Django's documented API
            cursor.execute(FENCES, [table])
            if cursor.fetchone() != (True,):
                yield Error(f"The table {table} has no forced row security.", hint=hint, id="tenancy.E002")
            for column in _columns_to_tenants(model):
                cursor.execute(TETHERS, [table, f"{table}_{column}_within"])
                if cursor.fetchone() != (1,):
                    yield Error(f"{table}.{column} may leave its organisation.", hint=hint, id="tenancy.E004")


def _columns_to_tenants(model: type[models.Model]) -> list[str]:
    return [
        str(field.column)
        for field in _columns(model)
        if isinstance(field.related_model, type) and issubclass(field.related_model, TenantModel)
    ]


def _columns(model: type[models.Model]) -> Sequence[models.Field[Any, Any]]:
    return model._meta.concrete_fields  # noqa: SLF001 - Django's documented API


def _paths(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value
