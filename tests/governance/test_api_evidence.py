"""From a marked clip to a bundle that an outsider checks: handed in, examined, issued, verified with keys from HTTP."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from cryptography import x509
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from audit.events import Event
from audit.publishing import publish
from audit.queries import entries
from audit.sequencer import sequence_once
from deploy.demo.cast import IVO, PASSAGES, say
from governance.evidence import bundle, certificates
from governance.evidence.errors import UnsoundBundleError
from governance.evidence.standalone import verify
from governance.forensic_models import Examination
from governance.forensics import custody, examinations, examining, originals
from synth_adapter.decoding import decode
from synth_adapter.encoding import encode_wav
from synth_adapter.waveform import Waveform
from tenancy.api_keys import ApiScope
from tenancy.models import Organisation
from tenancy.scope import organisation_scope
from tests.cast import equip, found
from tests.governance.conftest import ApiClient
from tests.governance.evidence_bundles import clean_machine, failures, run
from tests.governance.evidence_dossiers import result_of
from tests.governance.forensic_files import Made, make_clip
from tests.governance.test_api_refusals import problem
from tests.time_authority import TimeAuthority, time_authority
from watermark import register, registry, testifying, testimony

ADDRESS = "/v1/forensics/examinations"
VERIFY_LOG = settings.ROOT / "audit" / "standalone" / "verify_log.py"
SOUND = encode_wav(Waveform(np.sin(np.arange(16_000, dtype=np.float32) / 9) / 4, 16_000))
WAY_BACK = ["clip", "request", "decision", "permit", "consent", "voice", "delivery"]


@pytest.fixture(autouse=True)
def _certificates(tmp_path: Path) -> Iterator[None]:
    with override_settings(EVIDENCE_CERTIFICATES=tmp_path / "certificates"):
        yield


@pytest.fixture
def firm(committed_db: None) -> Iterator[Organisation]:
    register.forget_library()
    yield found("Northwind")
    register.forget_library()


@pytest.fixture
def made(firm: Organisation) -> Made:
    return make_clip(firm, decode(say(IVO, PASSAGES[0])).waveform)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What listening takes is left out: nothing was found."""
    found_nothing = {**result_of("not_marked"), "protocol_sha256": testifying.PROTOCOL.sha256}
    heard = testimony.Testimony.from_json(found_nothing)
    monkeypatch.setattr(testifying, "examine", lambda *_, **__: heard)
    monkeypatch.setattr(registry, "watermarkers", lambda: ())


@pytest.fixture
def examiner(firm: Organisation) -> ApiClient:
    return ApiClient(equip(firm, ApiScope.FORENSICS).secret)


def submitted(api: ApiClient, audio: bytes) -> str:
    upload = SimpleUploadedFile("call from Zoë.wav", audio, "audio/wav")
    asked = {"case_number": "2026/17", "question": "Is this one of ours?", "audio": upload}
    return str(api.upload(ADDRESS, asked).json()["id"])


def examined(api: ApiClient, organisation: Organisation, audio: bytes) -> str:
    examination_id = submitted(api, audio)
    examining.examine(UUID(examination_id), organisation_id=organisation.id)
    return examination_id


def logged() -> None:
    while sequence_once():
        pass
    publish()


def issued(api: ApiClient, examination_id: str) -> bytes:
    response = api.get(f"{ADDRESS}/{examination_id}/bundle")
    assert (response.status_code, response["Content-Type"]) == (200, "application/zip")
    assert response["Content-Disposition"] == f'attachment; filename="evidence-{examination_id}.zip"'
    return bytes(response.content)


def stated(files: dict[str, bytes]) -> dict[str, Any]:
    body = json.loads(base64.b64decode(json.loads(files["statement.dsse.json"])["payload"]))
    return dict(body["predicate"])


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[TimeAuthority]:
    with time_authority() as answering:
        (tmp_path / "roots.pem").write_bytes(answering.pem())
        urls, roots = [answering.url], tmp_path / "roots.pem"
        with override_settings(TIMESTAMP_AUTHORITIES=urls, TIMESTAMP_ROOTS=roots):
            yield answering


