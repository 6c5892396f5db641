"""A witness's name and secret seeds, in the folder of its memory: whoever loses the one loses the other."""

from __future__ import annotations

import base64
import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from audit.errors import NoteError, WitnessError
from audit.notes import Ed25519Cosigner, MLDSA44Cosigner, Signer
from audit.witness.durable import write_durably

FORMAT = 1
SEED = 32
FILE = "key.json"


@dataclass(frozen=True, repr=False)
class WitnessKeys:
    """The name under which a witness cosigns, and a 32-byte seed for each kind of cosignature that it gives."""

    name: str
    ed25519: bytes | None
    ml_dsa_44: bytes | None

    def signers(self) -> tuple[Signer, ...]:
        """One signer for each seed: Ed25519 (0x04), ML-DSA-44 (0x06)."""
        signers: list[Signer] = []
        if self.ed25519:
            signers.append(Ed25519Cosigner(self.name, self.ed25519))
        if self.ml_dsa_44:
            signers.append(MLDSA44Cosigner(self.name, self.ml_dsa_44))
        return tuple(signers)


def create_keys(folder: Path, *, name: str) -> WitnessKeys:
    """Fresh keys in `folder`, closed to others; raises `WitnessError` if there is a witness in it already."""
    keys = WitnessKeys(name, secrets.token_bytes(SEED), secrets.token_bytes(SEED))
    try:
        for signer in keys.signers():
            _ = str(signer.key)
    except NoteError as error:
        raise WitnessError(str(error)) from error
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / FILE
    if path.exists():
        raise WitnessError(f"{folder} holds a witness already: a new one needs a folder, and a name, of its own.")
    seeds = {"ed25519": _encode(keys.ed25519), "ml_dsa_44": _encode(keys.ml_dsa_44)}
    write_durably(path, json.dumps({"format": FORMAT, "name": name, **seeds}, indent=2).encode())
    return keys


def read_keys(folder: Path) -> WitnessKeys:
    """The keys in `folder`; raises `WitnessError` when there are none, or others may read them."""
    path = folder / FILE
    try:
        status = path.stat()
        content = json.loads(path.read_bytes())
        if content["format"] != FORMAT:
            raise WitnessError(f"{path} has format {content['format']}, and this version reads format {FORMAT}.")
        keys = WitnessKeys(content["name"], _decode(content.get("ed25519")), _decode(content.get("ml_dsa_44")))
    except FileNotFoundError as error:
        raise WitnessError(f"{folder} holds no witness: make one with `manage.py new_witness_key`.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise WitnessError(f"{path} is damaged: make a new witness, with a name and a folder of its own.") from error
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.geteuid():
        raise WitnessError(f"{path} must belong to whoever runs the witness and be closed to others: chmod 600 it.")
    if not keys.signers():
        raise WitnessError(f"{path} names no seed to cosign with.")
    return keys


def _encode(seed: bytes | None) -> str | None:
    return base64.b64encode(seed).decode() if seed else None


def _decode(encoded: str | None) -> bytes | None:
    if encoded is None:
        return None
    seed = base64.b64decode(encoded, validate=True)
    if len(seed) != SEED:
        raise ValueError(f"a seed has {SEED} bytes")
    return seed
