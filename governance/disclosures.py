"""What a clip must make audible about itself, by its territory and by the asker's wish, and putting it there."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from governance.models import SynthesisRequest
from synth_adapter.waveform import Waveform
from watermark import disclosure, notices
from watermark.duties import Sign, owed, strictest


@dataclass(frozen=True, repr=False)
class Disclosed:
    """A sound whose first `seconds` are its disclosure, pause included; 0 where there is none."""

    waveform: Waveform
    sign: Sign
    seconds: float


def required(request: SynthesisRequest) -> Sign:
    """The stricter of what is owed where the speaker lets the voice be used, and of what the application asked for."""
    duty = owed(request.voice.consent.territory, duties=settings.AUDIBLE_DISCLOSURE)
    return strictest([duty, Sign(request.audible_disclosure)])


def possible(sign: Sign, *, language: str) -> bool:
    """Whether there is what it takes; spoken words must be in the language of the speech."""
    return sign is not Sign.WORDS or notices.there_is(language)


def put_before(sound: Waveform, *, request: SynthesisRequest) -> Disclosed:
    """The sound behind what must be heard.

    Raises:
        DisclosureError: words are required and there are none in this language, or they cannot be read.
    """
    sign = required(request)
    match sign:
        case Sign.NONE:
            return Disclosed(sound, sign, 0.0)
        case Sign.RHYTHM:
            said = disclosure.with_rhythm(sound)
        case Sign.WORDS:
            said = disclosure.with_words(sound, notices.notice(request.language))
    return Disclosed(said, sign, round(said.seconds - sound.seconds, 3))
