# The library server (docs/server.md). BASE is any image with Python 3.11 or later, venv and pip.
ARG BASE=docker.io/library/python:3.12-slim

FROM ${BASE} AS build
COPY . /src
RUN python3 -m venv /opt/codi && /opt/codi/bin/pip install --no-cache-dir '/src[server]'

FROM ${BASE}
COPY --from=build /opt/codi /opt/codi
RUN mkdir -m 0700 /data && chown 65534:65534 /data
ENV PATH=/opt/codi/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 65534:65534
VOLUME /data
ENTRYPOINT ["codi-registry", "serve", "--data", "/data", "--log", "json"]
CMD ["--host", "0.0.0.0"]
