"""Puts a signed manifest into a file, and reads it back before anybody gets it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from io import BytesIO
from typing import cast

import c2pa
from django.conf import settings
from django.utils.module_loading import import_string

from synth_adapter.forms import MEDIA_TYPES, Form
from tenancy.errors import KeyringError
from watermark.provenance import trust
from watermark.provenance.claim import Claim
from watermark.provenance.errors import ProvenanceError
from watermark.provenance.manifest import claim_in, definition
from watermark.provenance.ports import Signer


@dataclass(frozen=True)
class Signed:
    """A file with its manifest; `manifest` is the manifest store by itself (JUMBF), `label` the manifest's name."""

    audio: bytes
    manifest: bytes
    label: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.audio).hexdigest()


def sign(audio: bytes, *, form: Form, claim: Claim) -> bytes:
    """The same file with a manifest that makes this claim; see `make`."""
    return make(audio, form=form, claim=claim).audio


def make(audio: bytes, *, form: Form, claim: Claim) -> Signed:
    """Sign, and read the result back as anybody else would.

    Raises:
        ProvenanceError: the file takes no manifest, there is no certificate, or what was made is not trusted here.
        KeyringError: key management does not answer.
    """
    signer, known = _signer(), trust.own_certificates()
    context = c2pa.Context(c2pa.Settings.from_dict(trust.reader_settings(trust.anchors(known))))
    failures: list[Exception] = []
    out = BytesIO()
    try:
        with _native(signer, failures) as native:
            builder = c2pa.Builder(json.dumps(definition(claim, form=form)), context)
            manifest = builder.sign(native, MEDIA_TYPES[form], BytesIO(audio), out)
    except c2pa.C2paError as error:
        if failures and isinstance(failures[0], KeyringError | ProvenanceError):
            raise failures[0] from error
        raise ProvenanceError(f"No manifest could be made for this {form}: {error}") from error
    signed = out.getvalue()
    return Signed(audio=signed, manifest=manifest, label=_read_back(signed, form=form, claim=claim, context=context))


def _signer() -> Signer:
    return cast("Signer", import_string(settings.PROVENANCE_SIGNER)())


def _native(signer: Signer, failures: list[Exception]) -> c2pa.Signer:
    """The library's signer; it only calls back, and what goes wrong there would otherwise be lost."""

    def sign(data: bytes) -> bytes:
        try:
            return signer.sign(data)
        except Exception as error:
            failures.append(error)
            raise

    return c2pa.Signer.from_callback(sign, c2pa.C2paSigningAlg.ES256, signer.chain, settings.PROVENANCE_TSA or None)


def _read_back(signed: bytes, *, form: Form, claim: Claim, context: c2pa.Context) -> str:
    """The manifest's name, once it is trusted and says what was to be said."""
    try:
        with c2pa.Reader(MEDIA_TYPES[form], BytesIO(signed), context=context) as reader:
            state, manifest = reader.get_validation_state(), reader.get_active_manifest() or {}
    except c2pa.C2paError as error:
        raise ProvenanceError(f"The manifest of this {form} cannot be read back: {error}") from error
    if state != "Trusted":
        raise ProvenanceError(f"The manifest of this {form} reads back as {state}, not as trusted.")
    said = claim_in(manifest)
    if said is None or (said.clip_id, said.disclosure) != (claim.clip_id, claim.disclosure):
        raise ProvenanceError(f"The manifest of this {form} does not say what was signed.")
    return str(manifest["label"])
