from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from django.test import override_settings
from django.utils import timezone

from governance.evidence import certificates
from governance.evidence.composing import Bundle, composed
from governance.evidence.errors import UnsoundBundleError
from governance.evidence.standalone import verify
from tests.governance.evidence_bundles import clean_machine, failures, restated, run, sealed, signed_again, trust
from tests.governance.evidence_dossiers import ORIGINAL, PROTOCOL, dossier_of, sha256

ORIGINAL_NAME = "original/call_from_Zo_.wav"
FLIPS = 400


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Certificates of this module's own."""
    made = tmp_path_factory.mktemp("evidence")
    with override_settings(EVIDENCE_CERTIFICATES=made / "certificates"):
        yield made


@pytest.fixture(scope="module")
def bundle(folder: Path) -> Bundle:
    return composed(dossier_of(), issued_at=timezone.now())


@pytest.fixture(scope="module")
def files(bundle: Bundle) -> dict[str, bytes]:
    return verify.unzipped(bundle.content)


@pytest.fixture(scope="module")
def python(folder: Path) -> Path:
    return clean_machine(folder / "venv")


@pytest.fixture
def unpacked(files: dict[str, bytes], tmp_path: Path) -> Path:
    for name, raw in files.items():
        path = tmp_path / "bundle" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return tmp_path / "bundle"


def pinned(folder: Path) -> list[str]:
    """What a reader would bring who knows us from elsewhere."""
    trusted = trust()
    (folder / "root.pem").write_bytes(trusted.roots[0].public_bytes(Encoding.PEM))
    key = base64.urlsafe_b64encode(trusted.keys[0]).rstrip(b"=").decode()
    return [f"--key={key}", f"--trust={folder / 'root.pem'}", f"--log-key={trusted.log_keys[0]}"]


def test_a_bundle_verifies_on_a_clean_machine_without_a_network(
    bundle: Bundle, unpacked: Path, python: Path, tmp_path: Path
) -> None:
    path = tmp_path / bundle.name
    path.write_bytes(bundle.content)
    for given in (path, unpacked):
        answer = run(python, unpacked / "verify.py", given)
        assert (answer.returncode, answer.stderr) == (0, "")
        assert answer.stdout.endswith("OK\n")
        assert "not whose it is" in answer.stdout


def test_with_what_the_reader_brings_it_says_whose_it_is(
    bundle: Bundle, unpacked: Path, python: Path, tmp_path: Path
) -> None:
    answer = run(python, unpacked / "verify.py", unpacked, *pinned(tmp_path), "--json")
    said = json.loads(answer.stdout)
    assert (answer.returncode, said["held"]) == (0, True)
    outcomes = {check["check"]: (check["outcome"], check["pinned"]) for check in said["checks"]}
    names = ["container", "manifest", "files", "statement", "certificates", "custody", "log", "report"]
    assert outcomes == dict.fromkeys(names, ("held", True)) | {"time-stamps": ("not checked", False)}


def test_the_machine_is_clean_and_the_network_is_really_forbidden(python: Path, tmp_path: Path) -> None:
    (tmp_path / "try.py").write_text("import socket\nsocket.create_connection(('127.0.0.1', 9))\n")
    (tmp_path / "look.py").write_text("import django\n")
    assert "network was touched" in run(python, tmp_path / "try.py").stderr
    assert "No module named 'django'" in run(python, tmp_path / "look.py").stderr


def test_any_flipped_byte_in_any_file_fails(files: dict[str, bytes]) -> None:
    chance = random.Random(20261121)  # noqa: S311 -- a choice of places, no secret
    names = [*files, *chance.choices(list(files), k=FLIPS - len(files))]
    undetected = []
    for name in names:
        place, bit = chance.randrange(len(files[name])), 1 << chance.randrange(8)
        changed = bytearray(files[name])
        changed[place] ^= bit
        if not failures({**files, name: bytes(changed)}):
            undetected.append((name, place, bit))
    assert undetected == []


