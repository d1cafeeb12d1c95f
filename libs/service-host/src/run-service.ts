import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { isTransient, messageOf, migrate, type AnyParticipant } from '@quadrille/event-log';
import { Registry } from '@quadrille/observability';
import { ConfigurationError, environmentOf } from './configuration/environment.js';
import { ServiceConfiguration, databaseUrl } from './configuration/service-configuration.js';
import { configurePlatform, fastifyAdapter } from './http/http-platform.js';
import { serveApiDocs } from './http/api-docs.js';
import { ServiceLife } from './service-life.js';
import { NestLog, ServiceLogger } from './service-logger.js';
import { StartupError } from './startup-error.js';

/**
 * The whole of a service's `main.ts`. `node dist/main.js` runs the service until SIGTERM or SIGINT, `node dist/main.js migrate`
 * brings its database up to date and ends. What a person must mend is one sentence on standard error, and exit code 1.
 */
export async function runService(module: Type, participant: AnyParticipant): Promise<void> {
  try {
    if (process.argv[2] === 'migrate') await migrateDatabase(participant);
    else await serve(module, participant);
  } catch (error) {
    process.stderr.write(`${participant.name}: ${lastWords(error)}\n`);
    process.exit(1);
  }
}

export interface RunningService {
  readonly app: NestFastifyApplication;
  readonly url: string;
  /** Resolves when the service runs; see `ServiceLife.start`. */
  readonly started: Promise<void>;
}

/** Listens at once, so that health can be asked, and lets the rest start behind. Closing `app` stops it all in order. */
export async function startService(module: Type, participant: AnyParticipant): Promise<RunningService> {
  // The service's own logger takes over once its configuration is read.
  const app = await NestFactory.create<NestFastifyApplication>(module, fastifyAdapter(), {
    logger: false,
    abortOnError: false,
    bodyParser: false,
    rawBody: true,
  });
  const configuration = app.get(ServiceConfiguration);
  const life = app.get(ServiceLife);
  const servesApi = configuration.ROLES.includes('http');
  app.useLogger(new NestLog(app.get(ServiceLogger)));
  configurePlatform(app, {
    bodyBytesMax: configuration.HTTP_BODY_BYTES_MAX,
    registry: app.get(Registry),
    logger: app.get(ServiceLogger),
    closed: () => (!servesApi ? 'no_http_role' : life.answers ? undefined : 'not_ready'),
    stopping: () => life.isStopping,
  });
  if (servesApi) serveApiDocs(app, participant.name);
  await app.listen(configuration.HTTP_PORT, configuration.HTTP_HOST);
  return { app, url: await app.getUrl(), started: life.start() };
}

async function serve(module: Type, participant: AnyParticipant): Promise<void> {
  const { app, url, started } = await startService(module, participant);
  const logger = app.get(ServiceLogger);
  stopOnSignal(app, logger);
  logger.info({ url }, 'listening');
  await started;
}

async function migrateDatabase(participant: AnyParticipant): Promise<void> {
  const { DATABASE_URL } = new (environmentOf({ DATABASE_URL: databaseUrl }))();
  await migrate(DATABASE_URL, participant);
}

const stopMaxMs = 25_000;

/**
 * The first signal stops in order and exits with 0; the same one again, or too long a stop, ends the process as it is. A
 * different one is no second request: Ctrl-C reaches a whole process group, and its leader may pass it on as SIGTERM.
 */
function stopOnSignal(app: NestFastifyApplication, logger: ServiceLogger): void {
  const received = new Set<NodeJS.Signals>();
  const stop = (signal: NodeJS.Signals) => {
    if (received.has(signal)) process.exit(1);
    received.add(signal);
    if (received.size > 1) return;
    logger.info({ signal }, 'stopping');
    setTimeout(() => {
      logger.error({ stopMaxMs }, 'did not stop in time');
      process.exit(1);
    }, stopMaxMs).unref();
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ error }, 'did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function lastWords(error: unknown): string {
  if (error instanceof ConfigurationError || error instanceof StartupError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    return `HTTP_PORT is taken: ${error.message}.`;
  if (isTransient(error)) return `the database does not answer: ${messageOf(error)}.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
