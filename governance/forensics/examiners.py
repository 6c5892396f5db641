"""Who may examine files and follow a clip back to its consent.

Owners, compliance officers and auditors do by their role: they answer for the record and cannot make clips. A reviewer
decides cases and an engineer makes them, so each needs the right `examine`, granted on their own membership.
"""

from __future__ import annotations

from tenancy import grants
from tenancy.models import Membership, Role, User
from tenancy.scope import current_organisation

EXAMINING = frozenset({Role.OWNER, Role.COMPLIANCE_OFFICER, Role.AUDITOR})


def may_examine(user: User) -> bool:
    """Whether this member of the organisation in scope is an examiner; being a superuser makes nobody one."""
    membership = Membership.objects.filter(organisation_id=current_organisation(), user_id=user.pk).first()
    if membership is None or not user.is_active:
        return False
    return membership.role in EXAMINING or grants.holds("examine", user=user, on=membership)