def test_any_flipped_byte_of_the_zip_file_fails(bundle: Bundle) -> None:
    chance = random.Random(20261122)  # noqa: S311 -- likewise
    undetected = []
    for place in chance.sample(range(len(bundle.content)), FLIPS):
        changed = bytearray(bundle.content)
        changed[place] ^= 1 << chance.randrange(8)
        try:
            held = not failures(verify.unzipped(bytes(changed)))
        except verify.VerificationError:
            held = False
        if held:
            undetected.append(place)
    assert undetected == []


def test_every_byte_of_the_signed_list_and_of_what_holds_the_files_together_counts(bundle: Bundle) -> None:
    start = bundle.content.index(b"PK\x01\x02")
    for place in range(start, len(bundle.content)):
        changed = bytearray(bundle.content)
        changed[place] ^= 0x01
        with pytest.raises(verify.VerificationError):
            verify.unzipped(bytes(changed))


def test_a_file_that_is_taken_away_or_added_fails(files: dict[str, bytes]) -> None:
    for name in files:
        assert failures({other: raw for other, raw in files.items() if other != name}), name
    assert list(failures({**files, "log/08-extra.json": b"{}"})) == ["files"]
    assert list(failures({**files, "original/another.wav": ORIGINAL})) == ["files"]


def test_two_files_that_change_places_fail(files: dict[str, bytes]) -> None:
    first, second = "log/05-examination-request-received.json", "log/07-examination-request-completed.json"
    assert failures({**files, first: files[second], second: files[first]})


@pytest.mark.parametrize("tail", [b"x", b"PK\x05\x06" + bytes(18)])
def test_nothing_can_be_put_before_or_behind_the_zip_file(bundle: Bundle, tail: bytes) -> None:
    for content in (bundle.content + tail, tail + bundle.content, bundle.content[:-1], b""):
        with pytest.raises(verify.VerificationError):
            verify.unzipped(content)


@pytest.mark.parametrize("name", ["../x", "a/../b", "/etc/passwd", "a\\b", "a//b", "é", "a b", ""])
def test_no_member_leaves_the_folder(name: str) -> None:
    written = verify.zipped({"x" * max(len(name.encode()), 1): b"1"})
    encoded = name.encode() or b" "
    with pytest.raises(verify.VerificationError):
        verify.unzipped(written.replace(b"x" * len(encoded), encoded))


def test_a_stranger_can_sign_the_whole_bundle_again_and_only_pins_tell(files: dict[str, bytes]) -> None:
    stranger = Ed25519PrivateKey.generate()
    chain = certificates._issue("Vivavoce statements", stranger.public_key())
    forged = restated(
        {**files, "certificates/statement.pem": certificates.as_pem(chain)},
        lambda statement: statement["predicate"].update(issued_by="member:mallory"),
        key=stranger,
    )
    assert failures(forged, replace_keys()) == {"manifest": failures(forged, replace_keys())["manifest"]}
    assert set(failures(forged)) == {"report"}  # whose signed attachment still is the first statement


def replace_keys() -> verify.Trust:
    return verify.Trust(keys=trust().keys)


def test_another_root_and_another_log_do_not_count(files: dict[str, bytes], tmp_path: Path) -> None:
    with override_settings(EVIDENCE_CERTIFICATES=tmp_path / "others"):
        root = certificates.for_reports().chain[-1]
    other = "vivavoce.invalid/log+" + "00000000+AQ=="
    assert list(failures(files, verify.Trust(roots=(root,)))) == ["certificates"]
    assert list(failures(files, verify.Trust(log_keys=(other,)))) == ["log"]
    assert failures(files, trust()) == {}


