# The gate as a container image: Swift linked in, the C libraries from Debian, no shell needed, nothing written at run
# time (it works with a read-only root file system), not root.
#
#   docker build -t countersign .
#   docker run --read-only -p 8443:8443 -v ./policies:/policies:ro countersign \
#     serve --listen 0.0.0.0:8443 --policies /policies

FROM swift:6.3-bookworm AS build
RUN apt-get update -q \
    && apt-get install -y -q --no-install-recommends make libssl-dev libcurl4-openssl-dev zlib1g-dev pkg-config
WORKDIR /countersign
# The Swift packages come first: a change of the sources does not fetch them again.
COPY Package.swift ./
RUN swift package resolve
# `make build` and the scripts that it runs.
COPY Makefile ./
COPY .ci/packages .ci/quietly .ci/
COPY Sources Sources
COPY Tests Tests
RUN make build \
    && install -D --strip .build/release/countersign /image/usr/local/bin/countersign

FROM debian:bookworm-slim
RUN apt-get update -q \
    && apt-get install -y -q --no-install-recommends ca-certificates libcurl4 libssl3 libstdc++6 zlib1g \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /image /
# The definitions of policies, which the server makes where a cluster has none: `serve --crds /usr/share/countersign/crds`.
COPY deploy/crds /usr/share/countersign/crds
LABEL org.opencontainers.image.title="countersign" \
      org.opencontainers.image.description="A Kubernetes admission webhook that admits images by their signatures"
# By number, so that Kubernetes can see that it is not root (runAsNonRoot).
USER 65532:65532
# Reviews, and metrics where `--metrics-listen` says so.
EXPOSE 8443 8080
# Probes are the kubelet's business: GET /livez and /readyz. SIGTERM drains.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/countersign"]
CMD ["--help"]
