"""The admin: every app's rows, read-only, for a superuser; what they see of an organisation follows from membership."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from consent.models import (
    CeremonyRecording,
    Challenge,
    ConsentPurpose,
    ConsentRecord,
    Receipt,
    Reminder,
    Representative,
    Speaker,
    SpeakerMail,
)
from governance.forensic_models import CustodyEvent, Examination
from governance.hold_models import CaseHold, LegalHold
from governance.models import (
    Clip,
    Decision,
    DestructionCertificate,
    Detection,
    Incident,
    Permit,
    Review,
    SynthesisRequest,
)
from safety.models import ListChange, ProtectedList, ProtectedVoice, ProtectionAppeal, ProtectionRequest
from tenancy.models import ApiKey, Membership, Organisation, SubjectKey, User
from voices.models import OfferedSample, PreparedVoice, Reference, Sample, Voice


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is not typed
    """A list and a detail; acting is the console's and the API's."""

    list_per_page = 50
    show_full_result_count = False
    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 - Django's
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 - Django's
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 - Django's
        return False


LISTED: dict[type[Model], tuple[str, ...]] = {
    Organisation: ("name", "slug", "created_at"),
    User: ("username", "is_active", "is_superuser", "last_login"),
    Membership: ("user", "role", "organisation", "created_at"),
    ApiKey: ("name", "hint", "expires_at", "revoked_at", "last_used_at"),
    SubjectKey: ("subject_id", "created_at", "shredded_at"),
    Speaker: ("name", "created_at"),
    ConsentRecord: ("speaker", "status", "valid_until", "given_at", "ended_at"),
    ConsentPurpose: ("consent", "purpose", "active"),
    SpeakerMail: ("consent", "kind", "written_at", "sent_at"),
    Challenge: ("consent", "issued_at", "expires_at", "used_at"),
    CeremonyRecording: ("consent", "status", "received_at", "verified_at"),
    Representative: ("consent", "capacity", "status", "named_at"),
    Receipt: ("consent", "key_id", "issued_at"),
    Reminder: ("consent", "kind", "notice_version", "sent_at"),
    Voice: ("name", "speaker", "status", "language", "created_at"),
    OfferedSample: ("consent", "number", "status", "offered_at"),
    Sample: ("voice", "position", "sha256"),
    Reference: ("voice", "model_name", "created_at"),
    PreparedVoice: ("voice", "created_at"),
    ProtectedList: ("name", "owner", "action", "organisation", "created_at"),
    ListChange: ("listing", "kind", "status", "proposed_by", "proposed_at"),
    ProtectionAppeal: ("voice", "status", "filed_by", "filed_at"),
    ProtectionRequest: ("name", "status", "asked_at"),
    ProtectedVoice: ("name", "action", "organisation", "added_at", "removed_at"),
    SynthesisRequest: ("voice", "purpose", "language", "requested_by", "received_at"),
    Decision: ("request", "stage", "effect", "policy_version", "decided_at"),
    Permit: ("request", "status", "attempts", "issued_at", "ended_at"),
    Incident: ("permit", "voice", "kind", "opened_at"),
    Review: ("kind", "speaker", "outcome", "reviewer", "decided_at"),
    CaseHold: ("case_number", "placed_by", "lifted_at", "placed_at"),
    LegalHold: ("speaker", "placed_by", "covers_biometric", "lifted_at", "placed_at"),
    DestructionCertificate: ("speaker", "consent", "reason", "key_shredded", "issued_at"),
    Clip: ("voice", "seconds", "mark_verified_at", "unreleasable_since", "made_at"),
    Detection: ("status", "sha256", "received_at", "completed_at"),
    Examination: ("case_number", "status", "sha256", "received_at"),
    CustodyEvent: ("examination", "sequence", "action", "actor", "at"),
}
SEALED = (
    "password",
    "token_hash",
    "wrapped",
    "wrapped_key",
    "recording",
    "sealed",
    "embedding",
    "groups",
    "user_permissions",
)


def _register(model: type[Model], columns: tuple[str, ...]) -> None:
    """A read-only page for `model`, without what is secret or sealed."""
    names = {field.name for field in model._meta.get_fields()}  # noqa: SLF001 - Django's public name
    kept_back = [name for name in SEALED if name in names]
    ordering = (f"-{columns[-1]}",) if columns[-1] not in {"active", "sha256"} else ("-pk",)
    attributes = {"list_display": columns, "exclude": kept_back, "ordering": ordering}
    admin.site.register(model, type(f"{model.__name__}Admin", (ReadOnlyAdmin,), attributes))


for listed, shown in LISTED.items():
    _register(listed, shown)
admin.site.unregister(Group)
