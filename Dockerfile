# syntax=docker/dockerfile:1
FROM python:3.11-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/pulse
WORKDIR /src

# The locked packages come first: they change seldom, and the layer is kept.
COPY requirements/runtime.lock requirements/
RUN /opt/pulse/bin/pip install --require-hashes --no-deps -r requirements/runtime.lock

# The core is compiled here, by mypyc; the image itself needs neither compiler nor mypy.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY pyproject.toml setup.py README.md LICENSE ./
COPY schemas schemas
COPY streams streams
RUN COMPILE_CORE=yes /opt/pulse/bin/pip install --no-deps .


FROM python:3.11-slim-bookworm

RUN useradd --system --uid 10001 --user-group --no-create-home pulse
COPY --from=build /opt/pulse /opt/pulse

ENV PATH=/opt/pulse/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /tmp

# A worker's /metrics, /healthz and /readyz, once PULSE_HTTP_HOST opens them to the container's network; and `pulse api`, once
# PULSE_API_HOST does.
EXPOSE 9108 9120

ENTRYPOINT ["pulse"]
CMD ["worker"]
