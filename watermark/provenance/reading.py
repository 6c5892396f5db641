"""Reads the manifest of any file, as untrusted as it is, and says whether to believe it and whether it is ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from django.conf import settings

from synth_adapter.forms import MEDIA_TYPES
from watermark.provenance import trust
from watermark.provenance.errors import ProvenanceError
from watermark.provenance.manifest import claim_in

WORKER = Path(__file__).with_name("reading_worker.py")
State = Literal["trusted", "valid", "invalid", "absent"]
STATES: Mapping[str, State] = {"Trusted": "trusted", "Valid": "valid", "Invalid": "invalid"}
WITHOUT_MANIFEST = {
    "ManifestNotFound": "",
    "NotSupported": "The file's format holds no manifest that can be read here.",
    "RemoteManifest": "The manifest is said to be elsewhere on the network, and was not fetched.",
}
NOT_OURS = "It is trusted, but was not signed by us."
OURS_WITHIN = (
    "The newest manifest is not ours; an older one within names a clip of ours, which proves nothing by itself."
)


@dataclass(frozen=True)
class ProvenanceReading:
    """What a file says about itself.

    Attributes:
        state: "trusted": whole, and signed by someone whom we trust; "valid": whole, signed by someone unknown;
            "invalid": altered, or signed by nobody who could; "absent": no manifest that can be read.
        ours: Trusted, and signed by one of our own certificates; only then is `claim` to be believed.
        claim: What ours says (`Claim.as_json`), else None.
        findings: Why, in words or in the codes of the C2PA specification.
        manifest: The newest manifest as the library gives it, whoever signed it.
    """

    state: State
    ours: bool
    claim: dict[str, Any] | None
    findings: list[str] = field(default_factory=list)
    manifest: dict[str, Any] | None = None


def read(audio: bytes, *, form: str | None = None) -> ProvenanceReading:
    """What the manifest in a file says; `form` (wav, mp3, flac, m4a) is a hint, the bytes decide.

    Raises:
        ProvenanceError: the file is larger than AUDIO_MAX_BYTES, or our own certificates cannot be had.
    """
    if len(audio) > settings.AUDIO_MAX_BYTES:
        raise ProvenanceError(f"A file to be read has at most {settings.AUDIO_MAX_BYTES} bytes.")
    known = trust.own_certificates()
    alone = list(dict.fromkeys(one.anchor for one in known))
    found = _run(audio, form=form, trusted=[trust.anchors(known), *alone])
    if isinstance(found, str):
        return ProvenanceReading(state="invalid", ours=False, claim=None, findings=[found])
    whole, by_anchor = found[0], dict(zip(alone, found[1:], strict=True))
    if "error" in whole:
        return _unreadable(whole)
    store = whole["store"]
    manifest = _active(store)
    signer = trust.signer_among(manifest.get("signature_info") or {}, known)
    ours = whole["state"] == "Trusted" and signer is not None and by_anchor[signer.anchor].get("state") == "Trusted"
    state: State = STATES.get(whole["state"], "invalid")
    claim = claim_in(manifest) if ours else None
    findings = [*_failures(store), *([] if ours or state != "trusted" else [NOT_OURS])]
    if not ours and any(claim_in(older) for older in _others(store)):
        findings.append(OURS_WITHIN)
    return ProvenanceReading(
        state=state, ours=ours, claim=claim.as_json() if claim else None, findings=findings, manifest=manifest
    )


def _unreadable(answer: Mapping[str, Any]) -> ProvenanceReading:
    explained = WITHOUT_MANIFEST.get(answer["error"])
    if explained is None:  # there is something, and it is broken
        return ProvenanceReading(state="invalid", ours=False, claim=None, findings=[str(answer["said"])])
    return ProvenanceReading(state="absent", ours=False, claim=None, findings=[explained] if explained else [])


def _active(store: Mapping[str, Any]) -> dict[str, Any]:
    found = (store.get("manifests") or {}).get(store.get("active_manifest"))
    return found if isinstance(found, dict) else {}


def _others(store: Mapping[str, Any]) -> list[dict[str, Any]]:
    manifests = store.get("manifests") or {}
    return [manifest for label, manifest in manifests.items() if label != store.get("active_manifest")]


def _failures(store: Mapping[str, Any]) -> list[str]:
    """Each failure once, as its code and explanation; those of older manifests within as well."""
    results = store.get("validation_results") or {}
    failed = list((results.get("activeManifest") or {}).get("failure") or [])
    for within in results.get("ingredientDeltas") or []:
        failed += (within.get("validationDeltas") or {}).get("failure") or []
    return list(dict.fromkeys(f"{one.get('code')}: {one.get('explanation')}" for one in failed))


def _run(audio: bytes, *, form: str | None, trusted: Sequence[str]) -> list[dict[str, Any]] | str:
    """The worker's answer for each set of roots, or why there is none."""
    limits = {"memory": settings.PROVENANCE_READ_MEMORY, "cpu_seconds": settings.AUDIO_DECODE_CPU_SECONDS}
    ask = {
        "media_type": MEDIA_TYPES.get(form or ""),
        "settings": [trust.reader_settings(roots) for roots in trusted],
    }
    try:
        worker = subprocess.run(  # noqa: S603 - our own program, its argument made here
            [sys.executable, "-I", "-B", str(WORKER), json.dumps(limits)],
            input=json.dumps(ask).encode() + b"\n" + audio,
            capture_output=True,
            timeout=settings.AUDIO_DECODE_WALL_SECONDS,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired:
        return "Reading this manifest takes longer than allowed."
    if worker.returncode != 0:
        return "Reading this manifest takes more than allowed, or ends the reader."
    try:
        answer = json.loads(worker.stdout)
    except ValueError:
        return "Reading this manifest gives no answer that makes sense."
    return [dict(one) for one in answer]
