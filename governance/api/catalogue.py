"""Every problem that the HTTP interface can report: slug, status, title, and what the caller can do (RFC 9457)."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """One stable problem type; its URI is `/problems/<slug>`."""

    status: int
    title: str
    way_forward: str


RECORD_AGAIN = "Record again, closer to the microphone and in a quiet room."
SEND_OTHER = "Send WAV, FLAC, MP3, OGG, WebM or M4A."

PROBLEMS: dict[str, Problem] = {
    # Who is asking.
    "api-key-missing": Problem(401, "No API key was sent", "Send `Authorization: Bearer <key>`."),
    "api-key-unknown": Problem(401, "The API key is not known", "Check the key, or ask an owner for a new one."),
    "api-key-expired": Problem(401, "The API key has expired", "Ask an owner of the organisation for a new key."),
    "api-key-revoked": Problem(401, "The API key was revoked", "Ask an owner of the organisation for a new key."),
    "scope-missing": Problem(403, "The API key lacks a scope", "Use a key with the scope named in `detail`."),
    "link-unknown": Problem(404, "The link is not known", "Check that the whole link was copied."),
    "link-expired": Problem(410, "The link has expired", "Ask the organisation for a new link."),
    "second-factor-needed": Problem(401, "The link alone opens nothing", "Ask for a code, and open a session with it."),
    "code-wrong": Problem(403, "That is not the code", "Look at the last mail, and type its six digits."),
    "code-expired": Problem(403, "The code is not good any more", "Ask for a new code."),
    "too-many-attempts": Problem(429, "Too many attempts", "Wait for the seconds in `Retry-After`."),
    # How it was asked.
    "request-malformed": Problem(400, "The request could not be read", "`errors` names each field and what is wrong."),
    "request-too-large": Problem(413, "The request is too large", "Send less at once; sound goes as multipart."),
    "not-found": Problem(404, "There is nothing at this address", "Check the address."),
    "method-not-allowed": Problem(405, "This address does not take that method", "See the API's documentation."),
    "not-acceptable": Problem(406, "No answer in that media type", "Accept `application/json`."),
    "media-type-unsupported": Problem(415, "The media type is not supported", "Send JSON, or multipart for audio."),
    "too-many-requests": Problem(429, "Too many requests", "Wait for the seconds in `Retry-After`."),
    "idempotency-conflict": Problem(422, "The idempotency key was used before", "Use a new key for a new request."),
    "restore-unfinished": Problem(503, "A backup is being restored", "Try again later; the operator has to end it."),
    "internal-error": Problem(500, "Something went wrong here", "Try again; if it repeats, tell the operator."),
    # Audio in.
    "audio-empty": Problem(422, "The audio is empty", RECORD_AGAIN),
    "audio-undecodable": Problem(422, "The audio cannot be decoded", SEND_OTHER),
    "audio-unsupported": Problem(415, "The audio format is not supported", SEND_OTHER),
    "audio-too-large": Problem(413, "The audio file is too large", "Send a shorter or compressed recording."),
    "audio-too-long": Problem(422, "The audio is too long", "Send at most ten minutes."),
    "audio-truncated": Problem(422, "The audio is cut off", "Send the whole file again."),
    "audio-decoder-limit": Problem(422, "Decoding needed more than is allowed", SEND_OTHER),
    "audio-silent": Problem(422, "The audio is silent", RECORD_AGAIN),
    # Scripts.
    "script-empty": Problem(422, "The text is empty", "Send the words to be spoken."),
    "script-too-long": Problem(422, "The text is too long", "Split it into several requests."),
    "script-control-characters": Problem(422, "The text holds control characters", "Send plain text."),
    # Consent.
    "consent-unknown": Problem(404, "There is no such consent", "Check the identifier."),
    "consent-not-active": Problem(409, "The consent is not active", "Ask the speaker for a new one."),
    "consent-already-active": Problem(409, "There already is an active consent", "Use it, or let it end first."),
    "consent-already-decided": Problem(409, "The consent has been decided", "Ask for a new consent."),
    "consent-transition": Problem(409, "The consent cannot change like that", "Look at its present state."),
    "consent-scope": Problem(422, "The consent asks for something unknown", "`detail` says what."),
    "age-not-declared": Problem(409, "The speaker has not said their age", "Send whether they are 18 or older."),
    "speaker-under-age": Problem(403, "The speaker is under age", "Nothing: the ceremony has ended."),
    "challenge-unknown": Problem(404, "There is no such phrase", "Ask for a new phrase."),
    "challenge-of-another-session": Problem(409, "The phrase belongs to another session", "Ask for a new phrase here."),
    "challenge-used": Problem(409, "The phrase was used already", "Ask for a new phrase."),
    "challenge-expired": Problem(409, "The phrase has run out", "Ask for a new phrase and record again."),
    "recording-unknown": Problem(404, "There is no such recording", "Check the identifier."),
    "recording-seen-before": Problem(409, "This recording was sent before", "Record the phrase afresh."),
    "receipt-unknown": Problem(404, "There is no such receipt", "Treat the receipt as ended."),
    "receipt-claim-unknown": Problem(422, "The receipt does not say that", "`detail` names what it can show."),
    "recording-parts": Problem(422, "The parts do not make a recording", "`detail` says what to send."),
    "representative-unknown": Problem(404, "No representative was named", "Name one first."),
    "representative-incomplete": Problem(422, "Something about the representative is missing", "`detail` says what."),
    "representative-waits": Problem(409, "A representative waits for an answer", "Wait until a person has decided."),
    "document-unsupported": Problem(415, "The document cannot be taken", "Send a PDF, PNG or JPEG of at most 10 MB."),
    "receipt-not-ready": Problem(409, "There is no receipt yet", "Wait until the consent is given."),
    "certificate-not-ready": Problem(409, "There is no certificate of destruction yet", "Withdraw first."),
    "purpose-outside-scope": Problem(409, "The consent does not cover the purpose", "Ask the speaker."),
    "consent-token-invalid": Problem(403, "The consent token is not ours", "Send the whole token, or get a new one."),
    "consent-token-expired": Problem(403, "The consent token has run out", "Get a new one."),
    "consent-token-mismatch": Problem(
        403, "The consent token is for something else", "Get one for this voice and purpose, with your own key."
    ),
    # Voices.
    "voice-unknown": Problem(404, "There is no such voice", "Check the identifier."),
    "sample-too-quiet": Problem(422, "A sample is too quiet", "Come closer to the microphone, and record again."),
    "sample-clipped": Problem(422, "A sample was recorded too loud", "Turn the microphone down, and record again."),
    "sample-noisy": Problem(422, "A sample holds too much noise", "Record again in a quiet room."),
    "sample-reverberant": Problem(422, "A sample echoes", "Come closer to the microphone, in a furnished room."),
    "sample-narrow-band": Problem(422, "A sample sounds like a telephone", "Record at 16 kHz or more."),
    "sample-mostly-silent": Problem(422, "A sample is mostly silence", "Cut the silence off, or speak throughout."),
    "samples-unknown": Problem(404, "There is no such sentence", "Reload the page."),
    "samples-missing": Problem(422, "No samples were sent", "Send one to twenty samples."),
    "samples-too-many": Problem(422, "Too many samples were sent", "Send one to twenty samples."),
    "language-outside-scope": Problem(409, "The consent does not cover the language", "Ask the speaker."),
    # Speaking.
    "request-denied": Problem(403, "The request was denied", "`reasons` lists every reason and its way forward."),
    "job-unknown": Problem(404, "There is no such job", "Check the identifier."),
    "clip-not-ready": Problem(409, "There is no audio yet", "Ask for the job's status until it is completed."),
    "release-refused": Problem(403, "The audio is not released", "`reasons` lists every reason."),
    "detection-unknown": Problem(404, "There is no such detection", "Check the identifier."),
    # Forensics.
    "examination-unknown": Problem(404, "There is no such examination", "Check the identifier."),
    "examination-original-gone": Problem(410, "The original was destroyed", "Hand the file in again."),
    "examination-running": Problem(409, "The examination has not ended", "Wait until it is completed or failed."),
    "examination-held": Problem(409, "A legal hold keeps the original", "Have the hold on the case lifted first."),
    "hold-unknown": Problem(404, "No such hold is open", "Check the identifier, and that it was not lifted before."),
    "examination-broken": Problem(500, "The original is not what came in", "Keep everything, and tell the operator."),
    "clip-unknown": Problem(404, "There is no such clip", "Take one that the examination found."),
    "rotation-running": Problem(
        409, "The former secret is still in use", "Wait for the end of the overlap, or rotate with no overlap."
    ),
    "webhook-address-refused": Problem(422, "No message can be sent there", "Name a public https address."),
    # The audit trail.
    "entry-unknown": Problem(404, "There is no such audit entry", "Check the identifier."),
    "proof-not-ready": Problem(409, "There is no proof yet", "Wait for the seconds in `Retry-After`, then ask again."),
    # Evidence.
    "evidence-not-ready": Problem(
        409, "There is no evidence yet", "`detail` says what is missing; try again when it is there."
    ),
    # Protected voices.
    "protected-list-unknown": Problem(404, "There is no such list", "Check the identifier."),
    "protected-voice-unknown": Problem(404, "There is no such protected voice", "Check the identifier."),
    "protection-invalid": Problem(422, "The protection cannot be set up as asked", "`detail` says what to change."),
    "change-unknown": Problem(404, "There is no such change", "Check the identifier."),
    "change-decided": Problem(409, "The change has been decided", "Propose a new one."),
    "four-eyes": Problem(403, "Somebody else has to agree", "Have another member sign in and decide."),
    "appeal-unknown": Problem(404, "There is no such appeal", "Check the identifier."),
    "appeal-decided": Problem(409, "The appeal has been decided", "File a new one, with new grounds."),
    "protection-request-unknown": Problem(404, "There is no such request", "Check that the whole address was copied."),
    "protection-request-over": Problem(409, "The phrase was used or has run out", "Make a new request."),
    "search-unavailable": Problem(
        503, "Protected voices cannot be searched now", "Try again later; the operator has to start the search."
    ),
}
