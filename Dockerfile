# One image for every role: run, gateway, worker, and whatever else `maskarad --help` names.

FROM python:3.11-slim-trixie AS build
WORKDIR /build
# The packages change seldom, so they are a layer of their own.
COPY pyproject.toml requirements.lock ./
COPY deploy/packages.sh deploy/
RUN sh deploy/packages.sh /srv/maskarad
COPY README.md LICENSE ./
COPY deploy/install.sh deploy/
COPY src src
RUN sh deploy/install.sh /srv/maskarad

FROM python:3.11-slim-trixie
# pg_dump, pg_restore and psql for backups: of version 17, as the server of compose.yaml; an older one cannot read it.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/*
# A number, so that a cluster can see that it is not root.
RUN groupadd --gid 10001 maskarad \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin maskarad \
    && install --directory --owner=maskarad --group=maskarad --mode=0700 /data /backups
COPY --from=build /srv/maskarad /srv/maskarad
# Nothing is written outside DATA_DIR: the byte code is in the image, and matplotlib keeps its list of fonts in DATA_DIR.
ENV PATH=/srv/maskarad/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8080 \
    DATA_DIR=/data \
    LOG_FORMAT=json
USER 10001:10001
WORKDIR /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["maskarad"]
CMD ["run"]