@pytest.mark.slow
def test_an_outsider_follows_a_marked_clip_back_to_the_consent(
    firm: Organisation, made: Made, examiner: ApiClient, authority: TimeAuthority, tmp_path: Path
) -> None:
    examination_id = examined(examiner, firm, made.wav)
    logged()
    path = tmp_path / "bundle.zip"
    path.write_bytes(issued(examiner, examination_id))
    files = verify.unzipped(path.read_bytes())
    said = stated(files)
    assert files["original/call_from_Zo_.wav"] == made.wav
    assert (said["result"]["verdict"], said["attribution"][0]["id"]) == ("marked", str(made.clip.id))
    assert sorted({step["kind"] for step in said["attribution"]}, key=WAY_BACK.index) == WAY_BACK
    assert {step["standing"] for step in said["attribution"] if step["entry"]} <= {"witnessed", "unwitnessed"}
    assert "Amara" not in json.dumps(said)

    (tmp_path / "keys.json").write_bytes(ApiClient(None).get("/v1/keys").content)
    log_key = ApiClient(None).get("/v1/audit/keys").json()["keys"][0]
    root = x509.load_pem_x509_certificates(files["certificates/report.pem"])[-1]
    (tmp_path / "root.pem").write_bytes(certificates.as_pem((root,)))
    (tmp_path / "verify.py").write_bytes(files["verify.py"])
    trusted = [f"--keys={tmp_path / 'keys.json'}", f"--trust={tmp_path / 'root.pem'}", f"--log-key={log_key}"]
    trusted.append(f"--authorities={tmp_path / 'roots.pem'}")
    answer = run(clean_machine(tmp_path / "venv"), tmp_path / "verify.py", path, *trusted, "--json")
    said = json.loads(answer.stdout)
    assert (answer.returncode, said["held"]) == (0, True)
    assert {(check["outcome"], check["pinned"]) for check in said["checks"]} == {("held", True)}


@pytest.mark.usefixtures("quick")
def test_the_records_in_a_bundle_are_read_by_the_verifier_of_the_log_too(
    firm: Organisation, examiner: ApiClient, tmp_path: Path
) -> None:
    examination_id = examined(examiner, firm, b"nothing that could be decoded")
    problem(examiner.get(f"{ADDRESS}/{examination_id}/bundle"), 409, "evidence-not-ready")
    examination_id = examined(examiner, firm, SOUND)
    logged()
    files = verify.unzipped(issued(examiner, examination_id))
    key = files["log/keys.txt"].decode().split("\n")[0]
    names = sorted(name.removesuffix(".json") for name in files if name.startswith("log/") and name.endswith(".json"))
    assert [name.partition("-")[2] for name in names] == [
        "examination-request-received",
        "examination-protocol-fixed",
        "examination-request-completed",
    ]
    machine = clean_machine(tmp_path / "venv")
    for name in names:
        (tmp_path / "entry.json").write_bytes(files[f"{name}.json"])
        (tmp_path / "proof").write_bytes(files[f"{name}.tlog-proof"])
        given = ("--entry", tmp_path / "entry.json")
        assert run(machine, VERIFY_LOG, "proof", "--key", key, *given, tmp_path / "proof").returncode == 0
        assert run(machine, VERIFY_LOG, "opening", *given).returncode == 0


