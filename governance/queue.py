"""The Celery application; tasks take primitives, fetch, and delegate."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, bootsteps

from governance.unfinished import REFUSAL, restoring

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")


class RefuseWhileRestoring(bootsteps.StartStopStep):  # type: ignore[misc]  # celery has no types
    """A worker's own step: it does not start while a restore has not ended."""

    def __init__(self, parent: Any, **options: Any) -> None:
        if restoring():
            raise SystemExit(REFUSAL)
        super().__init__(parent, **options)


app = Celery("vivavoce")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(RefuseWhileRestoring)
app.autodiscover_tasks()
