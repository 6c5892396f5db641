"""Every setting of Vivavoce, in one file; a wrong value in the environment stops the start with a clear message."""

from __future__ import annotations

import os
from pathlib import Path

from governance import clockwork, environment, interface
from governance.embedded.addresses import default_urls

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")

# Where state lives, and which services are used.
VIVAVOCE_HOME = environment.folder("VIVAVOCE_HOME", ROOT / ".vivavoce")
VIVAVOCE_PORT = environment.integer("VIVAVOCE_PORT", 8470)
EMBEDDED = default_urls(VIVAVOCE_HOME)
DATABASE_URL = environment.text("DATABASE_URL", EMBEDDED["DATABASE_URL"])
DATABASE_OWNER_URL = environment.text("DATABASE_OWNER_URL", EMBEDDED["DATABASE_OWNER_URL"])
BROKER_URL = environment.text("BROKER_URL", EMBEDDED["BROKER_URL"])
TESTING = environment.boolean("VIVAVOCE_TESTING", default=False)
DEBUG = environment.boolean("VIVAVOCE_DEBUG", default=False)

# Django.
SECRET_KEY = environment.text("SECRET_KEY", EMBEDDED["SECRET_KEY"])
ALLOWED_HOSTS = environment.text("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",")
BEHIND_TLS = environment.boolean("BEHIND_TLS", default=False)
PUBLIC_URL = environment.text("PUBLIC_URL", f"http://127.0.0.1:{VIVAVOCE_PORT}").rstrip("/")
CSRF_TRUSTED_ORIGINS = [o for o in environment.text("CSRF_TRUSTED_ORIGINS", "").split(",") if o]
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "guardian",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "tenancy",
    "audit",
    "synth_adapter",
    "safety",
    "watermark",
    "consent",
    "voices",
    "governance",
]
MIDDLEWARE = [
    "governance.api.refusal.RefuseWhileRestoring",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tenancy.middleware.MemberScopeMiddleware",
]
ROOT_URLCONF = "governance.urls"
WSGI_APPLICATION = "governance.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# The application's role owns nothing; only migrations use the owner.
DATABASES = {
    "default": environment.database(DATABASE_URL),
    "owner": environment.database(DATABASE_OWNER_URL),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People and keys.
AUTH_USER_MODEL = "tenancy.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", "guardian.backends.ObjectPermissionBackend"]
ANONYMOUS_USER_NAME = None
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "console:sign-in"
LOGIN_REDIRECT_URL = "console:today"
LOGOUT_REDIRECT_URL = "console:sign-in"

if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, for tests alone

# Static files and stored blobs.
STATIC_URL = "/static/"
STATIC_ROOT = VIVAVOCE_HOME / "static"
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = TESTING or DEBUG
STATICFILES_DIRS = [ROOT / "static"]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": VIVAVOCE_HOME / "files"},
    },
    "blobs": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": VIVAVOCE_HOME / "blobs",
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "log": {"BACKEND": "audit.folder.WholeFileStorage", "OPTIONS": {"location": VIVAVOCE_HOME / "log"}},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING or DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}

# The browser's own locks.
CONTENT_SECURITY_POLICY = interface.CONTENT_SECURITY_POLICY
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 40 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 40 * 1024 * 1024

# Mail to speakers: codes, links, reminders.
MAIL_BACKEND = environment.choice("MAIL_BACKEND", "file", among=("console", "file", "smtp"))
SMTP_URL = environment.text("SMTP_URL", "")
DEFAULT_FROM_EMAIL = environment.text("MAIL_FROM", "vivavoce@localhost")
EMAIL_FILE_PATH = environment.folder("MAIL_FOLDER", VIVAVOCE_HOME / "mail")
vars().update(environment.mail(MAIL_BACKEND, SMTP_URL))

# HTTP interface.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["governance.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "governance.api.parsing.LimitedJsonParser",
        "governance.api.parsing.LimitedMultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "governance.api.problems.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = interface.SPECTACULAR_SETTINGS

