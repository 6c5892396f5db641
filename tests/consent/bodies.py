"""A receipt's body as it is kept, with every field that a request can have."""

from __future__ import annotations

from typing import Any

BODY: dict[str, Any] = {
    "schema_version": "vivavoce-consent-receipt-1",
    "receipt_id": "019aa4f0-1111-7222-8333-444455556666",
    "record_id": "019aa4f0-1111-7222-8333-444455557777",
    "issued_at": "2026-11-21T10:00:00+00:00",
    "language": "en",
    "pii_principal": {"id": "019aa4f0-0000-7222-8333-444455558888", "name": "Amara Okafor"},
    "pii_controller": {"id": "019aa4f0-0000-7222-8333-444455559999", "name": "Northwind"},
    "notice": {"version": "en-1", "sha256": "ab" * 32, "text": "May Northwind make a copy of your voice?"},
    "purposes": [
        {"purpose": "games", "description": "giving a voice to characters in games"},
        {"purpose": "narration", "description": "reading books, articles and other texts aloud"},
    ],
    "intended_use": "Audiobooks for children",
    "compensation": "500 euros, once",
    "recipients": ["Soundwell Ltd"],
    "territory": ["DE", "GB"],
    "clips_may_be_distributed": True,
    "languages_spoken": ["de", "en"],
    "pii_types": ["voice recordings", "voice reference (biometric)", "name"],
    "lawful_basis": "explicit consent",
    "jurisdictions": ["US-IL"],
    "retention": "/retention",
    "consent": {
        "type": "spoken statement, signed by reading it aloud",
        "statement": "I am Amara Okafor. I agree that Northwind may make and use a synthetic version of my voice.",
        "requested_at": "2026-11-20T10:00:00+00:00",
        "notice_shown_at": "2026-11-21T09:50:00+00:00",
        "given_at": "2026-11-21T10:00:00+00:00",
        "valid_until": "2027-11-21T10:00:00+00:00",
        "recording_sha256": "cd" * 32,
    },
    "withdrawal": {
        "path": "/v1/receipts/{token}/withdraw",
        "method": "POST",
        "explanation": "Open your receipt's link and take back your yes; no reason is needed.",
    },
}
