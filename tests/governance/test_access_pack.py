"""The pack holds everything that is stored about a speaker, for them alone, and says what is gone."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import models
from django.test import Client

from audit.events import Event
from audit.log import append
from audit.publishing import publish
from audit.queries import entries
from audit.sequencer import sequence_once
from audit.standalone import verify_log
from consent.models import Speaker
from governance import access_pack, withdrawal
from governance.access_contents import RECORDS
from governance.access_sounds import SEALED
from governance.access_words import FOLDERS
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import found
from tests.consent.test_notice import grade
from tests.governance.everything import MODEL, Everything, keep
from voices import vault
from voices.models import OfferedSample

OBJECTS_WITH_A_TRACE = sum(sealed.model is not OfferedSample for sealed in SEALED)  # of that one, the row goes as well
NOT_ABOUT_A_SPEAKER = {"Entry"}  # it has no column for one; the pack finds entries by their references


@pytest.fixture
def kept(in_northwind: Organisation) -> Everything:
    return keep(in_northwind)


class Pack:
    """A written pack, read back."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        archive = zipfile.ZipFile(io.BytesIO(raw))
        assert archive.testzip() is None
        self.files = {name: archive.read(name) for name in archive.namelist()}
        self.contents: dict[str, Any] = json.loads(self.files["contents.json"])

    def records(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.files[f"records/{name}.json"])
        return found


def pack_of(speaker: Speaker) -> Pack:
    file = io.BytesIO()
    access_pack.write(speaker.id, to=file)
    return Pack(file.getvalue())


def models_that_lead_to_a_speaker() -> Iterator[type[models.Model]]:
    """By foreign keys, however many, and by columns that are named for a subject."""
    reached: set[type[models.Model]] = {Speaker}
    while True:
        further = {
            model
            for model in apps.get_models()
            for column in model._meta.concrete_fields
            if model not in reached and (column.related_model in reached or column.name in {"subject_id", "speaker_id"})
        }
        if not further:
            return iter(reached)
        reached |= further


class TestCoverage:
    def test_every_model_that_leads_to_a_speaker_is_in_the_pack(self) -> None:
        """Whoever adds such a model adds it to `access_contents.RECORDS` as well."""
        leading = {model.__name__ for model in models_that_lead_to_a_speaker()}
        covered = [records.model.__name__ for records in RECORDS]
        assert leading - NOT_ABOUT_A_SPEAKER == set(covered)
        assert len(covered) == len(set(covered))

    def test_every_column_that_names_a_sealed_object_is_opened(self) -> None:
        named = {
            (records.model, column.name)
            for records in RECORDS
            for column in records.model._meta.concrete_fields
            if column.name.endswith("blob")
        }
        assert named == {(sealed.model, sealed.column) for sealed in SEALED}

    @pytest.mark.usefixtures("in_northwind")
    def test_one_row_of_every_model_is_shown_with_every_column_but_those_withheld(self, kept: Everything) -> None:
        withdrawal.withdraw(keep(kept.speaker.organisation, name="Ivo").consent.id)  # for a certificate
        for speaker in Speaker.objects.all():
            pack = pack_of(speaker)
            for records in RECORDS:
                rows = list(records.model._default_manager.filter(**{records.path: speaker.id}))
                shown = pack.records(records.file)
                assert [row["id"] for row in shown] == sorted(str(row.pk) for row in rows)
                columns = {column.attname for column in records.model._meta.concrete_fields}
                assert all(set(row) == columns - set(records.withheld) for row in shown)
        assert all(records.model._default_manager.exists() for records in RECORDS)


