"""A request for consent: terms that a speaker can agree to, complete and in plain words, and a link."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from audit.events import Event
from audit.log import append
from consent import contact, links, notice, succession
from consent.errors import ConsentError
from consent.models import ConsentPurpose, ConsentRecord, ConsentStatus, Speaker
from consent.scope import Purpose, base_language
from consent.wording import WORLDWIDE, wording
from tenancy.models import Organisation
from tenancy.scope import current_organisation

LEAST_WORDS_OF_USE = 8  # California AB 2602 asks for a reasonably specific description of the intended uses


def request_consent(
    *,
    speaker_name: str,
    purposes: Sequence[str],
    languages: Sequence[str],
    intended_use: str,
    territory: Sequence[str],
    compensation: str,
    recipients: Sequence[str],
    clips_may_be_distributed: bool,
    valid_until: datetime,
    speaker_email: str | None = None,
    speaker_id: UUID | None = None,
    locale: str = "en",
    jurisdictions: Sequence[str] = (),
    replaces: UUID | None = None,
) -> tuple[ConsentRecord, str]:
    """Ask a speaker for consent; the token opens the ceremony, after the second factor, and is shown only once.

    A name does not say who somebody is: each request makes a new speaker, unless `speaker_id` names one.

    Args:
        speaker_name: as the speaker will say it.
        purposes: of the closed list.
        languages: in which the voice may speak.
        intended_use: what for, in at least eight plain words.
        territory: ISO 3166 codes of the countries where the voice may be used, or `worldwide` alone.
        compensation: what the speaker gets, in plain words; `none` where it is nothing.
        recipients: who else gets the speech, by name; nobody means the organisation alone.
        clips_may_be_distributed: whether they may pass it on and publish it.
        valid_until: when the consent ends.
        speaker_email: where the speaker alone reads mail; it may be left out for a speaker whose address is known.
        speaker_id: a speaker of this organisation who is asked again.
        locale: the language of the ceremony.
        jurisdictions: codes of the places whose laws on keeping and destroying apply; none means all.
        replaces: a given consent of theirs whose place this one takes once they say yes.

    Raises:
        ConsentError: consent-scope, for terms that cannot be agreed to.
    """
    organisation = Organisation.objects.get(id=current_organisation())
    replaced = None if replaces is None else succession.to_be_replaced(replaces)
    if replaced is not None and speaker_id not in {None, replaced.speaker_id}:
        raise ConsentError("consent-scope", "A consent can only take the place of another of the same speaker.")
    terms = notice.Terms(
        name=_one_line(speaker_name),
        organisation=_one_line(organisation.name),
        purposes=_known_purposes(purposes),
        languages=tuple(sorted({base_language(language) for language in languages})),
        intended_use=_one_line(intended_use),
        territory=_known_territory(territory, locale=locale),
        compensation=_one_line(compensation),
        recipients=tuple(filter(None, dict.fromkeys(_one_line(name) for name in recipients))),
        clips_may_be_distributed=clips_may_be_distributed,
        valid_until=valid_until,
    )
    _require_complete(terms)
    written = notice.write(terms, locale=locale)
    speaker = _speaker(terms.name, speaker_id if replaced is None else replaced.speaker_id, speaker_email)
    consent = _keep(terms, written, speaker=speaker, jurisdictions=jurisdictions, replaces=replaced)
    return consent, new_ceremony_link(consent)


def new_ceremony_link(consent: ConsentRecord) -> str:
    """The token of a link at which the request can be answered; it opens nothing without the second factor.

    Raises:
        ConsentError: it was answered, or ended otherwise (consent-already-decided).
    """
    if consent.status != ConsentStatus.REQUESTED:
        raise ConsentError("consent-already-decided", "This request was answered already, or has ended.")
    expires_at = timezone.now() + timedelta(days=settings.CEREMONY_LINK_DAYS)
    return links.new_link(consent, kind="ceremony", expires_at=expires_at)


def _keep(
    terms: notice.Terms,
    written: notice.Notice,
    *,
    speaker: Speaker,
    jurisdictions: Sequence[str],
    replaces: ConsentRecord | None,
) -> ConsentRecord:
    consent = ConsentRecord.objects.create(
        organisation_id=current_organisation(),
        speaker=speaker,
        replaces=replaces,
        languages=list(terms.languages),
        jurisdictions=sorted(set(jurisdictions)),
        intended_use=terms.intended_use,
        territory=list(terms.territory),
        compensation=terms.compensation,
        recipients=list(terms.recipients),
        clips_may_be_distributed=terms.clips_may_be_distributed,
        valid_until=terms.valid_until,
        locale=written.locale,
        notice_version=written.version,
        notice_text=written.text,
        notice_sha256=written.sha256,
        statement=written.statement,
    )
    ConsentPurpose.objects.bulk_create(
        ConsentPurpose(
            organisation_id=consent.organisation_id, consent=consent, speaker=consent.speaker, purpose=purpose.value
        )
        for purpose in terms.purposes
    )
    data = {
        "purposes": [purpose.value for purpose in terms.purposes],
        "territory": consent.territory,
        "jurisdictions": consent.jurisdictions,
        "notice_sha256": written.sha256,
    }
    append(Event.CONSENT_REQUESTED, refs={"consent": consent.id, "speaker": consent.speaker_id}, data=data)
    return consent


def _speaker(name: str, speaker_id: UUID | None, email: str | None) -> Speaker:
    if speaker_id is None:
        address = contact.checked(email or "")
        speaker = Speaker.objects.create(organisation_id=current_organisation(), name=name)
        contact.keep(speaker, address)
        return speaker
    found = Speaker.objects.select_for_update().filter(id=speaker_id).first()
    if found is None:
        raise ConsentError("consent-scope", "There is no such speaker in this organisation.")
    if email is not None or not found.contact_blob:
        contact.keep(found, email or "")
    return found


def _known_purposes(purposes: Sequence[str]) -> tuple[Purpose, ...]:
    known = {purpose.value: purpose for purpose in Purpose}
    unknown = sorted(set(purposes) - known.keys())
    if unknown:
        raise ConsentError(
            "consent-scope", f"Nobody can agree to {', '.join(unknown)}; choose from {', '.join(known)}."
        )
    return tuple(purpose for name, purpose in known.items() if name in purposes)


def _known_territory(territory: Sequence[str], *, locale: str) -> tuple[str, ...]:
    if [place.lower() for place in territory] == [WORLDWIDE]:
        return (WORLDWIDE,)
    places = tuple(sorted({place.upper() for place in territory}))
    unknown = [place for place in places if place not in wording(locale).territories]
    if unknown:
        ways = f"use ISO 3166 codes of two letters, or '{WORLDWIDE}' alone"
        raise ConsentError("consent-scope", f"Nobody knows where {', '.join(unknown)} is; {ways}.")
    return places


def _require_complete(terms: notice.Terms) -> None:
    said = {
        "speaker_name": terms.name,
        "purposes": terms.purposes,
        "languages": terms.languages,
        "intended_use": terms.intended_use,
        "territory": terms.territory,
        "compensation (it may be 'none')": terms.compensation,
    }
    missing = [field for field, value in said.items() if not value]
    if missing:
        raise ConsentError("consent-scope", f"A consent must say {', '.join(missing)}.")
    if len(terms.intended_use.split()) < LEAST_WORDS_OF_USE:
        ask = f"Say what the voice is to be used for in at least {LEAST_WORDS_OF_USE} words: what is spoken, to whom."
        raise ConsentError("consent-scope", ask)
    if terms.valid_until <= timezone.now():
        raise ConsentError("consent-scope", "A consent must end in the future.")


def _one_line(text: str) -> str:
    return " ".join(text.split())
