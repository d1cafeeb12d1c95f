# One Dockerfile for every service: `docker build --build-arg SERVICE=order -t quadrille/order .`
# The setup step is one of them. The images differ in their last layer only, so all of them together cost little more than one.
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
RUN npx nx run @quadrille/cluster:bundle

# A service is one file that needs Node and nothing else (docs/decisions/0006-services-start-from-one-file.md).
FROM node:${NODE_VERSION}-bookworm-slim
WORKDIR /quadrille
ENV NODE_ENV=production
RUN mkdir -p /var/lib/quadrille && chown node:node /var/lib/quadrille
USER node
ARG SERVICE
COPY --from=build /quadrille/dist/${SERVICE} ./
# Healthy means ready: the service has its database and its broker, and takes work.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "main.mjs"]