@pytest.mark.usefixtures("quick")
def test_issuing_goes_on_record_and_into_the_chain_of_custody(firm: Organisation, examiner: ApiClient) -> None:
    examination_id = examined(examiner, firm, SOUND)
    logged()
    first, second = (verify.unzipped(issued(examiner, examination_id)) for _ in range(2))
    with organisation_scope(firm.id, actor="system"):
        on_record = [e.data for e in entries(about=UUID(examination_id), event=Event.EXAMINATION_EVIDENCE_ISSUED)]
        examination = examinations.find(UUID(examination_id))
        trail = custody.trail(examination)
        custody.verify(trail, examination_id=examination.id, original_sha256=examination.sha256)
    assert on_record == [
        {
            "manifest_sha256": verify.sha256(files["manifest.json"]),
            "statement_sha256": verify.sha256(files["statement.dsse.json"]),
        }
        for files in (first, second)
    ]
    assert [event["sha256"] for event in stated(second)["custody"]] == [event.sha256 for event in trail]
    assert [event.action for event in trail][-2:] == ["opened", "handed-out"]
    assert len(stated(second)["custody"]) == len(stated(first)["custody"]) + 2
    assert failures(first) == failures(second) == {}


@pytest.mark.usefixtures("quick")
def test_there_is_no_evidence_before_the_end_nor_before_the_log_has_it(firm: Organisation, examiner: ApiClient) -> None:
    examination_id = submitted(examiner, SOUND)
    problem(examiner.get(f"{ADDRESS}/{examination_id}/bundle"), 409, "evidence-not-ready")
    examining.examine(UUID(examination_id), organisation_id=firm.id)
    refused = examiner.get(f"{ADDRESS}/{examination_id}/bundle")
    problem(refused, 409, "proof-not-ready")
    with organisation_scope(firm.id, actor="system"):
        trail = custody.trail(examinations.find(UUID(examination_id)))
        assert "handed-out" not in [event.action for event in trail]  # what was not handed out is not said to have been
    logged()
    assert failures(verify.unzipped(issued(examiner, examination_id))) == {}


@pytest.mark.usefixtures("quick")
def test_only_an_examiner_of_the_organisation_gets_evidence(firm: Organisation, examiner: ApiClient) -> None:
    examination_id = examined(examiner, firm, SOUND)
    logged()
    address = f"{ADDRESS}/{examination_id}/bundle"
    others = ApiClient(equip(firm, *[scope for scope in ApiScope if scope is not ApiScope.FORENSICS]).secret)
    rival = ApiClient(equip(found("Rival"), ApiScope.FORENSICS).secret)
    problem(others.get(address), 403, "scope-missing")
    problem(ApiClient(None).get(address), 401, "api-key-missing")
    theirs = problem(rival.get(address), 404, "examination-unknown")
    assert theirs == problem(rival.get(f"{ADDRESS}/{uuid4()}/bundle"), 404, "examination-unknown")


@pytest.mark.usefixtures("quick")
def test_without_the_original_there_is_no_evidence(firm: Organisation, examiner: ApiClient) -> None:
    examination_id = examined(examiner, firm, SOUND)
    logged()
    with organisation_scope(firm.id, actor="system"):
        originals.delete(examinations.find(UUID(examination_id)), reason="the case is closed")
    problem(examiner.get(f"{ADDRESS}/{examination_id}/bundle"), 410, "examination-original-gone")


@pytest.mark.usefixtures("quick")
def test_a_result_that_was_changed_afterwards_gives_no_evidence(firm: Organisation, examiner: ApiClient) -> None:
    examination_id = examined(examiner, firm, SOUND)
    logged()
    with organisation_scope(firm.id, actor="system"):
        examination = Examination.objects.get(id=examination_id)
        Examination.objects.filter(id=examination_id).update(result={**examination.result, "clips_compared": 10**9})
    examiner.client.raise_request_exception = False
    problem(examiner.get(f"{ADDRESS}/{examination_id}/bundle"), 500, "internal-error")
    with organisation_scope(firm.id, actor="system"):
        written = io.BytesIO()
        with pytest.raises(UnsoundBundleError, match="request:completed with the hash"):
            bundle.write(UUID(examination_id), to=written)
    assert written.getvalue() == b""
