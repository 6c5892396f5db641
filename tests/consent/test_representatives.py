from __future__ import annotations

from typing import Any

import pytest
from django.test import TestCase

from audit.events import Event
from audit.queries import entries
from consent import evidence, lifecycle, outcome, queries, representatives
from consent.errors import ConsentError
from consent.models import ConsentRecord, Representative
from tests.consent.records import EVIDENCE

PDF = b"%PDF-1.7 the court's order"
GIVEN = {
    "name": "Ruth Okafor",
    "capacity": "guardian",
    "statement": "I am Amara's guardian, and I agree to the notice.",
    "document": PDF,
}


def name(consent: ConsentRecord, **changes: Any) -> Representative:
    return representatives.name_representative(consent, **{**GIVEN, **changes})


def test_a_representative_waits_for_a_person_with_the_document_sealed(asked: ConsentRecord) -> None:
    named = name(asked)
    assert (named.status, named.document_type) == ("held", "application/pdf")
    assert evidence.open_document(named) == PDF
    assert ConsentRecord.objects.get(id=asked.id).status == "requested"
    entry = entries(about=asked.id)[-1]
    assert entry.event == Event.CONSENT_REPRESENTATIVE_NAMED
    assert entry.data == {"capacity": "guardian", "document_sha256": named.document_sha256}
    assert [row.id for row in representatives.waiting()] == [named.id]


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("representative-incomplete", {"name": "  "}),
        ("representative-incomplete", {"name": "x" * 201}),
        ("representative-incomplete", {"capacity": "friend"}),
        ("representative-incomplete", {"statement": "I agree."}),
        ("document-unsupported", {"document": b""}),
        ("document-unsupported", {"document": b"<html><script>alert(1)</script>"}),
        ("document-unsupported", {"document": b"%PDF-" + bytes(10 * 1024 * 1024)}),
    ],
)
def test_what_is_incomplete_or_no_document_is_refused_and_nothing_is_kept(
    asked: ConsentRecord, code: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(ConsentError) as caught:
        name(asked, **changes)
    assert caught.value.code == code
    assert not Representative.objects.exists()


def test_only_one_waits_at_a_time_and_only_while_the_consent_is_undecided(asked: ConsentRecord) -> None:
    name(asked)
    with pytest.raises(ConsentError) as caught:
        name(asked)
    assert caught.value.code == "representative-waits"
    lifecycle.withdraw(asked)
    with pytest.raises(ConsentError) as caught:
        name(asked)
    assert caught.value.code == "consent-already-decided"
    assert not representatives.waiting().exists()


def test_a_consent_given_so_has_no_voice_to_compare_with_and_no_living_voice_to_doubt(asked: ConsentRecord) -> None:
    representatives.approve(name(asked).id, review={"outcome": "approve"})
    asked.refresh_from_db()
    assert (asked.status, asked.evidence["representative"]["name"]) == ("given", "Ruth Okafor")
    assert asked.evidence["review"] == {"outcome": "approve"}
    assert queries.ceremony_embedding(asked.id, encoders=()) is None
    assert queries.ceremony_living_voice(asked.id, detector=None) is None  # type: ignore[arg-type]


def test_erasing_the_consent_s_material_destroys_the_document_and_keeps_its_hash(asked: ConsentRecord) -> None:
    named = name(asked)
    with TestCase.captureOnCommitCallbacks(execute=True):
        destroyed = evidence.erase(asked.id)
    assert [(found.kind, found.object_id) for found in destroyed] == [("representative-document", named.id)]
    named.refresh_from_db()
    assert (named.document_blob, len(named.document_sha256)) == ("", 64)


def test_where_the_consent_was_given_meanwhile_nothing_waits(asked: ConsentRecord) -> None:
    named = name(asked)
    outcome.give(asked, evidence=EVIDENCE)
    with pytest.raises(ConsentError) as caught:
        representatives.approve(named.id, review={})
    assert caught.value.code == "consent-already-decided"
