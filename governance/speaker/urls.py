"""Addresses of the speaker's pages; short, because people copy them."""

from django.urls import path

from governance.speaker import entry, own, recording, samples, unable

app_name = "speaker"
urlpatterns = [
    path("c/<str:token>", entry.CeremonyHome.as_view(), name="ceremony"),
    path("c/<str:token>/code", entry.CodePage.as_view(), name="code"),
    path("c/<str:token>/confirm", entry.ConfirmPage.as_view(), name="confirm"),
    path("c/<str:token>/notice", entry.NoticePage.as_view(), name="notice"),
    path("c/<str:token>/no", entry.DeclinePage.as_view(), name="decline"),
    path("c/<str:token>/record", recording.RecordPage.as_view(), name="record"),
    path("c/<str:token>/unable", unable.UnablePage.as_view(), name="representative"),
    path("c/<str:token>/repeat", unable.RepeatPage.as_view(), name="repeat"),
    path("c/<str:token>/challenges", recording.ChallengesPage.as_view(), name="challenges"),
    path("c/<str:token>/commitments", recording.CommitmentsPage.as_view(), name="commitments"),
    path("c/<str:token>/recordings", recording.RecordingsPage.as_view(), name="recordings"),
    path("c/<str:token>/recordings/<uuid:recording_id>", recording.RecordingPage.as_view(), name="recording"),
    path(
        "c/<str:token>/recordings/<uuid:recording_id>/status",
        recording.RecordingStatusPage.as_view(),
        name="recording-status",
    ),
    path("c/<str:token>/samples", samples.SamplesPage.as_view(), name="samples"),
    path("c/<str:token>/samples/status", samples.SamplesStatusPage.as_view(), name="samples-status"),
    path("c/<str:token>/samples/done", samples.SamplesDonePage.as_view(), name="samples-done"),
    path("c/<str:token>/receipt", recording.ReceiptPage.as_view(), name="receipt"),
    path("r/<str:token>", own.OwnPage.as_view(), name="own"),
    path("r/<str:token>/data", own.DataPage.as_view(), name="data"),
    path("r/<str:token>/narrow", own.NarrowPage.as_view(), name="narrow"),
    path("r/<str:token>/requests/<uuid:consent_id>/refuse", own.RefusePage.as_view(), name="refuse"),
    path("r/<str:token>/requests/<uuid:consent_id>/answer", own.AnswerPage.as_view(), name="answer"),
    path("r/<str:token>/renew", own.RenewPage.as_view(), name="renew"),
    path("r/<str:token>/receipt.pdf", own.ReceiptPdfPage.as_view(), name="receipt-pdf"),
    path("r/<str:token>/withdraw", own.WithdrawPage.as_view(), name="withdraw"),
    path("r/<str:token>/certificate", own.CertificatePage.as_view(), name="certificate"),
]