Change = Callable[[dict[str, Any]], object]
CHANGES: list[tuple[str, Change, str]] = [
    ("statement", lambda s: s["subject"][0]["digest"].update(sha256="0" * 64), "another file"),
    ("statement", lambda s: s["predicate"]["examination"].update(sha256="0" * 64), "another hash"),
    ("statement", lambda s: s["predicate"]["examination"].update(size=1), "another size"),
    ("statement", lambda s: s["predicate"]["examination"].update(id="0"), "another examination"),
    ("statement", lambda s: s["predicate"]["protocol"]["content"]["examination"].update(null_trials=1), "protocol"),
    ("statement", lambda s: s["predicate"]["result"]["provenance"].update(state="trusted"), "findings on origin"),
    ("statement", lambda s: s.update(predicateType="urn:other"), "does not say"),
    ("statement", lambda s: s.update(_type="https://in-toto.io/Statement/v0.1"), "in-toto"),
    ("custody", lambda s: s["predicate"]["custody"][2].update(actor="member:mallory"), "was changed"),
    ("custody", lambda s: s["predicate"]["custody"].pop(1), "does not follow"),
    ("custody", lambda s: s["predicate"].update(custody=[]), "no chain of custody"),
    ("log", lambda s: s["predicate"]["result"].update(verdict="not_marked"), "with the hash"),
    ("log", lambda s: s["predicate"]["log"]["entries"].pop(5), "with the hash"),
    ("log", lambda s: s["predicate"]["log"]["entries"].pop(0), "no record of the clip"),
    ("log", lambda s: s["predicate"]["log"]["entries"][0].update(index=3), "another record"),
    ("log", lambda s: s["predicate"]["attribution"][1].update(id="0"), "no record of the request"),
    ("log", lambda s: s["predicate"]["attribution"].pop(0), "does not begin with a clip"),
    ("certificates", lambda s: s["predicate"].update(issued_at="2040-01-01T00:00:00Z"), "not valid at"),
]


@pytest.mark.parametrize(("check", "change", "wrong"), CHANGES)
def test_even_who_can_sign_cannot_state_what_does_not_fit(
    files: dict[str, bytes], check: str, change: Change, wrong: str
) -> None:
    found = failures(restated(files, change))
    assert wrong in found[check]


def test_a_report_with_another_statement_or_without_its_signature_fails(files: dict[str, bytes]) -> None:
    other = restated(files, lambda statement: statement["predicate"].update(issued_by="member:mallory"))
    assert failures(other) == {"report": "The statement is not attached to the report."}
    report = files["report.pdf"]
    changed = [
        report.replace(b"/ByteRange", b"/ByteXange"),
        report + b"\n% more",
        report.replace(b"(Northwind)", b"(Southwind)"),
        report.replace(b"/P 1", b"/P 3"),
    ]
    for raw in changed:
        assert raw != report
        assert list(failures(signed_again({**files, "report.pdf": raw}))) == ["report"]


def test_a_proof_of_another_record_fails(files: dict[str, bytes]) -> None:
    first, second = "log/05-examination-request-received", "log/06-examination-protocol-fixed"
    swapped = signed_again({**files, f"{first}.tlog-proof": files[f"{second}.tlog-proof"]})
    assert list(failures(swapped)) == ["log"]
    entry = json.loads(files[f"{first}.json"])
    for name, value in (("actor", "member:mallory"), ("data", {"sha256": "0" * 64}), ("event", "voice:record:created")):
        changed = signed_again({**files, f"{first}.json": json.dumps({**entry, name: value}).encode()})
        assert list(failures(changed)) == ["log"]


@pytest.mark.parametrize(
    ("order", "wrong"),
    [
        (["request:received", "request:completed", "protocol:fixed"], "not fixed after"),
        (["protocol:fixed", "request:received", "request:completed"], "not fixed after"),
        (["request:received", "request:completed"], "with the hash"),
        (["protocol:fixed", "request:completed"], "with the hash"),
        (["request:received", "protocol:fixed"], "with the hash"),
    ],
)
def test_receipt_protocol_and_end_have_to_be_on_record_in_this_order(
    folder: Path, order: list[str], wrong: str
) -> None:
    with pytest.raises(UnsoundBundleError, match=wrong):
        composed(dossier_of("not_marked", order=order), issued_at=timezone.now())


