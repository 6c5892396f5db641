"""A claim as a C2PA manifest and back: actions, the soft binding, and our own assertion on the consent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from synth_adapter.forms import MEDIA_TYPES, Form
from watermark.duties import Sign
from watermark.provenance.claim import Claim, binding_value, clip_of_binding

PRODUCT = {"name": "Vivavoce", "version": "0.1.0"}
SYNTHETIC = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's code for media made by a trained model."""
ACTIONS = "c2pa.actions.v2"
BINDING = "c2pa.soft-binding"
CONSENT = "org.vivavoce.consent"
DISCLOSURE = "org.vivavoce.disclosure"


def definition(claim: Claim, *, form: Form) -> dict[str, Any]:
    """What the manifest builder is given.

    Source: C2PA Technical Specification 2.2, sections on actions and soft bindings.
    """
    made_at = claim.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    log = {"origin": claim.log_origin, "index": claim.log_index}
    return {
        "claim_generator_info": [PRODUCT],
        "title": claim.title,
        "format": MEDIA_TYPES[form],
        "assertions": [
            _assertion(
                ACTIONS,
                {
                    "actions": [{"when": made_at, "softwareAgent": PRODUCT, **action} for action in _actions(claim)],
                    "allActionsIncluded": True,
                },
            ),
            *_binding(claim),
            _assertion(
                CONSENT,
                {
                    "receipt_sha256": claim.consent_receipt_sha256,
                    "log": {name: value for name, value in log.items() if value is not None},
                    "language": claim.language,
                    **({} if claim.mark_alg else {"clip": str(claim.clip_id)}),
                },
            ),
            *_disclosed(claim),
        ],
    }


def claim_in(manifest: Mapping[str, Any]) -> Claim | None:
    """The claim of a manifest as a reader gives it, None where it is not one of this form."""
    try:
        found = {entry["label"]: entry["data"] for entry in manifest["assertions"]}
        consent, heard = found[CONSENT], found.get(DISCLOSURE, {})
        mark_alg, clip_id = _bound(found[BINDING]) if BINDING in found else (None, UUID(consent["clip"]))
        if clip_id is None:
            return None
        return Claim(
            clip_id=clip_id,
            consent_receipt_sha256=consent["receipt_sha256"],
            log_index=consent["log"].get("index"),
            log_origin=consent["log"]["origin"],
            mark_alg=mark_alg,
            made_at=datetime.fromisoformat(found[ACTIONS]["actions"][0]["when"]),
            language=consent["language"],
            title=manifest["title"],
            disclosure=Sign(heard.get("kind", Sign.NONE)),
            disclosure_seconds=float(heard.get("seconds", 0.0)),
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return None


def _binding(claim: Claim) -> list[dict[str, Any]]:
    """The soft binding, where the clip bears the mark that it speaks of."""
    if claim.mark_alg is None:
        return []
    block = {"scope": {}, "value": binding_value(claim.clip_id)}
    return [_assertion(BINDING, {"alg": claim.mark_alg, "blocks": [block], "pad": ""})]


def _bound(binding: Mapping[str, Any]) -> tuple[str, UUID | None]:
    (block,) = binding["blocks"]
    return binding["alg"], clip_of_binding(block["value"])


def _actions(claim: Claim) -> list[dict[str, str]]:
    added = "A disclosure that can be heard was put in front of the speech."
    return [
        {"action": "c2pa.created", "digitalSourceType": SYNTHETIC},
        *([{"action": "c2pa.edited", "description": added}] if claim.disclosure is not Sign.NONE else []),
        {"action": "c2pa.watermarked.bound" if claim.mark_alg else "c2pa.watermarked.unbound"},
    ]


def _disclosed(claim: Claim) -> list[dict[str, Any]]:
    """What can be heard at the start of the sound, and until when (s)."""
    if claim.disclosure is Sign.NONE:
        return []
    said = {"kind": claim.disclosure.value, "seconds": claim.disclosure_seconds, "language": claim.language}
    return [_assertion(DISCLOSURE, said)]


def _assertion(label: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"label": label, "data": data, "created": True}  # made by us, not gathered from elsewhere