class TestContents:
    def test_every_sealed_object_comes_opened_byte_for_byte(self, kept: Everything) -> None:
        files = list(pack_of(kept.speaker).files.values())
        assert {kind for kind, content in kept.sealed.items() if content not in files} == set()

    def test_the_voice_in_numbers_is_the_enrolled_one_as_it_is_kept(self, kept: Everything) -> None:
        (numbers,) = json.loads(pack_of(kept.speaker).files[f"voice-in-numbers/{kept.voice.references.get().id}.json"])
        enrolled = vault.open_reference(kept.voice, models=[MODEL]).part(MODEL)
        assert numbers["numbers"] == [float(number) for number in enrolled.vector]
        assert (numbers["model"], numbers["space"]) == (
            {"name": "test", "sha256": "0" * 64},
            enrolled.space,
        )

    def test_files_bear_the_ending_that_players_know(self, kept: Everything) -> None:
        names = [name for name in pack_of(kept.speaker).files if name.split("/")[0] in {"samples", "clips"}]
        assert sorted(name.rpartition(".")[2] for name in names) == [
            "bin", "flac", "m4a", "mp3", "txt", "wav", "wav", "wav",
        ]  # fmt: skip

    def test_contents_lists_every_file_with_its_hash(self, kept: Everything) -> None:
        pack = pack_of(kept.speaker)
        others = {name: content for name, content in pack.files.items() if name not in {"README.txt", "contents.json"}}
        assert pack.contents["files"] == {name: hashlib.sha256(raw).hexdigest() for name, raw in others.items()}
        assert pack.contents["gone"] == []

    def test_secrets_and_other_peoples_names_stay_out_and_it_says_so(self, kept: Everything) -> None:
        pack = pack_of(kept.speaker)
        everything = b"".join(pack.files.values())
        assert b"token_hash" not in everything.replace(pack.files["contents.json"], b"")
        assert b"A claim about Sam" not in everything
        assert set(pack.contents["left_out"]) == {
            "links",
            "codes",
            "sessions",
            "mails",
            "legal-holds",
            "key",
            "copies-to-find-duplicates",
            "marked-clips",
        }

    def test_every_entry_about_the_speaker_is_in_it(self, kept: Everything) -> None:
        about = {str(entry.id) for entry in entries(about=kept.speaker.id)}
        released = str(append(Event.CLIP_RELEASED, refs={"clip": kept.clip.id, "voice": kept.voice.id}))
        shown = {
            name[len("audit/") : -len(".json")] for name in pack_of(kept.speaker).files if name.startswith("audit/")
        }
        assert about | {released} <= shown

    def test_it_says_when_what_is_still_here_will_go_and_by_which_law(self, kept: Everything) -> None:
        (voice,) = json.loads(pack_of(kept.speaker).files["retention.json"])
        assert (voice["what"], voice["clock"], voice["rule"]) == ("voice", "inactivity", "US-CO")

    def test_nothing_of_another_speaker_is_in_it(self, kept: Everything, in_northwind: Organisation) -> None:
        other = keep(in_northwind, name="Ivo")
        mine = b"".join(pack_of(kept.speaker).files.values())
        strange = [other.speaker.id, other.consent.id, other.voice.id, other.clip.id]
        assert [found for found in strange if str(found).encode() in mine] == []

    def test_that_it_was_handed_out_is_on_the_record(self, kept: Everything) -> None:
        pack = pack_of(kept.speaker)
        (entry,) = entries(event=Event.SUBJECT_PACK_ISSUED)
        assert entry.refs == {"speaker": kept.speaker.id}
        assert entry.data == {"files": len(pack.contents["files"]), "gone": 0}


class TestAfterErasure:
    def test_it_still_comes_and_says_what_is_gone(self, kept: Everything) -> None:
        withdrawal.withdraw(kept.consent.id)
        pack = pack_of(kept.speaker)
        assert len(pack.contents["gone"]) == OBJECTS_WITH_A_TRACE
        assert {why for _, why in pack.contents["gone"]} == {"It was deleted."}
        everything = b"".join(pack.files.values())
        assert [kind for kind, content in kept.sealed.items() if content in everything] == []
        assert len(pack.records("certificates-of-destruction")) == 1
        assert f"{OBJECTS_WITH_A_TRACE} files. It was deleted.".encode() in pack.files["README.txt"]

    def test_an_object_whose_key_is_gone_is_said_to_be_destroyed(self, kept: Everything) -> None:
        file = kept.clip.files.get(form="wav")
        withdrawal.withdraw(kept.consent.id)
        kept.clip.files.filter(form="wav").update(blob=file.blob)  # as a restored backup would have it
        gone = dict(pack_of(kept.speaker).contents["gone"])
        assert gone[f"clips/{kept.clip.id}.clip-wav"].startswith("It was destroyed: the key to it is gone")

    def test_a_lost_file_is_not_passed_off_as_an_erasure(self, kept: Everything) -> None:
        storages["blobs"].delete(kept.clip.files.get(form="wav").blob)
        gone = dict(pack_of(kept.speaker).contents["gone"])
        assert gone[f"clips/{kept.clip.id}.clip-wav"].startswith("It should be here, but cannot be opened: ")


