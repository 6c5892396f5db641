"""Manifests as others read them: whose they are, and that nothing in a file can be changed behind their back."""

from __future__ import annotations

import base64
import io
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from pytest_django import Settings

from synth_adapter.decoding import decode
from synth_adapter.forms import MEDIA_TYPES, Form
from tenancy.errors import KeyringError
from tests.watermark.manifests import FORMS, TAGS, claim, encoded
from tests.watermark.signers import Foreign, foreign
from watermark.duties import Sign
from watermark.provenance import authority, credentials, trust
from watermark.provenance.errors import ProvenanceError
from watermark.provenance.reading import NOT_OURS, OURS_WITHIN, read
from watermark.provenance.reading_worker import _read as read_here
from watermark.provenance.signing import Signed, make, sign

pytestmark = pytest.mark.django_db
POSITIONS = 240
UNHASHED_BOXES = 73
"""The front of an M4A up to its manifest: the `ftyp` box and the header of the box that holds the manifest."""


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    chosen: Form = request.param
    return chosen


@pytest.fixture
def trusting(settings: Settings, tmp_path: Path) -> Foreign:
    """A stranger whose root is on the trust list."""
    stranger = foreign()
    settings.PROVENANCE_TRUST_LIST = tmp_path / "trusted.pem"
    settings.PROVENANCE_TRUST_LIST.write_text(authority.as_pem(stranger.root))
    return stranger


class UnsafeDumbSigner:
    """Has our chain, but key management that does not answer."""

    def __init__(self) -> None:
        self.chain = credentials.current().chain

    def sign(self, data: bytes) -> bytes:
        raise KeyringError("Key management does not answer.")


def test_a_signed_file_is_trusted_ours_and_says_what_was_signed(form: Form) -> None:
    said = claim()
    reading = read(sign(encoded(form), form=form, claim=said), form=form)
    assert (reading.state, reading.ours, reading.findings) == ("trusted", True, [])
    assert reading.claim == said.as_json()


def test_the_form_is_told_by_the_bytes_alone(form: Form) -> None:
    assert read(sign(encoded(form), form=form, claim=claim())).ours


def test_a_manifest_says_synthetic_watermarked_and_which_consent_and_nothing_else(form: Form) -> None:
    said = claim()
    manifest = read(sign(encoded(form), form=form, claim=said), form=form).manifest
    assert manifest is not None
    assertions = {entry["label"]: entry["data"] for entry in manifest["assertions"]}
    assertions.pop("c2pa.hash.bmff.v3", None)  # of an M4A: hashes of its boxes
    product = {"name": "Vivavoce", "version": "0.1.0"}
    when = "2026-11-21T12:30:00Z"
    assert assertions == {
        "c2pa.actions.v2": {
            "actions": [
                {
                    "action": "c2pa.created",
                    "when": when,
                    "softwareAgent": product,
                    "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
                },
                {"action": "c2pa.watermarked.bound", "when": when, "softwareAgent": product},
            ],
            "allActionsIncluded": True,
        },
        "c2pa.soft-binding": {
            "alg": "org.vivavoce.keyed.1",
            "blocks": [{"scope": {}, "value": base64.b64encode(said.clip_id.bytes).decode()}],
            "pad": "",
        },
        "org.vivavoce.consent": {
            "receipt_sha256": "5e" * 32,
            "log": {"origin": "vivavoce.invalid/log", "index": 41},
            "language": "en-GB",
        },
    }
    assert manifest.keys() - {"assertions", "thumbnail", "ingredients"} == {
        "claim_generator_info",
        "title",
        "instance_id",
        "signature_info",
        "label",
        "claim_version",
    }


