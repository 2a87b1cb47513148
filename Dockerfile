# One image for the web server, the workers, beat and the migration; docker-compose.yml says which is which.
FROM python:3.12-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    XDG_CACHE_HOME=/tmp/cache \
    DJANGO_SETTINGS_MODULE=portal.settings \
    MUSTER_DATA=/srv/data

# What PDF reports are drawn with: `./muster doctor` names the same packages.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        fonts-noto-core \
        libharfbuzz-subset0 \
        libpango-1.0-0 \
        libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /srv/muster

# Before the code, so that a change of the code does not install everything again.
COPY requirements.lock ./
RUN pip install --no-deps --require-hashes --requirement requirements.lock

COPY . ./

# Hashed names and compressed copies of everything static.
ENV STATIC_MANIFEST=1
# The code belongs to root and is only read; uploads and reports are the one place that is written.
# collectstatic reads the settings, which insist on a key and a database; it uses neither.
RUN useradd --system --uid 10001 --create-home --shell /usr/sbin/nologin muster \
    && install --directory --owner muster --group muster --mode 0700 /srv/data/files /srv/data/ledger \
    && SECRET_KEY=not-used DATABASE_URL=postgresql://not-used/not-used python manage.py collectstatic --no-input

USER muster
EXPOSE 8000
VOLUME /srv/data/files

HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 CMD ["python", "deploy/healthcheck.py"]

CMD ["gunicorn", "portal.wsgi:application", "--config", "portal/gunicorn.py", "--bind", "0.0.0.0:8000", "--no-control-socket"]