class TestProofs:
    @pytest.mark.parametrize("erased", [False, True])
    def test_the_stand_alone_verifier_accepts_each_of_them_before_and_after_erasure(
        self, committed_db: None, tmp_path: Path, *, erased: bool
    ) -> None:
        firm = found("Northwind")
        with organisation_scope(firm.id, actor="system"):
            kept = keep(firm, held=False)
        if erased:
            with organisation_scope(firm.id, actor="system"):
                withdrawal.withdraw(kept.consent.id)
        while sequence_once():
            pass
        publish()
        with organisation_scope(firm.id, actor="system"):
            pack = pack_of(kept.speaker)
        zipfile.ZipFile(io.BytesIO(pack.raw)).extractall(tmp_path)
        keys = [f"--key={key}" for key in (tmp_path / "audit/keys.txt").read_text().splitlines()]
        proofs = sorted((tmp_path / "audit").glob("*.tlog-proof"))
        assert len(proofs) == len(list((tmp_path / "audit").glob("*.json"))) > 0
        for proof in proofs:
            entry = str(proof.with_suffix(".json"))
            with redirect_stdout(io.StringIO()) as output:
                assert verify_log.main(["proof", *keys, "--entry", entry, str(proof)]) == 0
                opened = verify_log.main(["opening", "--entry", entry]) == 0
            assert opened or erased, output.getvalue()


class TestLetter:
    def test_it_names_every_folder(self, kept: Everything) -> None:
        folders = {name.partition("/")[0] for name in pack_of(kept.speaker).files if "/" in name}
        assert folders == FOLDERS.keys()

    @pytest.mark.parametrize("erased", [False, True])
    def test_it_can_be_read_at_the_age_of_twelve(self, kept: Everything, *, erased: bool) -> None:
        if erased:
            withdrawal.withdraw(kept.consent.id)
        text = pack_of(kept.speaker).files["README.txt"].decode()
        assert grade(text) <= 7
        assert "Northwind holds about Amara" in text
        assert "{" not in text


class TestDoors:
    def test_the_receipts_link_opens_it(self, kept: Everything) -> None:
        answer = Client().get(f"/v1/receipts/{kept.token}/data")
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
        assert answer["Cache-Control"] == "no-store"
        assert "attachment" in answer["Content-Disposition"]
        pack = Pack(b"".join(answer.streaming_content))
        assert pack.contents["speaker"] == str(kept.speaker.id)
        assert entries(event=Event.SUBJECT_PACK_ISSUED)[0].actor == f"speaker:{kept.speaker.id}"

    def test_it_opens_after_withdrawal_too(self, kept: Everything) -> None:
        assert Client().post(f"/v1/receipts/{kept.token}/withdraw").status_code == 200
        answer = Client().get(f"/v1/receipts/{kept.token}/data")
        assert len(Pack(b"".join(answer.streaming_content)).contents["gone"]) == OBJECTS_WITH_A_TRACE

    def test_no_other_link_opens_it(self, kept: Everything) -> None:
        for token in ("vvr_nobody", kept.token.replace("vvr_", "vvc_")):
            assert Client().get(f"/v1/receipts/{token}/data").json()["type"] == "/problems/link-unknown"

    def test_another_organisation_has_no_such_speaker(self, kept: Everything, rival: Organisation) -> None:
        with organisation_scope(rival.id, actor="system"), pytest.raises(Speaker.DoesNotExist):
            access_pack.write(kept.speaker.id, to=io.BytesIO())

    def test_the_command_writes_it_for_the_owners_eyes_and_never_over_a_file(
        self, kept: Everything, tmp_path: Path
    ) -> None:
        target, where = tmp_path / "amara.zip", ("--organisation", kept.speaker.organisation.slug)
        with redirect_stdout(io.StringIO()) as output:
            call_command("subject_access", str(kept.speaker.id), *where, "--to", str(target))
        assert "0 objects are gone" in output.getvalue()
        assert target.stat().st_mode & 0o777 == 0o600
        assert Pack(target.read_bytes()).contents["speaker"] == str(kept.speaker.id)
        with pytest.raises(CommandError, match="cannot be written"):
            call_command("subject_access", str(kept.speaker.id), *where, "--to", str(target))
        with pytest.raises(CommandError, match="no such speaker"):
            call_command("subject_access", str(uuid4()), *where, "--to", str(tmp_path / "x.zip"))
        assert not (tmp_path / "x.zip").exists()
