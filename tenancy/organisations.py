"""Founding organisations and taking in their members."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from tenancy.errors import OrganisationError
from tenancy.ids import new_id
from tenancy.models import Membership, Organisation, Role, User
from tenancy.recording import record
from tenancy.scope import organisation_scope


def create(*, name: str, slug: str) -> Organisation:
    """A new organisation, with its first audit entry."""
    organisation = Organisation(id=new_id(), name=name, slug=slug)
    try:
        organisation.full_clean()
    except ValidationError as error:
        raise OrganisationError(f"No organisation was made: {'; '.join(error.messages)}") from error
    with organisation_scope(organisation.id, actor="system"):
        organisation.save(force_insert=True)
        record("organisation:record:created", refs={})
    return organisation


def add_member(organisation: Organisation, *, username: str, password: str, role: str) -> User:
    """A new user who signs in with `password` and works for `organisation` in `role`.

    Raises:
        OrganisationError: the role is unknown, the name taken, or the password too weak.
    """
    if role not in Role.values:
        raise OrganisationError(f"{role!r} is no role: choose one of {', '.join(Role.values)}.")
    user = User(username=username)
    try:
        user.clean_fields(exclude=["password"])
        validate_password(password, user)
    except ValidationError as error:
        raise OrganisationError(f"No member was added: {'; '.join(error.messages)}") from error
    user.set_password(password)
    with organisation_scope(organisation.id, actor="system"):
        try:
            with transaction.atomic():
                user.save(force_insert=True)
        except IntegrityError as error:
            raise OrganisationError(f"The username {username!r} is taken: choose another.") from error
        membership = Membership.objects.create(organisation=organisation, user=user, role=role)
        record("organisation:member:added", refs={"member": membership.pk}, data={"role": role})
    return user


def membership_of(user: User) -> Membership | None:
    """The user's oldest membership; call it in a `user_scope`, where only their own are visible."""
    return Membership.objects.filter(user=user).select_related("organisation").order_by("created_at", "id").first()
