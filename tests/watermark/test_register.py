"""The register of marked clips: who may read and change it, and what a detection makes of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.db.utils import IntegrityError, ProgrammingError

from audit.events import Event
from audit.queries import entries
from synth_adapter.waveform import Waveform
from tenancy import keyring
from tenancy.errors import KeyringError
from tenancy.ids import new_id
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import found, meet
from tests.marks import FOUND_IN_NOTHING
from watermark import marking, register
from watermark.backends.keyed import Keyed
from watermark.errors import MarkError
from watermark.models import MarkedClip
from watermark.ports import ClipMark
from watermark.secrets import mark_secrets


@pytest.fixture(autouse=True)
def _fresh_library() -> Iterator[None]:
    """What other tests registered was rolled back, and is in no library."""
    register.forget_library()
    yield
    register.forget_library()


def enter(organisation: Organisation, *, epoch: int = 7, clip_id: UUID | None = None) -> ClipMark:
    secrets_of = meet(organisation, "Amara").id
    with organisation_scope(organisation.id, actor="system"):
        secrets = mark_secrets(epoch=epoch)
        mark = ClipMark(clip_id or new_id(), epoch, secrets.pilot_secret, secrets.clip_secret, b"f" * 32)
        register.enter(mark, seconds=3.0, fingerprint=b"the words", subject_id=secrets_of)
    return mark


def clips_of(*organisations: Organisation) -> list[UUID]:
    """What the library holds of them; tests that commit leave others' clips behind."""
    ids = {organisation.id for organisation in organisations}
    shelves = (shelf for shelf in register.library().shelves if shelf.organisation_id in ids)
    return sorted(clip for shelf in shelves for clip in shelf.clips)


class TestEntering:
    def test_an_entry_is_on_record_with_its_epoch_and_content(self, northwind: Organisation) -> None:
        mark = enter(northwind)
        with organisation_scope(northwind.id, actor="system"):
            (entry,) = entries(event=Event.CLIP_MARK_REGISTERED)
            assert (entry.refs["clip"], entry.data) == (mark.clip_id, {"epoch": 7, "content": (b"f" * 32).hex()})
            assert "speaker" in entry.refs

    def test_a_clip_is_entered_once_whoever_asks(self, northwind: Organisation, rival: Organisation) -> None:
        mark = enter(northwind)
        with pytest.raises(IntegrityError, match="clip_id"):
            enter(rival, clip_id=mark.clip_id)

    def test_no_other_organisation_sees_it(self, northwind: Organisation, rival: Organisation) -> None:
        enter(northwind)
        with organisation_scope(rival.id, actor="system"):
            assert not MarkedClip.objects.exists()

    @pytest.mark.parametrize("change", [{"epoch": 1}, {"clip_id": UUID(int=1)}, {"content": b"g" * 32}])
    def test_the_application_cannot_change_it(self, in_northwind: Organisation, change: dict[str, object]) -> None:
        enter(in_northwind)
        with pytest.raises(ProgrammingError, match="permission denied"):
            MarkedClip.objects.update(**change)

    def test_the_application_cannot_delete_it(self, in_northwind: Organisation) -> None:
        enter(in_northwind)
        with pytest.raises(ProgrammingError, match="permission denied"):
            MarkedClip.objects.all().delete()

    def test_a_content_that_is_no_digest_is_refused(self, in_northwind: Organisation) -> None:
        with pytest.raises(IntegrityError, match="mark_content_is_a_digest"):
            MarkedClip.objects.create(
                organisation=in_northwind, clip_id=new_id(), subject_id=new_id(), epoch=1, content=b"f", seconds=1.0
            )


class TestFingerprints:
    def test_they_are_opened_for_the_library_and_gone_once_forgotten(self, northwind: Organisation) -> None:
        mark = enter(northwind)
        assert register.library().fingerprint(northwind.id, mark.clip_id) == b"the words"
        with organisation_scope(northwind.id, actor="system"):
            (destroyed,) = register.forget_fingerprints([mark.clip_id])
            assert register.forget_fingerprints([mark.clip_id]) == []
        assert destroyed.kind == register.FINGERPRINT
        assert register.library().fingerprint(northwind.id, mark.clip_id) is None
        assert clips_of(northwind) == [mark.clip_id]

    def test_with_the_speakers_key_they_go_from_copies_too(self, northwind: Organisation) -> None:
        mark = enter(northwind)
        with organisation_scope(northwind.id, actor="system"):
            keyring.shred(subject_id=MarkedClip.objects.get().subject_id)
        assert register.fingerprint_of(northwind.id, mark.clip_id) is None

    def test_of_a_clip_that_is_another_organisations_there_is_none(
        self, northwind: Organisation, rival: Organisation
    ) -> None:
        assert register.fingerprint_of(rival.id, enter(northwind).clip_id) is None


