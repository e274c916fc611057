# The server and the worker, from one image. Migrations are a step of their own: `docker run ... nightbell migrate`.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY pyproject.toml constraints.txt README.md ./
COPY api api
COPY calendars calendars
COPY escalation escalation
COPY ivr ivr
COPY migrations migrations
COPY nightbell nightbell
COPY routing routing
COPY storage storage
COPY telephony telephony
COPY webhooks webhooks
RUN python -m venv /opt/nightbell \
    && /opt/nightbell/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt '.[parquet]'

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/nightbell --create-home nightbell
COPY --from=build /opt/nightbell /opt/nightbell
ENV PATH=/opt/nightbell/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NIGHTBELL_DATA_DIR=/var/lib/nightbell \
    NIGHTBELL_LOG_FORMAT=json
USER nightbell
WORKDIR /var/lib/nightbell
VOLUME /var/lib/nightbell
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
CMD ["nightbell", "serve", "--host", "0.0.0.0", "--port", "8080"]
