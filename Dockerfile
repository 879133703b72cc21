# syntax=docker/dockerfile:1
FROM python:3.11-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/pulse
WORKDIR /src

# The locked packages come first: they change seldom, and the layer is kept.
COPY requirements/runtime.lock requirements/
RUN /opt/pulse/bin/pip install --require-hashes --no-deps -r requirements/runtime.lock

# The core is compiled here, by mypyc; the image itself needs neither compiler nor mypy.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY pyproject.toml setup.py README.md LICENSE ./
COPY schemas schemas
COPY streams streams
# What installs packages stays behind here, too: the image only runs them.
RUN COMPILE_CORE=yes /opt/pulse/bin/pip install --no-deps . \
    && /opt/pulse/bin/pip uninstall --yes setuptools pip


FROM python:3.11-slim-bookworm

# A volume that is mounted there belongs to the user from its first use on: the database of `pulse api`.
RUN useradd --system --uid 10001 --user-group --no-create-home pulse \
    && install --directory --owner=pulse --group=pulse --mode=0750 /var/lib/pulse
COPY --from=build /opt/pulse /opt/pulse

ENV PATH=/opt/pulse/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /tmp

# A worker's /metrics, /healthz and /readyz, once PULSE_HTTP_HOST opens them to the container's network; and
# `pulse api`, once PULSE_API_HOST does.
EXPOSE 9108 9120

# Of a worker, which is what the image runs by default; whoever runs another command names another check.
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ.get('PULSE_HTTP_PORT') or 9108}/healthz\", timeout=4)"]

ENTRYPOINT ["pulse"]
CMD ["worker"]
