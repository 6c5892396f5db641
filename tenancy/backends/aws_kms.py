"""Key management by AWS KMS: its key never leaves it, and every call is bound to an encryption context.

What is wrapped begins with "VVA", the length and the ARN of the key, then KMS's own ciphertext. Retries are botocore's
"standard" mode: exponential backoff with jitter, three attempts in all.
"""

from __future__ import annotations

import logging
import os
import re
from functools import lru_cache
from typing import Any, TypeAlias

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from tenancy.errors import KeyringError, TamperedError

MAGIC = b"VVA"
ATTEMPTS = 3
CONNECT_SECONDS, READ_SECONDS = 2, 5
_ARN = re.compile(r"arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:key/[A-Za-z0-9-]+")
_ALTERED = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
_HEALTH = b"vivavoce|health"

# At DEBUG botocore writes down every request and answer, and in them the keys themselves.
logging.getLogger("botocore").setLevel(logging.INFO)

_Client: TypeAlias = Any  # botocore makes its clients' classes at run time


class AwsKms:
    """Wraps with `AWS_KMS_KEY`; unwraps what it or one of `AWS_KMS_FORMER_KEYS` wrapped, and nothing of other keys."""

    def __init__(self) -> None:
        self._arn = settings.AWS_KMS_KEY
        named = _ARN.fullmatch(self._arn)
        if named is None:
            raise KeyringError("Set AWS_KMS_KEY to the ARN of a symmetric key (arn:aws:kms:…:key/…), not to an alias.")
        self._region = named[1]
        self._held = {self._arn, *settings.AWS_KMS_FORMER_KEYS}

    @property
    def key_id(self) -> str:
        return f"aws-kms:{self._arn}"

    def holds(self, key_id: str) -> bool:
        return key_id.removeprefix("aws-kms:") in self._held

    def key_id_of(self, wrapped: bytes) -> str:
        return f"aws-kms:{_parts(wrapped)[0]}"

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        answer = self._ask("encrypt", KeyId=self._arn, Plaintext=key, EncryptionContext=_bound(context))
        return _framed(answer)

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        arn, ciphertext = self._allowed(wrapped)
        answer = self._ask("decrypt", KeyId=arn, CiphertextBlob=ciphertext, EncryptionContext=_bound(context))
        if answer["KeyId"] != arn:
            raise KeyringError("AWS KMS answered with another key than the one that was asked for.")
        return bytes(answer["Plaintext"])

    def rewrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        arn, ciphertext = self._allowed(wrapped)
        bound = _bound(context)
        answer = self._ask(
            "re_encrypt",
            CiphertextBlob=ciphertext,
            SourceKeyId=arn,
            SourceEncryptionContext=bound,
            DestinationKeyId=self._arn,
            DestinationEncryptionContext=bound,
        )
        return _framed(answer)

    def health(self) -> None:
        self.unwrap(self.wrap(bytes(32), context=_HEALTH), context=_HEALTH)

    def _allowed(self, wrapped: bytes) -> tuple[str, bytes]:
        arn, ciphertext = _parts(wrapped)
        if arn not in self._held:
            raise KeyringError(
                f"This was wrapped by {arn}, which is not in use: add it to AWS_KMS_FORMER_KEYS if it is yours."
            )
        return arn, ciphertext

    def _ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            client = _client(self._region, settings.AWS_KMS_ENDPOINT, os.getpid())
            answer: dict[str, Any] = getattr(client, operation)(**parameters)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "unknown"))
        except BotoCoreError as error:
            code = type(error).__name__
        else:
            return answer
        if code in _ALTERED:
            raise TamperedError("What was wrapped was altered, or belongs to something else: AWS KMS refused it.")
        raise KeyringError(f"AWS KMS did not {operation}: {code}. Check the key, the role's rights and the network.")


def _framed(answer: dict[str, Any]) -> bytes:
    arn = str(answer["KeyId"]).encode()
    return MAGIC + len(arn).to_bytes(2) + arn + bytes(answer["CiphertextBlob"])


def _parts(wrapped: bytes) -> tuple[str, bytes]:
    start = len(MAGIC) + 2
    end = start + int.from_bytes(wrapped[len(MAGIC) : start])
    arn = bytes(wrapped[start:end]).decode(errors="replace")
    if not wrapped.startswith(MAGIC) or not _ARN.fullmatch(arn) or len(wrapped) == end:
        raise TamperedError("This was altered, or not wrapped by AWS KMS.")
    return arn, wrapped[end:]


def _bound(context: bytes) -> dict[str, str]:
    return {"vivavoce": context.decode()}


@lru_cache(maxsize=4)
def _client(region: str, endpoint: str, _process: int) -> _Client:
    """One per process: making one takes long, using it from several threads is safe, sharing it over a fork is not."""
    config = Config(
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
    )
    return boto3.session.Session().client("kms", region_name=region, endpoint_url=endpoint or None, config=config)
