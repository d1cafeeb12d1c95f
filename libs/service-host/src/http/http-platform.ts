import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Histogram, type Logger, type Registry } from '@quadrille/observability';
import { answerClientError } from './client-error.js';
import { Connections } from './connections.js';
import { unavailable } from './problem-filter.js';
import { ProblemException, problemMediaType } from './problem.js';
import { requestCause } from './request-cause.js';
import { spanRequests } from './request-span.js';

export interface HttpPlatformOptions {
  readonly bodyBytesMax: number;
  readonly registry: Registry;
  readonly logger: Logger;
  /** Why the API does not answer now, or undefined when it does. Health and metrics always answer. */
  readonly closed: () => 'no_http_role' | 'not_ready' | undefined;
  readonly stopping: () => boolean;
}

/** How long a request may take to arrive; its answer may take longer. Fastify by itself would wait for ever for a body. */
const patience = { headersMs: 30_000, requestMs: 60_000, lookMs: 5_000 };

/** A stop has 25 s for all: up to 5 for `SHUTDOWN_WAIT_MS`, then these, and the rest for rounds and charges that are under way. */
const lastWait = { arrivalMs: 1_000, answerMs: 5_000 };

/** Fastify without its own ideas of errors and bodies: only JSON is read, and what it refuses itself is a problem too. */
export function fastifyAdapter({ headersMs, requestMs, lookMs } = patience): FastifyAdapter {
  return new FastifyAdapter({
    requestTimeout: requestMs,
    clientErrorHandler: answerClientError,
    http: { headersTimeout: headersMs, requestTimeout: requestMs, connectionsCheckingInterval: lookMs },
    frameworkErrors: (error: Error & { code: string }, _request: unknown, reply: FrameworkReply) => {
      const { problem } =
        error.code === 'FST_ERR_MAX_PARAM_LENGTH'
          ? new ProblemException(404, 'not_found', 'There is nothing at this address.')
          : new ProblemException(400, 'bad_request', error.message);
      reply.code(problem.status);
      reply.type(problemMediaType);
      reply.send(problem as never);
    },
  });
}

interface FrameworkReply {
  code(status: number): unknown;
  type(mediaType: string): unknown;
  send(body: never): unknown;
}

/** Call it before the application is initialized. */
export function configurePlatform(app: NestFastifyApplication, options: HttpPlatformOptions): void {
  const fastify = app.getHttpAdapter().getInstance();
  const seconds = new Histogram({
    name: 'http_request_seconds',
    help: 'Time to answer a request.',
    labelNames: ['method', 'route', 'status'],
    registers: [options.registry],
  });

  fastify.removeAllContentTypeParsers();
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  app.useBodyParser('application/json', { bodyLimit: options.bodyBytesMax }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    // The parser never looks at the request, whose type here is that of any server.
    else void parseJson(request as never, body.toString('utf8'), done);
  });

  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-correlation-id', requestCause(request).correlationId);
    const closed = request.url.startsWith('/health/') || request.url === '/metrics' ? undefined : options.closed();
    done(closed && closedProblems[closed]());
  });

  spanRequests(fastify);

  // A connection that is kept alive after its last answer would keep the server from closing for more than a minute.
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (options.stopping()) void reply.header('connection', 'close');
    done();
  });

  const connections = new Connections(fastify.server);
  fastify.addHook('preClose', (done) => {
    connections.end(lastWait, (requests) => options.logger.warn({ requests }, 'not answered in time'));
    done();
  });

  fastify.addHook('onResponse', (request, reply, done) => {
    const labels = { method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode };
    seconds.observe(labels, reply.elapsedTime / 1000);
    done();
  });
}

const closedProblems = {
  no_http_role: () => new ProblemException(404, 'not_found', 'This process does not have the role http.'),
  not_ready: () => unavailable('not_ready', 'The service is starting.'),
};
