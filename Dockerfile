# One Dockerfile for every service: `docker build --build-arg SERVICE=order -t quadrille/order .`
# The images differ in their last layer only, so all of them together cost little more than one.
ARG NODE_VERSION=24

# What decides about the dependencies, and nothing else: the layers that install them stay cached while sources change.
FROM node:${NODE_VERSION}-bookworm-slim AS manifests
WORKDIR /quadrille
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json -delete && find . -type d -empty -delete

FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /quadrille
ENV NX_DAEMON=false NX_TUI=false
COPY --from=manifests /quadrille ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npx nx run @quadrille/cluster:build
RUN mkdir built && cp -r --parents libs/*/dist apps/*/dist tools/cluster/dist built

# Optional packages are compilers for the build and PostgreSQL binaries for laptops; no service needs one.
FROM node:${NODE_VERSION}-bookworm-slim AS production
WORKDIR /quadrille
COPY --from=manifests /quadrille ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --workspace=@quadrille/order --workspace=@quadrille/inventory --workspace=@quadrille/payment --workspace=@quadrille/payment-provider --workspace=@quadrille/cluster
COPY --from=build /quadrille/built ./

FROM node:${NODE_VERSION}-bookworm-slim
WORKDIR /quadrille
ENV NODE_ENV=production
COPY --from=production /quadrille ./
RUN mkdir -p /var/lib/quadrille && chown node:node /var/lib/quadrille
USER node
ARG SERVICE
ENV SERVICE=${SERVICE}
# Healthy means ready: the service has its database and its broker, and takes work.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# `exec`, so that signals reach the service itself, which stops in order on SIGTERM.
CMD ["sh", "-c", "exec node --enable-source-maps apps/${SERVICE}/dist/main.js"]