# The queue: the database is the truth, so results are ignored and every task may run twice.
CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_TASK_TIME_LIMIT = 570
CELERY_TASK_ROUTES = clockwork.TASK_ROUTES
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"visibility_timeout": 600, "unacked_restore_interval": 5, "unacked_restore_throttle": 1, "socket_timeout": 30}
    if BROKER_URL.startswith("redis")
    else {}
)
WEBHOOKS_INSIDE = environment.boolean("WEBHOOKS_INSIDE", default=False)
REPORT_TO = environment.text("REPORT_TO", "")  # where misuse can be reported: an e-mail address or a page
SPEAKERS_SEE_CLIPS = environment.boolean("SPEAKERS_SEE_CLIPS", default=True)
CONSENT_SUCCESSIONS = ["voices.succession.move_voices"]  # what stands on a consent and passes to its heir
CELERY_IMPORTS = ("governance.retention.tasks",)
CELERY_BEAT_SCHEDULE = clockwork.BEAT_SCHEDULE

# Models and engines: dotted paths and weights. A real one that cannot load its weights raises.
WEIGHTS_ROOT = environment.folder("VIVAVOCE_WEIGHTS", CACHE / "vivavoce" / "weights")
LOCAL_WEIGHTS = (
    environment.folder("VIVAVOCE_LOCAL_WEIGHTS", Path()) if os.environ.get("VIVAVOCE_LOCAL_WEIGHTS") else None
)
SPEAKER_ENCODERS = environment.text(
    "SPEAKER_ENCODERS", "safety.backends.campplus.CamPlusPlus,safety.backends.ge2e.Ge2e"
).split(",")
TRANSCRIBER = environment.text("TRANSCRIBER", "safety.backends.whisper.FasterWhisper")
QUALITY_JUDGE = environment.text("QUALITY_JUDGE", "safety.backends.dnsmos.Dnsmos")
SCRIPT_SCREEN = environment.text("SCRIPT_SCREEN", "safety.backends.rule_screen.RuleScreen")
SPOOF_DETECTOR = environment.text("SPOOF_DETECTOR", "safety.spoofing.detector.SpeechStatistics")
DEMO_SYNTHETIC_SPEAKERS = environment.boolean("DEMO_SYNTHETIC_SPEAKERS", default=False)  # by `up --demo` alone
WATERMARKERS = environment.text("WATERMARKERS", "watermark.backends.keyed.Keyed").split(",")
OTHER_MARKERS = [
    path for path in environment.text("OTHER_MARKERS", "watermark.backends.perth.Perth").split(",") if path
]
AUDIOSEAL_DEVICE = environment.choice("AUDIOSEAL_DEVICE", "cpu", among=("cpu", "cuda"))
ALREADY_MARKED = environment.choice("ALREADY_MARKED", "note", among=("note", "refuse"))
AUDIBLE_DISCLOSURE = environment.duties("AUDIBLE_DISCLOSURE")
DISCLOSURE_NOTICES = environment.folder("DISCLOSURE_NOTICES", Path()) if os.environ.get("DISCLOSURE_NOTICES") else None
MARK_EPOCH_DAYS = environment.integer("MARK_EPOCH_DAYS", 182)
SPEECH_ENGINE = environment.text("SPEECH_ENGINE", "synth_adapter.backends.local.LocalEngine")
KEY_MANAGEMENT = environment.text("KEY_MANAGEMENT", "tenancy.backends.local.LocalKeyring")
EVENT_RECORDER = environment.text("EVENT_RECORDER", "audit.log.append")
LOG_POLICY_FILE = environment.folder("LOG_POLICY_FILE", Path()) if os.environ.get("LOG_POLICY_FILE") else None
TIMESTAMP_AUTHORITIES = [url for url in environment.text("TIMESTAMP_AUTHORITIES", "").split(",") if url]
EVIDENCE_CERTIFICATES = environment.folder("EVIDENCE_CERTIFICATES", VIVAVOCE_HOME / "evidence")
TIMESTAMP_ROOTS = environment.folder("TIMESTAMP_ROOTS", VIVAVOCE_HOME / "timestamp-roots.pem")
KEYRING_FILE = environment.folder("KEYRING_FILE", VIVAVOCE_HOME / "keyring.json")
ERASURE_LEDGER = environment.folder("ERASURE_LEDGER", VIVAVOCE_HOME / "erasures.jsonl")
BACKUP_DAYS = environment.integer("BACKUP_DAYS", 35)
KEY_HOLDERS = ["safety.rewrapping.ProtectedVoiceKeys", "safety.platform_key.PlatformKeys"]
KEY_HOLDERS += ["watermark.provenance.credentials.ProvenanceKeys"]
AWS_KMS_KEY = environment.text("AWS_KMS_KEY", "")
AWS_KMS_FORMER_KEYS = [key for key in environment.text("AWS_KMS_FORMER_KEYS", "").split(",") if key]
AWS_KMS_ENDPOINT = environment.text("AWS_KMS_ENDPOINT", "")
VAULT_ADDR = environment.text("VAULT_ADDR", "")
VAULT_TOKEN = environment.text("VAULT_TOKEN", "")
VAULT_TOKEN_FILE = environment.text("VAULT_TOKEN_FILE", "")
VAULT_CACERT = environment.text("VAULT_CACERT", "")
VAULT_NAMESPACE = environment.text("VAULT_NAMESPACE", "")
VAULT_TRANSIT_MOUNT = environment.text("VAULT_TRANSIT_MOUNT", "transit")
VAULT_TRANSIT_KEY = environment.text("VAULT_TRANSIT_KEY", "vivavoce")
SEARCH_SOCKET = environment.folder("SEARCH_SOCKET", VIVAVOCE_HOME / "run" / "search.sock")
PROTECTED_VOICES_IN_PROCESS = environment.integer("PROTECTED_VOICES_IN_PROCESS", 2_000)
KEY_CACHE_SECONDS = environment.integer("KEY_CACHE_SECONDS", 60)
LOG_ORIGIN = environment.text("LOG_ORIGIN", "vivavoce.invalid/log")  # the log's name; its signatures are bound to it

