"""One settings module. Every value comes from the environment, and a missing one fails loudly."""

from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

# Lets Django's classes take type parameters at run time, as their stubs declare them.
django_stubs_ext.monkeypatch()

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent


def secret(name: str, default: str | None = None) -> str:
    """The value of NAME, or the content of the file that NAME_FILE names (as container secrets arrive)."""
    path = env.str(f"{name}_FILE", default="")
    if path:
        return Path(path).read_text(encoding="utf-8").strip()
    value = env.str(name, default=default or "")
    if not value:
        raise ImproperlyConfigured(f"Set {name} (or {name}_FILE). `./muster up` sets it for you.")
    return str(value)


DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = secret("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Behind TLS (production): secure cookies, HSTS, redirects. `./muster up` serves plain HTTP on the loopback only.
SECURE = env.bool("SECURE", default=False)
DATA_DIR = Path(env.str("MUSTER_DATA", default=str(BASE_DIR / "var"))).resolve()
ORGANIZATION_NAME = env.str("ORGANIZATION_NAME", default="Northwind Health")
# Lets the launcher ask for a round trip through the worker; empty means nobody may.
PROBE_KEY = env.str("PROBE_KEY", default="")

INSTALLED_APPS = [
    "portal",
    "inventory",
    "governance",
    "reports",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "simple_history",
    "django_htmx",
    "django_filters",
    "django_tables2",
    "crispy_forms",
    "crispy_bootstrap5",
    "rest_framework",
    "drf_spectacular",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.ui.middleware.AsOfPrefixMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "portal.access.middleware.ActorMiddleware",
    "portal.access.readings.ReadingMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.ui.middleware.AsOfMiddleware",  # last: its transaction holds the page and nothing else
]

ROOT_URLCONF = "portal.urls"
APP_URLS = ["reports.urls"]
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {
                "muster": "portal.ui.templatetags.muster",
                "records": "portal.ui.templatetags.records",
                "asof": "portal.ui.templatetags.asof",
            },
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.ui.context.shell",
            ],
        },
    }
]

# --- Database: PostgreSQL only; its triggers, locks and indexes are used on purpose. ---
DATABASE_URL = secret("DATABASE_URL")
# The owner's address, for migrations. The application's own role owns nothing.
MIGRATE_DATABASE_URL = secret("MIGRATE_DATABASE_URL", default=DATABASE_URL)
if not DATABASE_URL.startswith(("postgres://", "postgresql://")):
    raise ImproperlyConfigured(
        "DATABASE_URL must name a PostgreSQL database: postgresql://user:password@host:port/name"
    )
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
DATABASES["default"]["OPTIONS"] = {
    # Refuse rather than wait for ever behind somebody's forgotten lock.
    "options": "-c lock_timeout=10s -c statement_timeout=120s -c jit=off",
}
if env.bool("DATABASE_POOL", default=False):  # web processes only: Celery's forks close pools
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": env.int("WEB_THREADS", default=4) + 1}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People ---
AUTH_USER_MODEL = "portal.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# --- History: the database writes it; simple-history reads it. ---
SIMPLE_HISTORY_ENABLED = False
SIMPLE_HISTORY_DATE_INDEX = False

# --- The ledger: the key that signs it, and where its checkpoints go. ---
LEDGER_KEY = env.str("LEDGER_KEY", default="")
LEDGER_KEY_FILE = Path(env.str("LEDGER_KEY_FILE", default=str(DATA_DIR / "ledger" / "key")))
# The name of the log in each checkpoint, for its whole life; made up at the first start where it is empty.
LEDGER_ORIGIN = env.str("LEDGER_ORIGIN", default="")
# Anchors, each on its own. The file belongs on another machine's disk, or on storage that only grows.
ANCHOR_FILE = env.str("ANCHOR_FILE", default=str(DATA_DIR / "ledger" / "checkpoints"))
ANCHOR_EMAILS = env.list("ANCHOR_EMAILS", default=[])
ANCHOR_TSA_URL = env.str("ANCHOR_TSA_URL", default="")

# --- Mail: none without a server. ---
EMAIL_HOST = env.str("EMAIL_HOST", default="")
EMAIL_PORT = env.int("EMAIL_PORT", default=587)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = secret("EMAIL_HOST_PASSWORD") if EMAIL_HOST_USER else ""
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="muster@localhost")

# --- Language and time: UTC inside, the reader's zone in the browser. ---
LANGUAGE_CODE = "en-us"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Files ---
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        # Hashed names and compressed copies need `collectstatic`, which the container image runs.
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if env.bool("STATIC_MANIFEST", default=False)
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not env.bool("STATIC_MANIFEST", default=False)
MEDIA_ROOT = DATA_DIR / "files"
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- Celery ---
_database = urlsplit(DATABASE_URL)
BROKER_URL = env.str("BROKER_URL", default="") or _database._replace(scheme="pgmq", query="").geturl()
CELERY_BROKER_URL = BROKER_URL
if BROKER_URL.startswith("pgmq:"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "use_notify": True,
        "init_extension": False,  # a migration of ours installs the schema
        # Only a backstop: the lease on the job row decides who works on it.
        "visibility_timeout": 3600,
        "wait_time_seconds": 0,
        "pool_size": 4,
    }
if BROKER_URL.startswith(("amqp:", "amqps:")):
    # From RabbitMQ 4.3 on classic queues refuse the flow control that Celery asks of them (global QoS).
    CELERY_TASK_DEFAULT_QUEUE_TYPE = CELERY_TASK_CREATE_MISSING_QUEUE_TYPE = "quorum"
    CELERY_BROKER_TRANSPORT_OPTIONS = {"confirm_publish": True}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"reports.tasks.*": {"queue": "packs"}}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "reap lost jobs": {"task": "portal.jobs.tasks.reap", "schedule": 10.0, "options": {"expires": 30}},
    "sequence the log": {"task": "portal.ledger.tasks.sequence", "schedule": 5.0, "options": {"expires": 15}},
    "verify the ledger": {
        "task": "portal.ledger.checking.nightly",
        "schedule": crontab(hour=2, minute=40),
        "options": {"expires": 3600},
    },
    "anchor checkpoints": {"task": "portal.ledger.tasks.anchor", "schedule": 60.0, "options": {"expires": 60}},
}

# --- Browser security: everything from here, nothing inline. ---
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
if SECURE:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Libraries ---
# Widgets of ours have templates beside Django's own.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
DJANGO_TABLES2_TEMPLATE = "portal/table.html"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "portal.api.pagination.KeysetPagination",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "portal.api.problems.exception_handler",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Muster",
    "DESCRIPTION": "The register of AI systems: records, links and their history.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    # Choices that fields of several names share.
    "ENUM_NAME_OVERRIDES": {
        "FactEnum": "portal.records.fields.Tristate",
        "ClassificationEnum": "inventory.choices.Classification",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    # The ledger's clock ticks every few seconds; what work comes of it says so itself, and jobs have rows.
    "loggers": {name: {"level": "WARNING"} for name in ("celery.app.trace", "celery.worker.strategy", "celery.beat")},
}
