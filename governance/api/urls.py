"""Addresses of the HTTP interface."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from governance.api import applications, speakers

urlpatterns = [
    path("consents", applications.ConsentsView.as_view()),
    path("consents/<uuid:consent_id>", applications.ConsentView.as_view()),
    path("ceremonies/<str:token>", speakers.CeremonyView.as_view()),
    path("ceremonies/<str:token>/challenges", speakers.ChallengesView.as_view()),
    path("ceremonies/<str:token>/recordings", speakers.RecordingsView.as_view()),
    path("ceremonies/<str:token>/recordings/<uuid:recording_id>", speakers.RecordingView.as_view()),
    path("ceremonies/<str:token>/receipt", speakers.NewReceiptView.as_view()),
    path("receipts/<str:token>", speakers.ReceiptView.as_view()),
    path("receipts/<str:token>/withdraw", speakers.WithdrawView.as_view()),
    path("voice/create", applications.CreateVoiceView.as_view()),
    path("voices", applications.VoicesView.as_view()),
    path("voices/<uuid:voice_id>", applications.VoiceView.as_view()),
    path("tts/synthesize", applications.SynthesiseView.as_view()),
    path("tts/job/<uuid:job_id>", applications.JobView.as_view()),
    path("tts/job/<uuid:job_id>/audio", applications.JobAudioView.as_view()),
    path("detections", applications.DetectionsView.as_view()),
    path("detections/<uuid:detection_id>", applications.DetectionView.as_view()),
    path("audit/entries", applications.AuditEntriesView.as_view()),
    path(
        "schema",
        SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[]),
        name="schema",
    ),
    path(
        "docs",
        SpectacularSwaggerView.as_view(url_name="schema", authentication_classes=[], permission_classes=[]),
        name="docs",
    ),
]
