from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from consent.scope import ConsentScope, base_language, covers, is_active

END = datetime(2027, 5, 1, tzinfo=UTC)
NARRATION = ConsentScope("given", frozenset({"narration"}), frozenset({"en"}), END)


def test_a_use_within_the_scope_has_no_shortcoming() -> None:
    assert covers(NARRATION, purpose="narration", language="en-GB", at=END - timedelta(days=1)) == ()


def test_every_shortcoming_is_listed_not_only_the_first() -> None:
    withdrawn = ConsentScope("withdrawn", frozenset({"narration"}), frozenset({"en"}), END)
    assert covers(withdrawn, purpose="marketing", language="de", at=END) == (
        "consent-not-given",
        "consent-expired",
        "purpose-outside-scope",
        "language-outside-scope",
    )


@pytest.mark.parametrize("status", ["requested", "withdrawn", "expired", "", "GIVEN"])
def test_only_a_given_consent_is_active(status: str) -> None:
    scope = ConsentScope(status, frozenset({"narration"}), frozenset({"en"}), END)
    assert not is_active(scope, at=END - timedelta(days=1))


def test_a_consent_ends_at_its_last_moment_not_after_it() -> None:
    assert is_active(NARRATION, at=END - timedelta(microseconds=1))
    assert not is_active(NARRATION, at=END)


@pytest.mark.parametrize(("tag", "base"), [("en", "en"), ("en-GB", "en"), ("zh_Hant_TW", "zh"), ("DE-at", "de")])
def test_languages_are_compared_without_their_region(tag: str, base: str) -> None:
    assert base_language(tag) == base
