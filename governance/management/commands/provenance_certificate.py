"""Show, request, install or renew the certificate that signs the manifests in what leaves."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cryptography import x509
from django.core.management.base import BaseCommand, CommandError

from tenancy.errors import KeyringError
from watermark.manifest_models import ProvenanceCredential
from watermark.provenance import credentials, trust
from watermark.provenance.errors import ProvenanceError


class Command(BaseCommand):
    """`manage.py provenance_certificate show|request|install|renew`."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        show = acts.add_parser("show", help="who signs now, until when, and under which root")
        show.add_argument("--root", action="store_true", help="print the root alone, in PEM")
        request = acts.add_parser("request", help="make a key, and print a certificate signing request for it")
        request.add_argument(
            "--record", metavar="UUID", help="the product's record in the C2PA Conforming Products List"
        )
        install = acts.add_parser("install", help="sign with a certificate that was issued for such a request")
        install.add_argument("file", type=Path, help="PEM: the certificate, then what leads from it to its root")
        acts.add_parser("renew", help="a fresh key and certificate from our own authority, now")

    def handle(self, **options: Any) -> None:
        try:
            getattr(self, f"_{options['act']}")(options)
        except (ProvenanceError, KeyringError, OSError) as error:
            raise CommandError(str(error)) from error

    def _show(self, options: dict[str, Any]) -> None:
        row = credentials.current()
        if options["root"]:
            print(row.anchor, end="")
            return
        _describe(row)

    def _request(self, options: dict[str, Any]) -> None:
        print(credentials.request(record=options["record"]), end="")

    def _install(self, options: dict[str, Any]) -> None:
        _describe(credentials.install(options["file"].read_bytes(), anchors=trust.trust_list()))

    def _renew(self, _options: dict[str, Any]) -> None:
        if not credentials.current().issued_by_us:
            raise ProvenanceError("A public authority issued the present certificate: request and install a new one.")
        _describe(credentials.renew())


def _describe(row: ProvenanceCredential) -> None:
    leaf = x509.load_pem_x509_certificate(row.chain.encode())
    root = x509.load_pem_x509_certificate(row.anchor.encode())
    print(f"subject     {leaf.subject.rfc4514_string()}")
    print(f"serial      {leaf.serial_number:x}")
    print(f"valid until {leaf.not_valid_after_utc:%Y-%m-%d}")
    print(f"signs until {row.sign_until:%Y-%m-%d}")
    print(f"root        {root.subject.rfc4514_string()}{' (our own)' if row.issued_by_us else ''}")
