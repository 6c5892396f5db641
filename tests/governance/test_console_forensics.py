from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from audit.events import Event
from audit.queries import entries
from governance import case_holds
from governance.forensic_models import Examination
from governance.forensics import custody, originals
from governance.listening import sound_file
from tenancy import grants
from tenancy.models import Membership, Organisation, Role, User
from tenancy.scope import organisation_scope
from tests.cast import hire
from tests.governance.console_rows import Shelf, fill
from tests.governance.examination_rows import complete, concluded, fail, hand_in, named
from watermark.testimony import Stretch


@pytest.fixture
def olga(northwind: Organisation) -> User:
    return hire(northwind, "Olga", role=Role.COMPLIANCE_OFFICER)


@pytest.fixture
def examiner(client: Client, olga: User) -> Client:
    client.force_login(olga)
    return client


@pytest.fixture
def shelf(northwind: Organisation) -> Shelf:
    return fill(northwind, speaker_name="Amara")


@pytest.fixture
def row(northwind: Organisation) -> Examination:
    return hand_in(northwind)


def page_of(row: Examination, name: str = "examination") -> str:
    return reverse(f"console:{name}", args=[row.id])


def said(response: Any) -> str:
    """The words of a page, as somebody reads them."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def marked_by(shelf: Shelf, row: Examination, **changes: Any) -> Examination:
    clip = shelf.clip
    candidate = named(clip.id, clip.organisation_id, **changes)
    parts = (Stretch(0.0, 2.0, "marked", clip.id, 9.8), Stretch(2.0, 4.9, "not_marked", None, 0.2))
    return complete(row, concluded("marked", candidate, stretches=parts))


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("name", ["forensics", "examination-new", "listening-test"])
def test_a_stranger_is_asked_to_sign_in(client: Client, name: str) -> None:
    assert client.get(reverse(f"console:{name}"))["Location"].startswith(reverse("console:sign-in"))


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ENGINEER])
def test_a_member_who_is_no_examiner_is_told_why_and_sees_nothing(
    client: Client, northwind: Organisation, row: Examination, role: Role
) -> None:
    client.force_login(hire(northwind, "Nell", role=role))
    names = ["examination", "examination-progress", "examination-audio", "examination-spectrogram"]
    addresses = [page_of(row, name) for name in [*names, "examination-original", "examination-evidence"]]
    for address in [reverse("console:forensics"), reverse("console:examination-new"), *addresses]:
        response = client.get(address)
        assert response.status_code == 403
        assert "Only examiners see this" in said(response)
        assert row.case_number not in said(response)
        assert f"You are here as {role.label.lower()}" in said(response)
        assert reverse("detector") in response.content.decode()
    with organisation_scope(northwind.id, actor="system"):
        assert [str(event.action) for event in custody.trail(row)] == ["received", "sealed"]


def test_the_right_to_examine_opens_it_to_a_reviewer(client: Client, northwind: Organisation, ruth: User) -> None:
    with organisation_scope(northwind.id, actor="system"):
        grants.grant("examine", user=ruth, on=Membership.objects.get(user=ruth))
    client.force_login(ruth)
    assert client.get(reverse("console:forensics")).status_code == 200


def test_the_empty_list_says_how_an_examination_gets_there(examiner: Client) -> None:
    page = said(examiner.get(reverse("console:forensics")))
    assert "Nothing was examined yet" in page
    assert "Examine a file" in page


def test_the_list_shows_answer_case_and_file_of_our_own_examinations_alone(
    examiner: Client, shelf: Shelf, row: Examination, rival: Organisation
) -> None:
    marked_by(shelf, row)
    hand_in(rival, case_number="THEIRS-1")
    page = examiner.get(reverse("console:forensics"))
    assert all(words in said(page) for words in ["Marked", row.case_number, row.filename])
    assert "THEIRS-1" not in said(page)


def test_anothers_examination_is_as_unknown_as_none(examiner: Client, rival: Organisation) -> None:
    theirs = hand_in(rival)
    names = ["examination", "examination-progress", "examination-audio", "examination-original", "examination-evidence"]
    assert {examiner.get(page_of(theirs, name)).status_code for name in names} == {404}
    assert examiner.get(reverse("console:examination", args=[uuid4()])).status_code == 404


def test_a_file_is_handed_in_with_its_case_and_waits(examiner: Client, northwind: Organisation, olga: User) -> None:
    sound = sound_file("garden").read_bytes()
    sent = {"case_number": "AZ 12", "question": "Is it ours?", "file": SimpleUploadedFile("call.flac", sound)}
    response = examiner.post(reverse("console:examination-new"), sent)
    with organisation_scope(northwind.id, actor="system"):
        row = Examination.objects.get()
        assert (row.case_number, row.question, row.filename) == ("AZ 12", "Is it ours?", "call.flac")
        assert row.requested_by == f"member:{olga.pk}"
    assert response["Location"] == page_of(row)
    page = examiner.get(page_of(row))
    assert "The answer is not there yet." in said(page)
    assert f'data-waiting="{page_of(row, "examination-progress")}"' in page.content.decode()
    assert "The file is in and waits for its turn." in said(page)


@pytest.mark.parametrize(
    ("changes", "problem", "field"),
    [
        ({"file": None}, "Choose the file that is to be examined.", "file"),
        ({"file": SimpleUploadedFile("a.wav", b"")}, "The file is empty: it has no bytes. Choose another.", "file"),
        ({"case_number": "  "}, "Write the case number under which this is filed.", "case_number"),
        ({"case_number": "7" * 101}, "A case number has at most 100 characters.", "case_number"),
        ({"question": ""}, "Write what is to be found out.", "question"),
        ({"question": "Is it\x00ours?"}, "Null characters are not allowed.", "question"),
    ],
)
def test_what_is_missing_is_named_and_nothing_written_is_lost(
    examiner: Client, northwind: Organisation, changes: dict[str, Any], problem: str, field: str
) -> None:
    sent = {"case_number": "AZ 12", "question": "Is it ours?", "file": SimpleUploadedFile("a.wav", b"RIFF"), **changes}
    kept = {name: value for name, value in sent.items() if value is not None}
    response = examiner.post(reverse("console:examination-new"), kept)
    page = response.content.decode()
    assert response.status_code == 422
    assert f'<a href="#{field}">{problem}</a>' in page
    assert all(html.escape(str(kept[name])) in page for name in ("case_number", "question") if name != field)
    with organisation_scope(northwind.id, actor="system"):
        assert Examination.objects.count() == 0


def test_clips_are_named_by_number_or_address_each_once(
    examiner: Client, shelf: Shelf, northwind: Organisation
) -> None:
    clip, other = shelf.clip.id, uuid4()
    address = reverse("console:clip", args=[clip])
    way = f"{reverse('console:examination-new')}?clip={clip}"
    assert way in examiner.get(address).content.decode()
    assert f">{clip}</textarea>" in examiner.get(way).content.decode()
    named_clips = f"https://voice.example{address}\n{other}, {str(clip).upper()}"
    file = SimpleUploadedFile("call.flac", sound_file("garden").read_bytes())
    sent = {"case_number": "AZ 12", "question": "Is it ours?", "file": file, "claimed_clips": named_clips}
    response = examiner.post(reverse("console:examination-new"), sent)
    with organisation_scope(northwind.id, actor="system"):
        assert Examination.objects.get().claimed_clips == [str(clip), str(other)]
    page = examiner.get(response["Location"])
    assert f'title="{other}"' in page.content.decode()
    assert "Clips that were named as what it may be" in said(page)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (f"{uuid4()} the tall one", "“the” is no clip’s number. Copy the number, or the address, of the clip’s page."),
        (" ".join(str(uuid4()) for _ in range(65)), "At most 64 clips can be named, and these are 65."),
    ],
    ids=["words", "too many"],
)
def test_what_names_no_clip_or_too_many_is_refused_and_stays_written(
    examiner: Client, written: str, problem: str
) -> None:
    file = SimpleUploadedFile("a.wav", b"RIFF")
    sent = {"case_number": "1", "question": "?", "file": file, "claimed_clips": written}
    response = examiner.post(reverse("console:examination-new"), sent)
    assert response.status_code == 422
    assert f'<a href="#claimed_clips">{problem}</a>' in response.content.decode()
    assert f">{written}</textarea>" in response.content.decode()


def test_a_file_above_the_limit_is_refused_in_words(examiner: Client, settings: Any) -> None:
    settings.AUDIO_MAX_BYTES = 1024 * 1024
    sent = {"case_number": "1", "question": "?", "file": SimpleUploadedFile("a.wav", b"x" * (1024 * 1024 + 1))}
    response = examiner.post(reverse("console:examination-new"), sent)
    assert "The file is larger than 1 MB." in said(response)


def test_progress_is_said_while_it_runs_and_that_it_has_ended(
    examiner: Client, northwind: Organisation, row: Examination
) -> None:
    with organisation_scope(northwind.id, actor="system"):
        Examination.objects.filter(id=row.id).update(status="running", progress=0.43)
    found = examiner.get(page_of(row, "examination-progress")).json()
    assert found == {"ended": False, "percent": 43, "doing": "The file is being searched for marks: 43 % done."}
    fail(row, "The file holds no sound.")
    assert examiner.get(page_of(row, "examination-progress")).json()["ended"]
    page = said(examiner.get(page_of(row)))
    assert "This file could not be examined. The file holds no sound." in page


def test_the_answer_comes_first_then_the_picture_then_its_limits_then_the_evidence(
    examiner: Client, shelf: Shelf, row: Examination
) -> None:
    page = examiner.get(page_of(marked_by(shelf, row)))
    words = said(page)
    order = [
        "This sound is marked, and the mark names one clip.",
        "Waveform of 4.9 seconds of sound. 0.0 to 2.0 s marked, clip A; 2.0 to 4.9 s no mark found.",
        "What this does not show",
        "Whose clip it is",
        "What each mark says",
        "How an accident was ruled out",
        "Chain of custody",
    ]
    places = [words.index(part) for part in order]
    assert places == sorted(places)
    assert "1 in 10³⁰" in words
    assert "Very strong support for this clip" in words
    assert "no more is claimed than was tested" in words
    assert "12,408" in words


def test_the_picture_shows_marked_parts_by_letter_and_splices_by_a_line(
    examiner: Client, shelf: Shelf, row: Examination
) -> None:
    page = examiner.get(page_of(marked_by(shelf, row))).content.decode()
    seconds = row.result["seconds"] if row.result else 0
    assert seconds
    assert page.count('class="ground marked"') == 1
    assert page.count('class="splice"') == 1
    assert re.search(r'<text class="letter marked" x="[\d.]+%" y="17">A</text>', page)
    assert re.search(r'<path class="outline" d="M0 -', page)


def test_the_chain_leads_from_the_clip_to_the_voice_each_step_with_its_standing(
    examiner: Client, shelf: Shelf, row: Examination
) -> None:
    page = examiner.get(page_of(marked_by(shelf, row)))
    words = said(page)
    places = [words.index(step) for step in ["The clip", "The request", "The permit", "The consent", "The voice"]]
    assert places == sorted(places)
    for address in [
        reverse("console:clip", args=[shelf.clip.id]),
        reverse("console:consent", args=[shelf.consent.id]),
        reverse("console:voice", args=[shelf.voice.id]),
    ]:
        assert f'href="{address}"' in page.content.decode()
    with organisation_scope(shelf.clip.organisation_id, actor="system"):
        (look,) = entries(about=shelf.clip.id, event=Event.EXAMINATION_OPENED)
    assert look.data == {"part": "chain"}


def test_another_organisations_clip_is_named_as_theirs_and_leads_nowhere(
    examiner: Client, row: Examination, rival: Organisation
) -> None:
    pseudonym = uuid4()
    found = concluded(
        "marked",
        named(pseudonym, uuid4()),
        stretches=(Stretch(0.0, 4.9, "marked", pseudonym, 12.0),),
    )
    page = examiner.get(page_of(complete(row, found, elsewhere=(pseudonym,))))
    assert "A clip of another organisation" in said(page)
    assert str(pseudonym) not in page.content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"content": "other", "content_score": 0.51}, "it is not that clip that is heard"),
        ({"content": "unknown", "content_score": None}, "Whether it is this clip that is heard cannot be said"),
        ({"speed": 1.1, "pitch": -2.0}, "Played 10.0 % faster and 2.0 semitones lower than it was made"),
        ({"log10_p": -7.99}, "1 in 10⁷"),
        ({"log10_lr": 2.5}, "Moderately strong support for this clip"),
    ],
)
def test_what_was_measured_is_said_in_plain_words(
    examiner: Client, shelf: Shelf, row: Examination, changes: dict[str, Any], words: str
) -> None:
    assert words in said(examiner.get(page_of(marked_by(shelf, row, **changes))))


def test_no_mark_is_never_called_genuine(examiner: Client, row: Examination) -> None:
    page = said(examiner.get(page_of(complete(row, concluded("not_marked")))))
    assert "No mark was found in this sound." in page
    assert "It does not show that the recording is genuine." in page
    assert "No clip is named" in page


def test_a_doubtful_answer_says_that_it_must_not_be_used_either_way(examiner: Client, row: Examination) -> None:
    found = replace(concluded("inconclusive"), stretches=(Stretch(0.0, 4.9, "inconclusive", None, 3.1),))
    page = examiner.get(page_of(complete(row, found)))
    assert "It cannot be said whether this sound is marked." in said(page)
    assert "It must not be used as an indication for either." in said(page)
    assert 'class="doubt"' in page.content.decode()


@pytest.mark.parametrize(
    ("provenance", "words"),
    [
        ({"state": "absent"}, "its absence says nothing"),
        ({"state": "trusted", "ours": True, "claim": {"mark_alg": "keyed"}}, "Trusted Signed by this system."),
        ({"state": "valid", "ours": False}, "Intact, signer not known Not signed by this system."),
        ({"state": "invalid", "findings": ["assertion.dataHash.mismatch"]}, "assertion.dataHash.mismatch"),
    ],
)
def test_a_signed_manifest_is_shown_for_what_it_is(
    examiner: Client, row: Examination, provenance: dict[str, Any], words: str
) -> None:
    assert words in said(examiner.get(page_of(complete(row, concluded("not_marked"), provenance=provenance))))


def test_listening_drawing_and_taking_away_each_join_the_custody_and_the_record(
    examiner: Client, northwind: Organisation, row: Examination
) -> None:
    complete(row, concluded("not_marked"))
    heard = examiner.get(page_of(row, "examination-audio"))
    drawn = examiner.get(page_of(row, "examination-spectrogram"))
    taken = examiner.get(page_of(row, "examination-original"))
    assert (heard["Content-Type"], heard.content[:4]) == ("audio/wav", b"RIFF")
    assert (drawn["Content-Type"], drawn.content[1:4]) == ("image/png", b"PNG")
    assert taken.content == sound_file("baker").read_bytes()
    assert taken["Content-Type"] == "application/octet-stream"
    assert taken["Content-Disposition"].startswith("attachment")
    with organisation_scope(northwind.id, actor="system"):
        opened = [entry.data["part"] for entry in entries(about=row.id, event=Event.EXAMINATION_OPENED)]
        purposes = [event.parameters.get("purpose") for event in custody.trail(row) if event.action == "opened"]
    assert sorted(opened) == ["original", "sound", "spectrogram"]
    assert purposes == ["listening", "spectrogram", "handing out"]


def test_after_the_original_is_gone_the_page_stays_and_says_so(
    examiner: Client, northwind: Organisation, row: Examination
) -> None:
    complete(row, concluded("not_marked"))
    with organisation_scope(northwind.id, actor="system"):
        originals.delete(row, reason="The case is closed.")
    page = examiner.get(page_of(row))
    assert "No mark was found in this sound." in said(page)
    assert "The original was destroyed on" in said(page)
    assert "Reason: The case is closed." in said(page)
    for lost in ("examination-original", "examination-evidence"):
        assert page_of(row, lost) not in page.content.decode()
    gone = examiner.get(page_of(row, "examination-original"))
    assert (gone.status_code, "The file is not kept any more" in said(gone)) == (410, True)


def test_the_page_says_until_when_the_original_is_kept_and_what_keeps_it_beyond(
    examiner: Client, northwind: Organisation, row: Examination
) -> None:
    complete(row, concluded("not_marked"))
    assert "It is destroyed on" in said(examiner.get(page_of(row)))
    with organisation_scope(northwind.id, actor="system"):
        case_holds.place(row.case_number, reason="Order 7/26", placed_by="Ruth")
    page = said(examiner.get(page_of(row)))
    assert "A legal hold keeps it." in page
    assert f"Every file of case {row.case_number} is kept" in page
    assert "Placed by Ruth: Order 7/26" in page


def test_a_hold_is_placed_with_its_order_and_lifted_again(
    examiner: Client, northwind: Organisation, olga: User, row: Examination
) -> None:
    response = examiner.post(page_of(row, "examination-hold"), {"reason": "Amtsgericht  7 Cs 26"})
    assert response["Location"] == f"{page_of(row)}#kept"
    with organisation_scope(northwind.id, actor="system"):
        (hold,) = case_holds.standing()
        assert (hold.case_number, hold.reason) == (row.case_number, "Amtsgericht 7 Cs 26")
        assert hold.placed_by == f"member:{olga.pk}"
    page = said(examiner.get(page_of(row)))
    assert f"Placed by Member {olga.get_username()}: Amtsgericht 7 Cs 26" in page
    assert "Place another hold" in page
    examiner.post(reverse("console:examination-hold-lift", args=[row.id, hold.id]))
    with organisation_scope(northwind.id, actor="system"):
        assert not case_holds.standing().exists()


def test_a_hold_without_an_order_is_not_placed_and_its_words_stay(
    examiner: Client, northwind: Organisation, row: Examination
) -> None:
    for reason, problem in [("  ", "Write which order"), ("7" * 2001, "A reason has at most 2,000 characters.")]:
        response = examiner.post(page_of(row, "examination-hold"), {"reason": reason})
        assert response.status_code == 422
        assert problem in said(response)
        assert f"{reason}</textarea>" in response.content.decode()
    with organisation_scope(northwind.id, actor="system"):
        assert not case_holds.standing().exists()


def test_a_hold_of_another_case_or_organisation_is_not_lifted_from_here(
    examiner: Client, northwind: Organisation, rival: Organisation, row: Examination
) -> None:
    holds = []
    for whose in (northwind, rival):
        with organisation_scope(whose.id, actor="system"):
            holds.append(case_holds.place("ANOTHER-CASE", reason="Order 8/26", placed_by="Ruth"))
    for hold in holds:
        response = examiner.post(reverse("console:examination-hold-lift", args=[row.id, hold.id]))
        assert response.status_code == 404
    theirs = hand_in(rival)
    assert examiner.post(page_of(theirs, "examination-hold"), {"reason": "Order"}).status_code == 404
    with organisation_scope(northwind.id, actor="system"):
        assert [hold.case_number for hold in case_holds.standing()] == ["ANOTHER-CASE"]


def test_a_custody_trail_that_does_not_hold_is_said_aloud(
    examiner: Client, row: Examination, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete(row, concluded("not_marked"))
    assert "The chain holds." in said(examiner.get(page_of(row)))
    honest = custody.trail

    def tampered(examination: Examination) -> list[Any]:
        trail = honest(examination)
        trail[1].tool = "something else"
        return trail

    monkeypatch.setattr(custody, "trail", tampered)
    assert "The chain does not hold: do not rely on this examination." in said(examiner.get(page_of(row)))


def test_evidence_that_cannot_be_issued_says_why_on_the_page(examiner: Client, row: Examination) -> None:
    response = examiner.get(page_of(row, "examination-evidence"))
    assert response.status_code == 404
    complete(row, concluded("not_marked"))
    response = examiner.get(page_of(row, "examination-evidence"))
    assert (response.status_code, "The evidence cannot be issued now" in said(response)) == (409, True)