class TestLibrary:
    def test_it_holds_the_clips_of_all_organisations_and_epochs(
        self, northwind: Organisation, rival: Organisation
    ) -> None:
        marks = {(northwind.id, 7): enter(northwind), (northwind.id, 8): enter(northwind, epoch=8)}
        marks[rival.id, 7] = enter(rival)
        library = register.library()
        shelves = {(shelf.organisation_id, shelf.epoch): shelf.clips for shelf in library.shelves}
        assert {key: shelves[key] for key in marks} == {key: (mark.clip_id,) for key, mark in marks.items()}
        assert {7, 8} <= set(library.pilots)
        shelf = next(shelf for shelf in library.shelves if (shelf.organisation_id, shelf.epoch) == (rival.id, 7))
        assert shelf.keys.pilots is library.pilots[7]

    def test_it_takes_in_what_is_new_and_keeps_few_shelves(self, northwind: Organisation) -> None:
        entered: list[UUID] = []
        for _ in range(9):
            entered.append(enter(northwind).clip_id)
            assert clips_of(northwind) == sorted(entered)
        assert sum(shelf.organisation_id == northwind.id for shelf in register.library().shelves) <= 4

    def test_what_it_had_it_does_not_derive_again(
        self, northwind: Organisation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        enter(northwind)
        shelves = register.library().shelves
        monkeypatch.setattr(register.CodeBook, "of", None)
        assert register.library().shelves == shelves

    def test_an_entry_that_became_visible_late_is_not_missed(
        self, northwind: Organisation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        early = enter(northwind)
        with organisation_scope(northwind.id, actor="system"):
            at = MarkedClip.objects.get().marked_at
        enter(northwind)
        assert len(clips_of(northwind)) == 2
        monkeypatch.setattr("django.utils.timezone.now", lambda: at - timedelta(minutes=10))
        late = enter(northwind)
        clips = clips_of(northwind)
        assert {early.clip_id, late.clip_id} < set(clips)
        assert len(clips) == 3

    def test_codes_that_cannot_be_derived_are_not_passed_over(
        self, northwind: Organisation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        enter(northwind)

        def refuse(_epoch: int) -> bytes:
            raise KeyringError("key management does not answer")

        monkeypatch.setattr(register, "clip_secret", refuse)
        with pytest.raises(MarkError, match="does not answer"):
            register.library()

    def test_it_can_be_asked_in_anybodys_scope_and_leaves_it_as_it_was(
        self, northwind: Organisation, rival: Organisation
    ) -> None:
        mark = enter(northwind)
        with organisation_scope(rival.id, actor="system"):
            assert clips_of(northwind) == [mark.clip_id]
            assert not MarkedClip.objects.filter(clip_id=mark.clip_id).exists()


@pytest.mark.usefixtures("committed_db")
def test_threads_that_ask_at_once_get_every_clip_once() -> None:
    firm = found("Northwind")
    entered = {enter(firm).clip_id for _ in range(20)}
    start = threading.Barrier(6)

    def ask(_number: int) -> list[UUID]:
        start.wait()
        try:
            return clips_of(firm)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(ask, range(6))) == [sorted(entered)] * 6


class TestHearing:
    """The keyed mark over the register: whoever's clip it is, it is recognised."""

    def test_a_clip_of_any_organisation_is_named_and_other_speech_is_not(
        self, northwind: Organisation, rival: Organisation, speech: Waveform
    ) -> None:
        marker = Keyed()
        for organisation in (northwind, rival):
            for _ in range(3):
                enter(organisation)
        with organisation_scope(rival.id, actor="system"):
            mark, fingerprint = marking.prepare(new_id(), speech, mark_secrets())
            register.enter(mark, seconds=5.0, fingerprint=fingerprint, subject_id=new_id())
        marked = marker.embed(speech, mark=mark)
        with organisation_scope(northwind.id, actor="system"):
            reading = marker.detect(marked.cut(0.7, 4.2))
        assert (reading.outcome, marking.clip_named(reading)) == ("marked", mark.clip_id)
        assert marker.detect(speech).outcome in FOUND_IN_NOTHING

    def test_a_mark_that_was_never_registered_is_nobodys(self, northwind: Organisation, speech: Waveform) -> None:
        known = enter(northwind)
        unknown = ClipMark(new_id(), 7, known.pilot_secret, known.clip_secret, b"f" * 32)
        reading = Keyed().detect(Keyed().embed(speech, mark=unknown))
        assert reading.outcome in FOUND_IN_NOTHING
        assert marking.clip_named(reading) is None

    @pytest.mark.django_db
    def test_speech_that_nobody_marked_is_not_marked_whatever_is_registered(self, speech: Waveform) -> None:
        assert Keyed().detect(speech).outcome in FOUND_IN_NOTHING
