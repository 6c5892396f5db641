"""Every address: the API under /v1, the console, the read-only admin, health."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from governance.api import health

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="console:today", permanent=False)),
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("problems/<slug:slug>", health.problem),
    path("v1/", include("governance.api.urls")),
    path("console/", include("governance.console.urls")),
    path("admin/", admin.site.urls),
]
handler404 = "governance.api.health.missing"
handler500 = "governance.api.health.broken"