# Provenance: who signs the manifests in what leaves, and whom to believe in what comes.
PROVENANCE_SIGNER = environment.text("PROVENANCE_SIGNER", "watermark.provenance.credentials.LocalSigner")
PROVENANCE_ORGANISATION = environment.text("PROVENANCE_ORGANISATION", "Operator of a Vivavoce installation")
PROVENANCE_COUNTRY = environment.text("PROVENANCE_COUNTRY", "XX")  # ISO 3166; XX stands for none
PROVENANCE_KEY_DAYS = environment.integer("PROVENANCE_KEY_DAYS", 365)
PROVENANCE_TSA = environment.text("PROVENANCE_TSA", "")
PROVENANCE_TRUST_LIST = environment.text("PROVENANCE_TRUST_LIST", "")
PROVENANCE_READ_MEMORY = 1024 * 1024 * 1024

WEIGHT_DERIVATIONS = {
    "campplus-onnx": "safety.backends.campplus_export.export",
    "ge2e-onnx": "safety.backends.ge2e_export.export",
    "audioseal-generator-safetensors": "watermark.audioseal.conversion.convert_generator",
    "audioseal-detector-safetensors": "watermark.audioseal.conversion.convert_detector",
}
MODEL_THREADS = environment.integer("MODEL_THREADS", 2)

# Limits on what comes in.
AUDIO_MAX_BYTES = 25 * 1024 * 1024
AUDIO_MAX_SECONDS = 600
AUDIO_DECODE_CPU_SECONDS = 30
AUDIO_DECODE_WALL_SECONDS = 60
AUDIO_DECODE_MEMORY = 2 * 1024 * 1024 * 1024
SCRIPT_MAX_CHARACTERS = 5_000

# Policy.
CHALLENGE_SECONDS = environment.integer("CHALLENGE_SECONDS", 120)
CEREMONY_LINK_DAYS = 7
REVIEW_DAYS = environment.integer("REVIEW_DAYS", 2)
CEREMONY_MAX_WORD_ERROR_RATE = 0.25
ENROLMENT_MIN_NET_SPEECH_SECONDS = environment.integer("ENROLMENT_MIN_NET_SPEECH_SECONDS", 20)
EXAMINATION_MAX_WORD_ERROR_RATE = 0.25
PREPARATION_MAX_WORD_ERROR_RATE = 0.25
EXAMINATION_ORIGINAL_DAYS = environment.integer("EXAMINATION_ORIGINAL_DAYS", 365)
PERMIT_SECONDS = 900
RENDER_LEASE_SECONDS = 300
RENDER_MAX_ATTEMPTS = 3
UNFOLD = {"SITE_TITLE": "Vivavoce", "SITE_HEADER": "Vivavoce records", "SITE_URL": "/console/"}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": environment.text("LOG_LEVEL", "INFO")},
}
