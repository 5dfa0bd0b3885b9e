# The service alone, without a database of its own: give it DATABASE_URL. compose.yaml shows how.

FROM rust:1.95-bookworm AS build
WORKDIR /backoffice
COPY . .
RUN cargo build --profile dist --locked --bin backoffice

FROM debian:bookworm-slim
COPY --from=build /backoffice/target/dist/backoffice /usr/local/bin/backoffice
# A volume that is mounted here belongs to whom the folder belongs to.
RUN install -d -o 10001 -g 10001 -m 700 /files
USER 10001:10001
ENV BACKOFFICE_LISTEN=0.0.0.0:8080 \
    BACKOFFICE_METRICS_LISTEN=0.0.0.0:9090
EXPOSE 8080 9090
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["backoffice", "healthcheck"]
ENTRYPOINT ["backoffice"]
CMD ["serve"]
