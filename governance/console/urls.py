"""The console's addresses."""

from django.urls import path

from governance.console import audit_log, clips, consents, decisions, reviews, sign_in, today, voices

app_name = "console"
urlpatterns = [
    path("", today.today, name="today"),
    path("sign-in/", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-out/", sign_in.SignOut.as_view(), name="sign-out"),
    path("reviews/", reviews.index, name="reviews"),
    path("reviews/<str:kind>/<uuid:about_id>/", reviews.detail, name="review"),
    path("reviews/<str:kind>/<uuid:about_id>/decide", reviews.decide, name="review-decide"),
    path("reviews/<str:kind>/<uuid:about_id>/material/<slug:part>", reviews.material, name="review-material"),
    path("decisions/", decisions.index, name="decisions"),
    path("decisions/<uuid:decision_id>/", decisions.detail, name="decision"),
    path("voices/", voices.index, name="voices"),
    path("voices/<uuid:voice_id>/", voices.detail, name="voice"),
    path("consents/", consents.index, name="consents"),
    path("consents/<uuid:consent_id>/", consents.detail, name="consent"),
    path("clips/", clips.index, name="clips"),
    path("clips/<uuid:clip_id>/", clips.detail, name="clip"),
    path("clips/<uuid:clip_id>/audio.<str:form>", clips.audio, name="clip-audio"),
    path("audit/", audit_log.index, name="audit"),
    path("audit/<uuid:entry_id>/", audit_log.detail, name="entry"),
    path("audit/<uuid:entry_id>/proof", audit_log.proof, name="entry-proof"),
]
