"""The way back on an examination's page: one card a step, what matters in sight, every entry with its proof."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.events import Event
from audit.identity import verifier_keys
from audit.log import append
from audit.policy import Policy
from audit.proofs import verify_proof
from audit.publishing import publish
from audit.queries import entries, leaf_of
from audit.sequencer import sequence_once
from governance.console.chain_cards import MOST_OPEN, MOST_TROUBLED, Card, chain_behind
from governance.console.chain_words import provable
from governance.models import Clip, Decision
from tenancy.models import Organisation, Role
from tenancy.scope import organisation_scope
from tests.cast import found, hire
from tests.governance.console_rows import DENIED, HELD, fill
from tests.governance.examination_rows import complete, concluded, hand_in, named

DELIVERIES = 9


def note_decision(clip: Clip, stage: str, effect: str = "permit", *objections: dict[str, Any]) -> Decision:
    """A decision about the clip's request, and its entry."""
    first = clip.permit.decision
    decision = Decision.objects.create(
        organisation_id=clip.organisation_id,
        request=clip.permit.request,
        stage=stage,
        effect=effect,
        objections=list(objections),
        facts=first.facts,
        policy_version=first.policy_version,
        seconds=0.01,
    )
    append(Event.SYNTHESIS_DECIDED, refs={"request": clip.permit.request_id, "decision": decision.id})
    return decision


def deliver(clip: Clip, *, count: int) -> None:
    """So many hand-outs, each with its decision."""
    for number in range(count):
        decision = note_decision(clip, "delivery")
        refs = {"clip": clip.id, "request": clip.permit.request_id, "decision": decision.id}
        append(Event.CLIP_RELEASED, refs=refs, data={"form": ("wav", "mp3", "flac")[number % 3]})


def refuse(clip: Clip, *, count: int) -> None:
    for _ in range(count):
        note_decision(clip, "delivery", "deny", DENIED)
        append(Event.CLIP_RELEASE_REFUSED, refs={"clip": clip.id}, data={"form": "wav"})


def make(organisation: Organisation) -> Clip:
    """A clip with everything on record that led to it, handed out nine times; call it outside any scope."""
    clip = fill(organisation, speaker_name="Amara").clip
    permit, voice = clip.permit, clip.voice
    consent = {"consent": voice.consent_id, "speaker": voice.speaker_id}
    asked = {**consent, "voice": voice.id, "request": permit.request_id}
    with organisation_scope(organisation.id, actor="system"):
        append(Event.CONSENT_GIVEN, refs=consent)
        append(Event.CONSENT_RECEIPT_ISSUED, refs=consent)
        append(Event.VOICE_PREPARED, refs={**consent, "voice": voice.id})
        append(Event.SYNTHESIS_REQUESTED, refs=asked)
        append(Event.SYNTHESIS_DECIDED, refs={**asked, "decision": permit.decision_id})
        append(Event.PERMIT_ISSUED, refs={**asked, "permit": permit.id})
        note_decision(clip, "render")
        append(Event.RENDER_COMPLETED, refs={**asked, "permit": permit.id, "clip": clip.id})
        deliver(clip, count=DELIVERIES)
    return clip


@pytest.fixture
def clip(northwind: Organisation) -> Iterator[Clip]:
    """Such a clip, in its organisation's scope."""
    made = make(northwind)
    with organisation_scope(northwind.id, actor="system"):
        yield made


def card_of(clip: Clip, title: str) -> Card:
    chain = chain_behind(clip.id)
    assert chain is not None
    (card,) = [card for card in chain.cards if card.title == title]
    return card


def test_each_step_has_one_card_however_often_it_was_decided_and_delivered(clip: Clip) -> None:
    chain = chain_behind(clip.id)
    assert chain is not None
    assert [(card.title, card.word) for card in chain.cards] == [
        ("The clip", "Releasable"),
        ("The request", ""),
        ("The decisions", "Permitted"),
        ("The permit", "Completed"),
        ("The consent", "Given"),
        ("The voice", "Ready"),
        ("The deliveries", ""),
    ]
    assert chain.provable == "All 26 entries are waiting for a place in the log."


def test_the_decision_that_permitted_comes_first_and_the_rest_is_counted(clip: Clip) -> None:
    card = card_of(clip, "The decisions")
    assert card.said == "The gate decided 11 times: all permitted."
    assert [line.what for line in card.lines] == ["At intake: the permit rests on it"]
    assert card.address == card.lines[0].address == reverse("console:decision", args=[clip.permit.decision_id])
    assert card.more == "10 more decisions: 1 at render, 9 at delivery; all permitted"
    assert [line.what for line in card.folded] == ["At render", *["At delivery"] * DELIVERIES]


