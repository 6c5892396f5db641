from __future__ import annotations

import pytest

from consent import lifecycle, queries
from consent.errors import ConsentError
from consent.models import ConsentRecord
from consent.scope import ConsentScope
from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.consent.conftest import Ask
from tests.consent.records import EVIDENCE


def test_the_scope_of_a_consent_as_it_stands(ask: Ask) -> None:
    consent = ask(purposes=["narration", "games"], languages=["en", "de"])
    expected = ("requested", frozenset({"narration", "games"}), frozenset({"en", "de"}), consent.valid_until)
    assert queries.scope_of(consent.id) == ConsentScope(*expected)
    lifecycle.give(consent, evidence=EVIDENCE)
    assert queries.scope_of(consent.id) == ConsentScope("given", *expected[1:])


def test_a_consent_that_is_not_there_has_no_scope(in_northwind: Organisation) -> None:
    assert queries.scope_of(new_id()) is None


def test_the_consent_of_another_organisation_is_not_there(asked: ConsentRecord, rival: Organisation) -> None:
    with organisation_scope(rival.id, actor="system"):
        assert queries.scope_of(asked.id) is None


def test_without_an_accepted_recording_there_is_no_voice_to_compare_with(asked: ConsentRecord) -> None:
    with pytest.raises(ConsentError, match="No accepted ceremony recording"):
        queries.ceremony_embedding(asked.id, encoders=())
