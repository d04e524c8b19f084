# The image of Maoga: `docker build --build-arg VERSION=1.2.3 --build-arg COMMIT=$(git rev-parse HEAD) .`
# The base is pinned to an exact tag rather than a digest, so that a rebuild gets Debian's security fixes. Everything of
# Python is pinned by hash in the lock files.
FROM python:3.11.14-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 \
    PATH=/opt/maoga/bin:$PATH

FROM base AS build
RUN python -m venv /opt/maoga
WORKDIR /src
COPY requirements.lock requirements-image.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --no-input --disable-pip-version-check --require-hashes --only-binary :all: \
    -r requirements.lock -r requirements-image.lock
COPY pyproject.toml README.md LICENSE ./
COPY clients clients
COPY domain domain
COPY maoga maoga
COPY realtime realtime
COPY rest rest
COPY storage storage
RUN pip install --no-input --disable-pip-version-check --no-deps --no-build-isolation . \
    && python -m compileall -q /opt/maoga

# For deploy/compose/development.yaml, which mounts the sources of the host over /src.
FROM build AS development
COPY requirements-dev.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --no-input --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.lock \
    && pip install --no-input --disable-pip-version-check --no-deps --no-build-isolation --editable . \
    && useradd --uid 10001 --user-group --no-create-home maoga \
    && install -d -o maoga -g maoga /var/lib/maoga /var/lib/maoga/media /var/lib/maoga/backups
ENV PYTHONDONTWRITEBYTECODE=1 \
    MAOGA_HOST=0.0.0.0 \
    MAOGA_VAR_DIR=/var/lib/maoga
USER 10001:10001
VOLUME ["/var/lib/maoga"]
EXPOSE 8000
ENTRYPOINT ["maoga"]
CMD ["serve", "--reload"]

FROM base AS runtime
ARG VERSION=0.0.0
ARG COMMIT=unknown
LABEL org.opencontainers.image.title=maoga \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$COMMIT
RUN useradd --uid 10001 --user-group --no-create-home maoga \
    && install -d -o maoga -g maoga /var/lib/maoga /var/lib/maoga/media /var/lib/maoga/backups
COPY --from=build /opt/maoga /opt/maoga
# 0.0.0.0 is the container's own network; the metrics' port is never published.
ENV PYTHONDONTWRITEBYTECODE=1 \
    MAOGA_HOST=0.0.0.0 \
    MAOGA_METRICS_HOST=0.0.0.0 \
    MAOGA_VAR_DIR=/var/lib/maoga
WORKDIR /var/lib/maoga
USER 10001:10001
# The root may be read-only; these two are written to.
VOLUME ["/var/lib/maoga", "/tmp"]
EXPOSE 8000 8001
STOPSIGNAL SIGTERM
# On the metrics' port, which gateways and workers have alike.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8001/health/live', timeout=4)"]
ENTRYPOINT ["maoga"]
CMD ["serve"]
