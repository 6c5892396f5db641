from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import facts as gathering
from governance.gate import EmptyPolicyError, decide
from governance.rules import RULES, SPEAKING, ClipFacts, ConsentFacts, DisclosureFacts, Facts, ScriptFact

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GOOD = Facts(
    at=NOW,
    purpose="narration",
    language="en",
    consent=ConsentFacts("given", ("accessibility", "narration"), ("en",), NOW + timedelta(days=1)),
    voice_status="ready",
    key_present=True,
    script=(),
    disclosure=DisclosureFacts(required="rhythm", possible=True),
    clip=ClipFacts(mark_verified=True, examination_passed=True, unreleasable_reason="", disclosure="rhythm"),
)


def rules_that_object(facts: Facts, stage: str = "delivery") -> set[str]:
    return {objection.rule for objection in decide(facts, RULES[stage]).objections}


def test_it_permits_when_every_fact_is_good() -> None:
    assert decide(GOOD, RULES["delivery"]).effect == "permit"


def test_an_empty_policy_is_refused() -> None:
    with pytest.raises(EmptyPolicyError):
        decide(GOOD, ())


@pytest.mark.parametrize("fact", ["consent", "voice_status", "key_present", "script", "disclosure", "clip"])
def test_a_fact_that_did_not_come_is_never_a_yes(fact: str) -> None:
    assert decide(replace(GOOD, **{fact: None}), RULES["delivery"]).effect == "deny"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"consent": replace(GOOD.consent, status="withdrawn")}, "consent-withdrawn"),
        ({"consent": replace(GOOD.consent, status="requested")}, "consent-not-given"),
        ({"consent": replace(GOOD.consent, status="expired")}, "consent-expired"),
        ({"consent": replace(GOOD.consent, status="superseded")}, "consent-superseded"),
        ({"consent": replace(GOOD.consent, status="who knows")}, "consent-unknown"),
        ({"consent": replace(GOOD.consent, valid_until=NOW)}, "consent-expired"),
        ({"purpose": "marketing"}, "purpose-outside-scope"),
        ({"language": "de"}, "language-outside-scope"),
        ({"voice_status": "preparing"}, "voice-not-ready"),
        ({"voice_status": "erased"}, "voice-unusable"),
        ({"voice_status": "nonsense"}, "voice-unusable"),
        ({"key_present": False}, "speaker-key-absent"),
        ({"clip": replace(GOOD.clip, mark_verified=False)}, "mark-unverified"),
        ({"clip": replace(GOOD.clip, examination_passed=False)}, "examination-failed"),
        ({"clip": replace(GOOD.clip, unreleasable_reason="withdrawn")}, "clip-unreleasable"),
        ({"clip": replace(GOOD.clip, disclosure="none")}, "disclosure-missing"),
        ({"disclosure": DisclosureFacts(required="words", possible=True)}, "disclosure-missing"),
    ],
)
def test_each_rule_objects_to_what_it_guards(change: dict[str, object], rule: str) -> None:
    facts = replace(GOOD, **change)
    assert rules_that_object(facts) == {rule}
    assert decide(facts, RULES["delivery"]).effect == "deny"


@pytest.mark.parametrize("stage", ["intake", "render"])
def test_speech_whose_disclosure_cannot_be_made_is_denied_before_it_is_spoken(stage: str) -> None:
    assert rules_that_object(replace(GOOD, disclosure=None), stage) == {"disclosure-unknown"}
    impossible = replace(GOOD, disclosure=DisclosureFacts(required="words", possible=False))
    assert rules_that_object(impossible, stage) == {"disclosure-impossible"}


@pytest.mark.parametrize("heard", ["rhythm", "words"])
def test_a_clip_that_says_as_much_as_is_owed_or_more_may_leave(heard: str) -> None:
    assert rules_that_object(replace(GOOD, clip=replace(GOOD.clip, disclosure=heard))) == set()


def test_every_objection_is_listed_and_denials_come_first() -> None:
    findings = (ScriptFact("script-hold", "hold", "h", "w"), ScriptFact("script-deny", "deny", "d", "w"))
    verdict = decide(replace(GOOD, purpose="marketing", script=findings), RULES["intake"])
    assert verdict.effect == "deny"
    assert [objection.rule for objection in verdict.objections] == [
        "purpose-outside-scope",
        "script-deny",
        "script-hold",
    ]


def test_a_held_voice_or_script_holds() -> None:
    assert decide(replace(GOOD, voice_status="held"), RULES["intake"]).effect == "hold"
    finding = ScriptFact("script-hold", "hold", "h", "w")
    assert decide(replace(GOOD, script=(finding,)), RULES["intake"]).effect == "hold"


def test_a_note_is_no_objection_and_an_unknown_severity_denies() -> None:
    assert decide(replace(GOOD, script=(ScriptFact("n", "note", "", ""),)), RULES["intake"]).effect == "permit"
    assert decide(replace(GOOD, script=(ScriptFact("n", "shrug", "", ""),)), RULES["intake"]).effect == "deny"


def test_a_regional_variant_is_covered_by_its_language() -> None:
    assert rules_that_object(replace(GOOD, language="en-GB")) == set()


def test_delivery_asks_everything_that_intake_asks() -> None:
    assert set(SPEAKING) <= set(RULES["delivery"])


facts_strategy = st.builds(
    Facts,
    at=st.datetimes(timezones=st.just(UTC)),
    purpose=st.text(),
    language=st.text(),
    consent=st.none()
    | st.builds(
        ConsentFacts,
        status=st.text(),
        purposes=st.lists(st.text()).map(tuple),
        languages=st.lists(st.text()).map(tuple),
        valid_until=st.datetimes(timezones=st.just(UTC)),
    ),
    voice_status=st.none() | st.text(),
    key_present=st.none() | st.booleans(),
    script=st.none() | st.lists(st.builds(ScriptFact, st.text(), st.text(), st.text(), st.text())).map(tuple),
    clip=st.none() | st.builds(ClipFacts, st.booleans(), st.booleans(), st.text()),
)


@given(facts_strategy)
def test_stored_facts_come_back_the_same(facts: Facts) -> None:
    assert gathering.from_json(gathering.to_json(facts)) == facts


@given(facts_strategy)
def test_it_never_permits_without_a_given_consent(facts: Facts) -> None:
    verdict = decide(facts, RULES["render"])
    covered = (
        facts.consent is not None
        and facts.consent.status == "given"
        and facts.at < facts.consent.valid_until
        and facts.purpose in facts.consent.purposes
        and facts.voice_status == "ready"
        and facts.key_present is True
        and facts.script is not None
    )
    assert covered or verdict.effect != "permit"