def test_what_was_held_or_refused_is_never_folded_away(clip: Clip) -> None:
    held = note_decision(clip, "intake", "hold", HELD)
    refuse(clip, count=MOST_TROUBLED - 1)
    decisions, deliveries = card_of(clip, "The decisions"), card_of(clip, "The deliveries")
    assert [(line.what, line.word) for line in decisions.lines] == [
        ("At intake: the permit rests on it", "Permitted"),
        ("At delivery: purpose outside scope", "Denied"),
        ("At delivery: purpose outside scope", "Denied"),
        ("At intake: impersonates office", "Held"),
    ]
    assert decisions.lines[-1].address == reverse("console:decision", args=[held.id])
    assert decisions.said == "The gate decided 14 times: 11 permitted, 1 held, 2 denied."
    assert [(line.what, line.word) for line in deliveries.lines] == [
        ("Handed out as WAV", ""),
        ("Asked for as WAV", "Refused"),
        ("Asked for as WAV", "Refused"),
    ]
    assert deliveries.said == "Handed out 9 times, asked for and refused twice."
    assert (deliveries.meaning, deliveries.more) == ("deny", "8 more deliveries: 3 as MP3, 3 as FLAC, 2 as WAV")


def test_of_many_refusals_the_latest_are_in_sight_and_the_others_are_counted(clip: Clip) -> None:
    refuse(clip, count=MOST_TROUBLED + 2)
    card = card_of(clip, "The decisions")
    assert len(card.lines) == 1 + MOST_TROUBLED
    assert card.more == "12 more decisions: 1 at render, 11 at delivery; 10 permitted, 2 denied"


def test_few_entries_are_all_in_sight_in_their_order(clip: Clip) -> None:
    append(Event.CONSENT_WITHDRAWN, refs={"consent": clip.voice.consent_id})
    card = card_of(clip, "The consent")
    assert len(card.lines) <= MOST_OPEN
    assert [(line.what, line.word) for line in card.lines] == [
        ("The speaker gave their consent.", ""),
        ("The speaker got their receipt.", ""),
        ("The speaker took it back.", "Withdrawn"),
    ]
    assert (card.folded, card.more) == ((), "")


def test_a_step_that_is_not_on_record_says_so(northwind: Organisation) -> None:
    bare = fill(northwind, speaker_name="Amara").clip
    with organisation_scope(northwind.id, actor="system"):
        chain = chain_behind(bare.id)
    assert chain is not None
    assert {line.proof_word for card in chain.cards for line in card.lines} == {"Not on record"}
    assert chain.provable == "No step of it is on record."


def test_what_is_provable_is_counted_the_weakest_last() -> None:
    assert provable({"witnessed": 3}) == "All 3 entries are logged and witnessed."
    assert provable({"waiting": 1, "unrecorded": 2, "witnessed": 20}) == (
        "Of 23 entries 20 are logged and witnessed, 1 is waiting for a place in the log, 2 are not on record."
    )


def test_every_entry_on_the_page_leads_to_its_place_and_its_proof(committed_db: None) -> None:
    firm = found("Northwind")
    clip = make(firm)
    while sequence_once():
        pass
    publish()
    row = complete(hand_in(firm), concluded("marked", named(clip.id, firm.id)))
    client = Client()
    client.force_login(hire(firm, "Olga", role=Role.COMPLIANCE_OFFICER))
    page = html.unescape(client.get(reverse("console:examination", args=[row.id])).content.decode())
    with organisation_scope(firm.id, actor="system"):
        decided = entries(about=clip.permit.request_id, event=Event.SYNTHESIS_DECIDED)
        released = entries(about=clip.id, event=Event.CLIP_RELEASED)
    assert (len(decided), len(released)) == (2 + DELIVERIES, DELIVERIES)
    for entry in (*decided, *released):
        leaf = leaf_of(entry.id)
        assert leaf is not None
        assert f">Logged, place {leaf.index:,}</a>" in page
        assert f'href="{reverse("console:entry-proof", args=[entry.id])}"' in page
    proof = client.get(reverse("console:entry-proof", args=[released[-1].id]))
    leaf = leaf_of(released[-1].id)
    assert leaf is not None
    assert verify_proof(proof.content, leaf=leaf.leaf, policy=Policy().with_logs(verifier_keys())).index == leaf.index
    assert len(re.findall(r'<div class="link">', page)) == 7