def test_a_bundle_that_does_not_stand_is_not_handed_out(folder: Path) -> None:
    dossier = dossier_of()
    for unsound in (
        replace(dossier, original=ORIGINAL + b"x"),
        replace(dossier, protocol={**PROTOCOL, "later": 1}),
        replace(dossier, custody=dossier.custody[1:]),
        replace(dossier, steps=dossier.steps[1:]),
        replace(dossier, records=dossier.records[1:]),
    ):
        with pytest.raises(UnsoundBundleError):
            composed(unsound, issued_at=timezone.now())


@pytest.mark.parametrize("verdict", ["not_marked", "inconclusive"])
def test_there_is_evidence_of_every_verdict(folder: Path, verdict: str) -> None:
    made = composed(dossier_of(verdict), issued_at=timezone.now())
    (statement,) = [f for f in verify.examine(verify.unzipped(made.content), trust()) if f.check == "statement"]
    assert (statement.outcome, statement.detail.partition(":")[0]) == ("held", verdict)


@pytest.mark.parametrize(
    ("filename", "kept"),
    [
        ("a.wav", "a.wav"),
        ("../../etc/passwd", "etc_passwd"),
        ("..", "original"),
        ("", "original"),
        ("通话.mp3", "mp3"),
        ("x" * 300 + ".flac", "x" * 95 + ".flac"),
        ("con\x00trol\n.wav", "con_trol_.wav"),
        ("a..b.wav", "a_.b.wav"),
    ],
)
def test_the_original_lies_untouched_under_a_harmless_name(folder: Path, filename: str, kept: str) -> None:
    made = verify.unzipped(composed(dossier_of(filename=filename), issued_at=timezone.now()).content)
    assert made[f"original/{kept}"] == ORIGINAL
    body = base64.b64decode(json.loads(made["statement.dsse.json"])["payload"])
    assert json.loads(body)["subject"] == [{"name": filename or "_", "digest": {"sha256": sha256(ORIGINAL)}}]


def test_a_custody_that_does_not_come_from_the_original_fails(files: dict[str, bytes]) -> None:
    def derive_from_nowhere(statement: dict[str, Any]) -> None:
        events, before = statement["predicate"]["custody"], sha256(ORIGINAL)
        for event in events:
            event["in_sha256"] = "0" * 64 if event["action"] == "examined" else event["in_sha256"]
            event["previous_sha256"] = before
            stated = {name: value for name, value in event.items() if name != "sha256"}
            before = event["sha256"] = verify.sha256(b"vivavoce/custody/v1\0" + verify.canonical(stated).encode())

    assert "does not come from the original" in failures(restated(files, derive_from_nowhere))["custody"]


def test_a_wrong_command_line_and_a_missing_file_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bundle: Bundle
) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(bundle.content)
    assert verify.main([str(tmp_path / "nothing.zip")]) == 1
    assert verify.main([str(path), "--key", "AAAA"]) == 1
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [{"crv": "Ed25519", "x": base64.urlsafe_b64encode(b"\0" * 32).decode()[:-1]}]}))
    assert verify.main([str(path), "--keys", str(keys)]) == 1
    with pytest.raises(SystemExit) as ended:
        verify.main([])
    assert ended.value.code == 2
    assert "FAILED" in capsys.readouterr().err


def test_a_link_among_the_unpacked_files_is_refused(unpacked: Path) -> None:
    (unpacked / "original" / "link").symlink_to("/etc/hostname")
    assert verify.main([str(unpacked)]) == 1


def test_the_envelope_of_a_manifest_does_not_pass_for_a_statement(files: dict[str, bytes]) -> None:
    body = base64.b64decode(json.loads(files["statement.dsse.json"])["payload"])
    wrong = {**files, "statement.dsse.json": sealed(body, verify.MANIFEST_TYPE, None)}
    assert list(failures(signed_again(wrong))) == ["statement"]
