"""Reviews: one door to what waits for a person, to its evidence and sound, and to the decision with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from audit.events import Event
from audit.log import append
from audit.queries import entries
from consent.errors import ConsentError
from governance import queries
from governance.cases import DESKS, Case, Material
from governance.errors import ReviewRefusedError, UnknownReviewError
from governance.models import Review, ReviewOutcome
from tenancy import grants
from tenancy.ids import new_id
from tenancy.models import Membership, Role, User
from tenancy.scope import current_organisation
from voices.errors import VoiceError

REVIEWING = frozenset({Role.OWNER, Role.COMPLIANCE_OFFICER, Role.REVIEWER})
LEAST_WORDS, MOST_WORDS = 10, 2_000
NOBODY = ReviewRefusedError("four-eyes", "Nobody can say who asked for this, so nobody can show to be somebody else.")


def waiting() -> list[Case]:
    """Everything that waits, in the order in which an answer is due."""
    return sorted((case for desk in DESKS.values() for case in desk.waiting()), key=lambda case: case.answer_by)


def decided() -> QuerySet[Review]:
    """What was decided, newest first."""
    return queries.reviews()


def find(kind: str, about_id: UUID) -> Case:
    """One case that waits; raises `UnknownReviewError` for any other, another organisation's included."""
    desk = DESKS.get(kind)
    found = next((case for case in desk.waiting() if case.about_id == about_id), None) if desk else None
    if found is None:
        raise UnknownReviewError("Nothing of that kind waits for a reviewer.")
    return found


def open_material(case: Case, part: str, *, reviewer: User) -> Material:
    """Sound or a document of a case, for the eyes and ears of a reviewer alone; each opening is on record.

    Raises:
        ReviewRefusedError: this member may not review.
        UnknownReviewError: the case has no such part.
    """
    _require_right(reviewer)
    if part not in {known for known, _ in case.parts}:
        raise UnknownReviewError("The case has no such part.")
    found = DESKS[case.kind].open(case, part)
    append(Event.REVIEW_OPENED, refs=case.refs, data={"kind": case.kind, "part": part})
    return found


def decide(case: Case, *, approve: bool, reviewer: User, words: str) -> Review:
    """Decide, as somebody who did not ask for it, and say why.

    Raises:
        ReviewRefusedError: this member may not review (review-not-permitted), asked for it (four-eyes), gave no reasons
            (review-says-nothing), or it cannot be decided like that (any more).
    """
    _require_right(reviewer)
    asked = _require_another(case, reviewer)
    said = _require_words(words)
    review = Review(
        id=new_id(),
        organisation_id=current_organisation(),
        kind=case.kind,
        about_id=case.about_id,
        speaker_id=case.consent.speaker_id,
        consent=case.consent,
        outcome=ReviewOutcome.APPROVE if approve else ReviewOutcome.REFUSE,
        reviewer=_actor(reviewer),
        asked_by=asked,
        words=said,
        reasons=case.reasons,
    )
    with transaction.atomic():
        _carry_out(case, review)
    return review


def _carry_out(case: Case, review: Review) -> None:
    """Act, keep the decision, put it on record: all of it or nothing."""
    note = {"id": str(review.id), "reviewer": review.reviewer, "outcome": str(review.outcome)}
    approve = review.outcome == ReviewOutcome.APPROVE
    try:
        DESKS[case.kind].act(case, approve=approve, words=review.words, note=note)
    except (ConsentError, VoiceError) as error:
        raise ReviewRefusedError(error.code, error.message) from error
    review.save(force_insert=True)
    append(Event.REVIEW_DECIDED, refs=case.refs, data=_on_record(review))


def may_review(reviewer: User) -> bool:
    """Owners, compliance officers and reviewers, and whoever was granted `review` on their own membership."""
    membership = Membership.objects.filter(organisation_id=current_organisation(), user_id=reviewer.pk).first()
    if membership is None or not reviewer.is_active:
        return False
    return membership.role in REVIEWING or grants.holds("review", user=reviewer, on=membership)


def asked_by(case: Case) -> str:
    """Who asked for what is decided: a member, where an application acted for them; empty where nobody knows."""
    if case.requested_by:
        return _behind(case.requested_by)
    found = entries(about=case.asked_about, event=case.asked_as)
    return _behind(found[0].actor) if found else ""


def _behind(actor: str) -> str:
    """The member who issued an application's key, else the actor itself."""
    kind, _, identifier = actor.partition(":")
    if kind != "api-key":
        return actor
    issued = entries(about=UUID(identifier), event=Event.API_KEY_ISSUED)
    return issued[0].actor if issued and issued[0].actor.startswith("member:") else actor


def _require_right(reviewer: User) -> None:
    if not may_review(reviewer):
        text = "Only reviewers, compliance officers and owners decide, and members who were granted the right."
        raise ReviewRefusedError("review-not-permitted", text)


def _require_another(case: Case, reviewer: User) -> str:
    found = asked_by(case)
    if not found:
        raise NOBODY
    if found == _actor(reviewer):
        raise ReviewRefusedError("four-eyes", "You asked for this yourself; another member has to decide it.")
    return found


def _require_words(words: str) -> str:
    said = words.strip()
    if not LEAST_WORDS <= len(said) <= MOST_WORDS:
        text = f"Say why, in {LEAST_WORDS} to {MOST_WORDS} characters: whoever is affected reads it."
        raise ReviewRefusedError("review-says-nothing", text)
    return said


def _on_record(review: Review) -> Mapping[str, Any]:
    """No words: they may name people, and the ledger never does."""
    rules = [reason["rule"] for reason in review.reasons]
    return {"review": str(review.id), "kind": review.kind, "effect": str(review.outcome), "rules": rules}


def _actor(reviewer: User) -> str:
    return f"member:{reviewer.pk}"
