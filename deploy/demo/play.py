"""The acts of the story, each with what must come of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from deploy.demo.cast import AMARA, IVO, PASSAGES, PROTECTED, Person, say, say_in_one
from deploy.demo.client import Client
from deploy.demo.mailbox import texts_to, wait_for_code
from deploy.demo.proof import check_offline
from deploy.demo.story import chapter, demand, note, show_reasons, step
from deploy.demo.tracing import prove, trace

SENTENCE = "Welcome back. Your library books are due on Friday, and the reading room is open until nine."
ATTEMPTS = 6
NOT_MADE_OUT = {"statement-not-heard", "phrase-not-heard", "name-not-heard"}
SCAM = (
    "Hi grandma, it's me, I'm in jail and need bail money right now. "
    "Buy gift cards, read me the codes, and don't tell mum."
)


def tell(application: Client, speaker: Client) -> None:
    """The whole story, in order."""
    started = datetime.now(UTC)
    consent, receipt = give_consent(application, speaker)
    voice = enrol(application, consent)
    job = speak(application, voice)
    prove(application, trace(application, job))
    refuse(application, speaker, voice)
    withdraw(application, speaker, receipt, voice, job)
    show_trail(application, since=started)


def ask_for_consent(application: Client, person: Person, purposes: list[str], **terms: Any) -> dict[str, Any]:
    body = {
        "speaker_name": person.name,
        "speaker_email": person.email,
        "purposes": purposes,
        "languages": ["en"],
        "intended_use": "Reading library notices and audio books aloud to the library's visitors.",
        "territory": ["IE", "GB"],
        "compensation": "A yearly fee of 500 euros.",
        "recipients": ["the Northwind library"],
        "clips_may_be_distributed": False,
        "valid_until": datetime(datetime.now(UTC).year + 2, 1, 1, tzinfo=UTC).isoformat(),
        **terms,
    }
    found: dict[str, Any] = application.expect(201, "POST", "/v1/consents", json=body)
    return found


def open_ceremony(speaker: Client, url: str, person: Person) -> Client:
    """Pass the second factor: a code is asked for, comes by mail, and opens a session; then the age is said."""
    with step(f"{person.name} opens the link, which shows nothing, and types the code that comes by mail"):
        closed = speaker.call("GET", url)
        demand(that=closed.status_code == 401, otherwise="The link alone opened the ceremony.")  # noqa: PLR2004 -- HTTP's own number
        known = texts_to(person.email)
        speaker.expect(202, "POST", f"{url}/codes")
        code = wait_for_code(person.email, known=known)
        inside = speaker.within(speaker.expect(201, "POST", f"{url}/sessions", json={"code": code})["session"])
        inside.expect(200, "POST", f"{url}/age", json={"adult": True})
    return inside


def hold_ceremony(inside: Client, url: str, person: Person) -> dict[str, Any]:
    """Hold it; what was not made out is said again with another phrase, as a person would."""
    for _ in range(ATTEMPTS):
        found = try_ceremony(inside, url, person)
        rules = {reason["rule"] for reason in found["reasons"]}
        if not rules or rules - NOT_MADE_OUT:
            break
    return found


def try_ceremony(speaker: Client, url: str, person: Person) -> dict[str, Any]:
    """Read the notice, take a phrase, say statement and phrase, send the recording, wait for the outcome."""
    with step(f"{person.name} is shown the notice and a one-time phrase") as outcome:
        speaker.expect(200, "GET", url)
        challenge = speaker.expect(201, "POST", f"{url}/challenges")
        outcome.append(f"phrase “{challenge['phrase']}”")
    with step("A recording of them saying it is made and sent") as outcome:
        audio = say_in_one(person, challenge["statement"], f"{challenge['phrase']}.")
        files = {"audio": ("recording.wav", audio, "audio/wav")}
        sent = speaker.expect(202, "POST", f"{url}/recordings", data={"challenge": challenge["id"]}, files=files)
        outcome.append(f"{len(audio) / 1024:.0f} kB")
    with step("It is transcribed, compared with what was to be said, and listened to") as outcome:
        found: dict[str, Any] = speaker.wait(f"{url}/recordings/{sent['id']}", kind="recordings")
        outcome.append(f"recording {found['status']}, consent {found['consent_status']}")
    show_reasons(found["reasons"])
    return found


def give_consent(application: Client, speaker: Client) -> tuple[dict[str, Any], dict[str, Any]]:
    with chapter("1. No voice without a yes"):
        with step(f"Northwind Audio asks {AMARA.name} for consent") as outcome:
            consent = ask_for_consent(application, AMARA, ["narration", "accessibility"])
            outcome.append("narration, accessibility; in English; for a year or two")
        inside = open_ceremony(speaker, consent["ceremony_url"], AMARA)
        recording = hold_ceremony(inside, consent["ceremony_url"], AMARA)
        demand(that=recording["consent_status"] == "given", otherwise="The consent was not given.")
        with step("The speaker gets a signed receipt") as outcome:
            receipt = inside.expect(201, "POST", f"{consent['ceremony_url']}/receipt")
            outcome.append("with the link at which they can take it back")
    return consent, receipt


def sample_files(person: Person, count: int) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [
        ("samples", (f"sample-{number}.wav", say(person, text), "audio/wav"))
        for number, text in enumerate(PASSAGES[:count], start=1)
    ]


def create_voice(application: Client, consent: dict[str, Any], name: str, files: Any) -> dict[str, Any]:
    data = {"consent": consent["id"], "name": name, "language": "en"}
    created = application.expect(202, "POST", "/v1/voice/create", data=data, files=files)
    found: dict[str, Any] = application.wait(f"/v1/voices/{created['id']}", kind="voices")
    return found


def enrol(application: Client, consent: dict[str, Any]) -> dict[str, Any]:
    with chapter("2. The voice is enrolled"):
        with step(f"{AMARA.name} records {len(PASSAGES)} samples"):
            files = sample_files(AMARA, len(PASSAGES))
        with step(
            "Quality, same speaker, not protected, sealed; the engine learns the voice and is tried out"
        ) as outcome:
            voice = create_voice(application, consent, "Amara, narration", files)
            figures = voice["evidence"]
            outcome.append(f"voice {voice['status']}")
            if figures:
                needed = figures["likeness_llr_needed"]
                outcome.append(f"likeness {figures['likeness']}")
                outcome.append(f"evidence for one speaker {figures['likeness_llr']} (needed {needed})")
                outcome.append(f"word error rate {figures['word_error_rate']}")
        show_reasons(voice["reasons"])
        demand(that=voice["status"] == "ready", otherwise=f"The voice is {voice['status']}.")
    return voice


def ask_for_speech(application: Client, voice: dict[str, Any], text: str, purpose: str) -> Any:
    body = {"voice": voice["id"], "text": text, "language": "en", "purpose": purpose}
    return application.call("POST", "/v1/tts/synthesize", json=body)


def speak(application: Client, voice: dict[str, Any]) -> dict[str, Any]:
    with chapter("3. No speech without a gate, no sound without a mark"):
        with step("An application asks for a sentence") as outcome:
            answer = ask_for_speech(application, voice, SENTENCE, "narration")
            demand(that=answer.status_code == 202, otherwise=answer.text)  # noqa: PLR2004 -- HTTP's own number
            outcome.append(f"the gate says {answer.json()['decisions'][0]['effect']}")
        with step("The worker speaks, examines, marks, reads back and seals") as outcome:
            job: dict[str, Any] = application.wait(f"/v1/tts/job/{answer.json()['id']}", kind="job")
            outcome.append(job["status"])
        show_reasons(job["reasons"])
        demand(that=job["status"] == "completed", otherwise=f"The job is {job['status']}.")
        seen = job["examination"]
        note(f"same speaker: opening {seen['likeness_opening']}, whole {seen['likeness_whole']}")
        note(f"heard: “{seen['heard']}” (word error rate {seen['word_error_rate']})")
        note("seconds: " + ", ".join(f"{name} {value:.2f}" for name, value in job["timings"].items()))
        with step("The clip is released") as outcome:
            for form in ("wav", "mp3"):
                audio = application.call("GET", f"{job['audio_url']}?form={form}")
                demand(that=audio.status_code == 200, otherwise=audio.text)  # noqa: PLR2004 -- HTTP's own number
                outcome.append(f"{form.upper()} {len(audio.content) / 1024:.0f} kB")
    return job


def refuse(application: Client, speaker: Client, voice: dict[str, Any]) -> None:
    with chapter("5. What is refused, with every reason"):
        with step(f"{IVO.name}, an impersonator, gives consent as himself"):
            own = ask_for_consent(application, IVO, ["narration"])
        hold_ceremony(open_ceremony(speaker, own["ceremony_url"], IVO), own["ceremony_url"], IVO)
        with step(f"… and offers {AMARA.name}'s samples as his own") as outcome:
            stolen = create_voice(application, own, "Ivo", sample_files(AMARA, len(PASSAGES)))
            outcome.append(f"voice {stolen['status']}")
        show_reasons(stolen["reasons"])
        rules = {reason["rule"] for reason in stolen["reasons"]}
        demand(that="not-the-consenting-speaker" in rules, otherwise="The impersonator was not found out.")
        for title, text, purpose in (
            ("The application asks for a purpose outside the scope (marketing)", SENTENCE, "marketing"),
            ("A scam script is asked for", SCAM, "narration"),
        ):
            with step(title) as outcome:
                answer = ask_for_speech(application, voice, text, purpose).json()
                denied = answer.get("type") == "/problems/request-denied"
                outcome.append("denied" if denied else str(answer.get("status")))
            show_reasons(answer["reasons"])
            demand(that=denied or answer["status"] == "held", otherwise="It was not stopped.")
        asked = ask_for_consent(application, PROTECTED, ["narration"])
        inside = open_ceremony(speaker, asked["ceremony_url"], PROTECTED)
        recording = hold_ceremony(inside, asked["ceremony_url"], PROTECTED)
        demand(that=recording["status"] == "refused", otherwise="A protected voice was let in.")


def withdraw(
    application: Client, speaker: Client, receipt: dict[str, Any], voice: dict[str, Any], job: dict[str, Any]
) -> None:
    with chapter("6. The speaker takes it back"):
        with step(f"{AMARA.name} withdraws, with the link on the receipt") as outcome:
            done = speaker.expect(200, "POST", receipt["withdraw_url"])
            outcome.append(f"{done['voices_erased']} voice erased, {done['clips_made_unreleasable']} clip stopped")
            outcome.append("key shredded" if done["key_shredded"] else "key kept")
        show_certificate(done["destruction"]["certificate"])
        with step("The next request") as outcome:
            answer = ask_for_speech(application, voice, SENTENCE, "narration")
            outcome.append(answer.json()["title"])
        show_reasons(answer.json()["reasons"])
        demand(that=answer.status_code == 403, otherwise="Speech was made without consent.")  # noqa: PLR2004 -- HTTP's own number
        with step("The earlier clip") as outcome:
            answer = application.call("GET", f"/v1/tts/job/{job['id']}/audio")
            outcome.append(answer.json()["title"])
        demand(that=answer.status_code == 403, otherwise="A clip left after withdrawal.")  # noqa: PLR2004 -- HTTP's own number
        show_reasons(answer.json()["reasons"])
        with step("The reference in the vault") as outcome:
            found = application.expect(200, "GET", f"/v1/voices/{voice['id']}")
            outcome.append(f"voice {found['status']}; the key is gone, the reference cannot be opened any more")
        demand(that=found["status"] == "erased", otherwise="The voice was not erased.")


def show_certificate(certificate: dict[str, Any]) -> None:
    """The certificate of destruction, in the words that the speaker reads."""
    for line in certificate["in_plain_words"]:
        note(line)


def show_trail(application: Client, *, since: datetime) -> None:
    with chapter("7. The audit trail of all this, and its proof"):
        entries = application.expect(200, "GET", "/v1/audit/entries", params={"since": since.isoformat(), "limit": 500})
        for entry in entries:
            rules = ", ".join(entry["data"].get("rules", []))
            tail = entry["data"].get("effect", "") or entry["data"].get("status", "")
            note(f"{entry['occurred_at'][11:19]}  {entry['event']:<34} {tail} {rules}".rstrip())
        note(f"{len(entries)} entries; none of them names a person")
        erased = next(entry for entry in entries if entry["event"] == "subject:record:erased")
        with step("The proof that the erasure is in the log, checked offline as an outsider would") as outcome:
            outcome.append(check_offline(application, erased["id"]))
