"""Every address: the API under /v1, the console, the read-only admin, health."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from governance import check_page, detector_page
from governance.api import health
from governance.retention import page

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="console:today", permanent=False)),
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("problems/<slug:slug>", health.problem),
    path("retention", page.retention, name="retention"),
    path("verify", check_page.check, name="verify"),
    path("detector", detector_page.detector, name="detector"),
    path("", include("governance.speaker.urls")),
    path("v1/", include("governance.api.urls")),
    path("console/", include("governance.console.urls")),
    path("admin/", admin.site.urls),
]
handler400 = "governance.api.health.unreadable"
handler404 = "governance.api.health.missing"
handler500 = "governance.api.health.broken"