def test_without_the_keyed_mark_no_soft_binding_is_claimed() -> None:
    said = claim(mark_alg=None)
    reading = read(sign(encoded("wav"), form="wav", claim=said), form="wav")
    assert (reading.state, reading.ours, reading.claim) == ("trusted", True, said.as_json())
    assert reading.manifest is not None
    assertions = {entry["label"]: entry["data"] for entry in reading.manifest["assertions"]}
    assert assertions.keys() == {"c2pa.actions.v2", "org.vivavoce.consent"}
    actions = [action["action"] for action in assertions["c2pa.actions.v2"]["actions"]]
    assert actions == ["c2pa.created", "c2pa.watermarked.unbound"]
    assert assertions["org.vivavoce.consent"]["clip"] == str(said.clip_id)


def test_a_disclosure_that_can_be_heard_is_an_assertion_and_an_action(form: Form) -> None:
    said = claim(disclosure=Sign.RHYTHM)
    reading = read(sign(encoded(form), form=form, claim=said), form=form)
    assert (reading.state, reading.claim) == ("trusted", said.as_json())
    assert reading.claim["disclosure"] == {"kind": "rhythm", "seconds": 1.5}
    assertions = {entry["label"]: entry["data"] for entry in (reading.manifest or {})["assertions"]}
    assert assertions["org.vivavoce.disclosure"] == {"kind": "rhythm", "seconds": 1.5, "language": "en-GB"}
    actions = [action["action"] for action in assertions["c2pa.actions.v2"]["actions"]]
    assert actions == ["c2pa.created", "c2pa.edited", "c2pa.watermarked.bound"]


def test_a_manifest_betrays_neither_the_machine_nor_its_user(form: Form) -> None:
    added = make(encoded(form), form=form, claim=claim()).manifest
    for secret in (os.uname().nodename, str(Path.home()), str(Path.cwd())):
        assert secret.encode() not in added


def test_signing_changes_nothing_that_is_heard_and_keeps_the_tags(form: Form) -> None:
    plain = encoded(form)
    signed = sign(plain, form=form, claim=claim())
    assert np.array_equal(decode(signed).waveform.samples, decode(plain).waveform.samples)
    assert not decode(signed).truncated
    with av.open(io.BytesIO(signed)) as opened:
        assert {name: text for name, text in opened.metadata.items() if name in TAGS} == TAGS


def test_a_file_without_a_manifest_says_nothing(form: Form) -> None:
    reading = read(encoded(form), form=form)
    assert (reading.state, reading.ours, reading.claim, reading.findings) == ("absent", False, None, [])


def test_a_changed_byte_of_audio_is_always_detected_and_one_of_padding_changes_nothing_said(form: Form) -> None:
    signed = make(encoded(form, seconds=0.5), form=form, claim=claim())
    start, end = _span(signed)
    chance = np.random.default_rng(len(form))
    everywhere = chance.integers(len(signed.audio), size=POSITIONS).tolist()
    around = [0, 4, start - 1, end, end + 1, len(signed.audio) - 1]
    for position in {at for at in everywhere + around if at < len(signed.audio)}:
        changed = bytearray(signed.audio)
        changed[position] ^= 1 << int(chance.integers(8))
        found = _read_in_process(bytes(changed), form)
        if found.get("state") == "Trusted":
            assert start <= position < end or (form == "m4a" and position < UNHASHED_BOXES)
            assert found["store"]["manifests"] == _read_in_process(signed.audio, form)["store"]["manifests"]


