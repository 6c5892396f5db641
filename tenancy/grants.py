"""Rights on single things, such as one voice, granted to one member.

Guardian keeps grants in a table of its own without an organisation, so each function here first makes sure that
both the member and the thing belong to the organisation in scope.
"""

from __future__ import annotations

from guardian.models import UserObjectPermission
from guardian.shortcuts import assign_perm, remove_perm

from tenancy.errors import ScopeError
from tenancy.models import Membership, TenantModel, User
from tenancy.scope import current_organisation


def grant(permission: str, *, user: User, on: TenantModel) -> None:
    """Gives `user` the right, for example `use_voice`, on this one thing."""
    if not _within(user, on):
        raise ScopeError("A right can be granted only on the organisation's own things, and only to its members.")
    assign_perm(permission, user, on)


def withdraw_grant(permission: str, *, user: User, on: TenantModel) -> None:
    remove_perm(permission, user, on)


def holds(permission: str, *, user: User, on: TenantModel) -> bool:
    """Whether `user` was granted the right; being a superuser grants nothing, and neither does a past membership."""
    if not user.is_active or not _within(user, on):
        return False
    thing = on._meta  # noqa: SLF001 - Django's documented API
    return bool(
        UserObjectPermission.objects.filter(
            user=user,
            permission__codename=permission,
            permission__content_type__app_label=thing.app_label,
            permission__content_type__model=thing.model_name,
            object_pk=str(on.pk),
        ).exists()
    )


def _within(user: User, on: TenantModel) -> bool:
    organisation_id = current_organisation()
    member = Membership.objects.filter(organisation_id=organisation_id, user=user).exists()
    return member and on.organisation_id == organisation_id
