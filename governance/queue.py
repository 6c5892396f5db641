"""The Celery application; tasks take primitives, fetch, and delegate."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")

app = Celery("vivavoce")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