def test_every_byte_of_sound_in_a_short_file_is_covered(form: Form) -> None:
    signed = make(encoded(form, seconds=0.1), form=form, claim=claim())
    _, end = _span(signed)
    sound = range(end, len(signed.audio)) if form != "wav" else range(_span(signed)[0])
    step = max(1, len(sound) // POSITIONS)
    for position in sound[::step]:
        changed = bytearray(signed.audio)
        changed[position] ^= 0x10
        assert _read_in_process(bytes(changed), form).get("state") != "Trusted"


def test_a_changed_sample_makes_it_invalid_for_the_reader_of_uploads(form: Form) -> None:
    signed = make(encoded(form), form=form, claim=claim())
    start, end = _span(signed)
    changed = bytearray(signed.audio)
    changed[start - 20_000 if form == "wav" else end + 300] ^= 1
    reading = read(bytes(changed), form=form)
    assert (reading.state, reading.ours, reading.claim) == ("invalid", False, None)
    assert any(
        finding.startswith(("assertion.dataHash.mismatch", "assertion.bmffHash.mismatch"))
        for finding in reading.findings
    )


@pytest.mark.parametrize("tail", [b"\0" * 100, b"more sound"])
def test_what_is_hung_on_is_detected(form: Form, tail: bytes) -> None:
    assert read(sign(encoded(form), form=form, claim=claim()) + tail, form=form).state == "invalid"


def test_a_manifest_moved_onto_another_clip_is_invalid(form: Form) -> None:
    one = make(encoded(form, seed=1), form=form, claim=claim())
    other = make(encoded(form, seed=2), form=form, claim=claim())
    assert len(one.manifest) == len(other.manifest)
    start, end = _span(other)
    swapped = other.audio[:start] + one.manifest + other.audio[end:]
    reading = read(swapped, form=form)
    assert (reading.state, reading.ours) == ("invalid", False)


def test_a_strangers_manifest_is_valid_and_no_more(form: Form) -> None:
    reading = read(foreign().put(encoded(form), form=form, claim=claim()), form=form)
    assert (reading.state, reading.ours, reading.claim) == ("valid", False, None)
    assert reading.findings == ["signingCredential.untrusted: signing certificate untrusted"]


def test_a_trusted_strangers_manifest_is_trusted_and_not_ours(form: Form, trusting: Foreign) -> None:
    assert credentials.current().chain
    reading = read(trusting.put(encoded(form), form=form, claim=claim()), form=form)
    assert (reading.state, reading.ours, reading.claim, reading.findings) == ("trusted", False, None, [NOT_OURS])


def test_a_trusted_stranger_with_our_name_and_serial_number_is_not_ours(settings: Settings, tmp_path: Path) -> None:
    ours = credentials.current()
    (known,) = [one for one in credentials.known() if authority.as_pem(one.leaf) == ours.chain]
    double = foreign(holder=credentials.holder(), serial=known.leaf.serial_number)
    settings.PROVENANCE_TRUST_LIST = tmp_path / "trusted.pem"
    settings.PROVENANCE_TRUST_LIST.write_text(authority.as_pem(double.root))
    reading = read(double.put(encoded("wav"), form="wav", claim=claim()), form="wav")
    assert (reading.state, reading.ours, reading.findings) == ("trusted", False, [NOT_OURS])


def test_an_expired_certificate_makes_it_invalid(settings: Settings, tmp_path: Path) -> None:
    stranger = foreign(ends=authority.now() + timedelta(seconds=6))
    settings.PROVENANCE_TRUST_LIST = tmp_path / "trusted.pem"
    settings.PROVENANCE_TRUST_LIST.write_text(authority.as_pem(stranger.root))
    signed = stranger.put(encoded("flac"), form="flac", claim=claim())
    time.sleep(7)
    reading = read(signed, form="flac")
    assert (reading.state, reading.ours) == ("invalid", False)
    assert any(finding.startswith("signingCredential.expired") for finding in reading.findings)


def test_two_manifests_side_by_side_are_invalid() -> None:
    signed = make(encoded("wav"), form="wav", claim=claim())
    start, end = _span(signed)
    chunk = signed.audio[start - 8 : end] + b"\0" * ((end - start) % 2)
    whole = signed.audio + (b"\0" if len(signed.audio) % 2 else b"") + chunk
    doubled = b"RIFF" + (len(whole) - 8).to_bytes(4, "little") + whole[8:]
    assert read(doubled, form="wav").state == "invalid"


def test_a_manifest_over_ours_is_its_signers_and_ours_within_proves_nothing(trusting: Foreign) -> None:
    ours = sign(encoded("wav"), form="wav", claim=claim())
    reading = read(trusting.put(ours, form="wav", claim=claim(), within=True), form="wav")
    assert (reading.state, reading.ours, reading.claim) == ("trusted", False, None)
    assert reading.findings == [NOT_OURS, OURS_WITHIN]


@pytest.mark.parametrize(
    "data", [b"", b"hello " * 100, b"RIFF\x10\0\0\0WAVEC2PA\xff\xff\xff\x7f", b"ID3" + b"\xff" * 50]
)
def test_what_is_no_audio_has_no_manifest_that_is_believed(data: bytes, form: Form) -> None:
    reading = read(data, form=form)
    assert (reading.state in {"absent", "invalid"}, reading.ours, reading.manifest) == (True, False, None)


def test_a_file_that_breaks_off_is_never_believed(form: Form) -> None:
    signed = sign(encoded(form), form=form, claim=claim())
    for share in (0.02, 0.3, 0.6, 0.99):
        assert read(signed[: int(len(signed) * share)], form=form).state in {"absent", "invalid"}


def test_random_damage_of_the_manifest_ends_in_a_reading(form: Form) -> None:
    signed = make(encoded(form, seconds=0.2), form=form, claim=claim())
    start, end = _span(signed)
    chance = np.random.default_rng(3)
    for hits in (1, 10, 100, 1_000, 5_000):
        damaged = np.frombuffer(signed.audio, dtype=np.uint8).copy()
        damaged[chance.integers(start, end, size=hits)] = chance.integers(256, size=hits)
        reading = read(damaged.tobytes(), form=form)
        assert reading.state in {"absent", "invalid", "trusted"}
        assert hits == 1 or not reading.ours


def test_a_file_beyond_the_limit_is_refused(settings: Settings) -> None:
    settings.AUDIO_MAX_BYTES = 1_000
    with pytest.raises(ProvenanceError, match="at most 1000 bytes"):
        read(encoded("wav"), form="wav")


def test_a_reading_that_takes_too_long_is_ended(settings: Settings) -> None:
    settings.AUDIO_DECODE_WALL_SECONDS = 0.01  # less than the reader takes to start
    reading = read(encoded("wav"), form="wav")
    assert (reading.state, reading.findings) == ("invalid", ["Reading this manifest takes longer than allowed."])


def test_a_reading_that_takes_too_much_memory_is_ended(settings: Settings) -> None:
    settings.PROVENANCE_READ_MEMORY = 60 * 1024 * 1024
    settings.AUDIO_MAX_BYTES = 200_000_000
    reading = read(encoded("wav") + bytes(150_000_000), form="wav")
    assert (reading.state, reading.ours) == ("invalid", False)
    assert reading.findings == ["Reading this manifest takes more than allowed, or ends the reader."]


def test_nothing_is_signed_when_key_management_does_not_answer(settings: Settings) -> None:
    settings.PROVENANCE_SIGNER = f"{__name__}.UnsafeDumbSigner"
    with pytest.raises(KeyringError, match="does not answer"):
        sign(encoded("wav"), form="wav", claim=claim())


def test_what_holds_no_manifest_is_not_signed(form: Form) -> None:
    with pytest.raises(ProvenanceError, match="No manifest could be made"):
        sign(b"no audio at all", form=form, claim=claim())


def test_a_trust_list_that_is_none_stops_every_reading(settings: Settings, tmp_path: Path) -> None:
    settings.PROVENANCE_TRUST_LIST = tmp_path / "missing.pem"
    with pytest.raises(ProvenanceError, match="PROVENANCE_TRUST_LIST"):
        read(encoded("wav"), form="wav")


def _span(signed: Signed) -> tuple[int, int]:
    """Where in the file its manifest lies."""
    start = signed.audio.find(signed.manifest)
    assert start > 0
    return start, start + len(signed.manifest)


def _read_in_process(audio: bytes, form: Form) -> dict[str, Any]:
    """What the worker would answer, without starting one."""
    trusting = trust.reader_settings(trust.anchors(trust.own_certificates()))
    return read_here(audio, media_type=MEDIA_TYPES[form], settings=trusting)
