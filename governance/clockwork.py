"""Which queue a task goes to, and what the clock calls, how often."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

TASK_ROUTES: dict[str, dict[str, str]] = {
    "consent.send_mail": {"queue": "mail"},
    "consent.*": {"queue": "ceremony"},
    "voices.*": {"queue": "ceremony"},
    "governance.prepare_voice": {"queue": "preparation"},
    "governance.render_clip": {"queue": "synthesis"},
    "governance.examine_upload": {"queue": "detection"},
    "governance.examine_file": {"queue": "detection"},
    "governance.send_webhook": {"queue": "mail"},
}

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "enforce-retention": {"task": "governance.enforce_retention", "schedule": crontab(hour=2, minute=30)},
    "requeue-lost-permits": {"task": "governance.requeue_lost_work", "schedule": 10.0},
    "expire-consents": {"task": "governance.expire_consents", "schedule": 60.0},
    "resend-mails": {"task": "consent.resend_mails", "schedule": 60.0},
    "send-reminders": {"task": "consent.send_reminders", "schedule": 3600.0},
    "resend-offers": {"task": "voices.resend_offers", "schedule": 120.0},
    "resend-recordings": {"task": "consent.resend_recordings", "schedule": 60.0},
    "end-expired-protection": {"task": "governance.end_expired_protection", "schedule": crontab(hour=2, minute=10)},
    "repair-erasures": {"task": "governance.repair_erasures", "schedule": 600.0},
    "collect-cosignatures": {"task": "audit.collect_cosignatures", "schedule": 60.0},
    "request-timestamps": {"task": "audit.request_timestamps", "schedule": 3600.0},
    "retry-timestamps": {"task": "audit.retry_timestamps", "schedule": 60.0},
}
