# syntax=docker/dockerfile:1
# The service without tests and tools: locked dependencies, checked by hash, and a user that owns nothing.
# The base image is pinned by tag; pin it by digest where your registry is at hand.

# What runs for every event is compiled here, so this stage has a C compiler; the image has none.
FROM python:3.11.14-bookworm AS build
# `runtime`, or `embedded` for an image that can run without a Kafka and a Redis of its own (demo, first run).
ARG FLAVOUR=runtime
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements/ requirements/
RUN python -m venv /opt/build && python -m venv /opt/fairlead \
    && /opt/build/bin/pip install --require-hashes -r requirements/build.txt -r requirements/runtime.txt \
    && /opt/fairlead/bin/pip install --require-hashes -r "requirements/${FLAVOUR}.txt"
COPY pyproject.toml README.md LICENSE ./
COPY deploy/topics.yaml deploy/
COPY deploy/config/ deploy/config/
COPY schemas/ schemas/
COPY service/ service/
RUN HATCH_BUILD_HOOKS_ENABLE=1 /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
    && /opt/fairlead/bin/pip install --no-deps /dist/*.whl \
    && /opt/fairlead/bin/python -m compileall -q /opt/fairlead/lib \
    && /opt/fairlead/bin/pip uninstall -y pip setuptools

FROM python:3.11.14-slim-bookworm
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="fairlead" \
      org.opencontainers.image.description="CRM events in, fair and explained assignments out" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/fairlead /opt/fairlead
ENV PATH=/opt/fairlead/bin:$PATH PYTHONUNBUFFERED=1 FAIRLEAD_HTTP__HOST=0.0.0.0 FAIRLEAD_HTTP__PORT=8080
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['FAIRLEAD_HTTP__PORT'] + '/live', timeout=2)"]
# One process, for one core: run as many replicas as cores are wanted. Where nothing replicates, FAIRLEAD_WORKERS=4
# runs four processes in one container.
ENTRYPOINT ["fairlead"]
CMD ["run"]
