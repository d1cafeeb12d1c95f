import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { beginSpan, withTraceContext, type Step } from '@quadrille/observability';
import { requestCause } from './request-cause.js';

type Fastify = ReturnType<ReturnType<NestFastifyApplication['getHttpAdapter']>['getInstance']>;

/**
 * Gives each request a span and a cause, so that its log lines and the events it leads to can be found by both. Named as
 * OpenTelemetry names them: https://opentelemetry.io/docs/specs/semconv/http/http-spans/. Hooks and no interceptor, because Nest
 * takes every answer through RxJS as soon as there is one.
 */
export function spanRequests(fastify: Fastify): void {
  const spans = new WeakMap<object, Step>();

  fastify.addHook('preHandler', (request, _reply, done) => {
    const cause = requestCause(request);
    const { method } = request;
    const { url: route } = request.routeOptions;
    const span = beginSpan(route === undefined ? method : `${method} ${route}`, {
      traceparent: cause.traceparent,
      kind: 'server',
      attributes: { 'http.request.method': method, ...(route !== undefined && { 'http.route': route }) },
    });
    if (!span) return withTraceContext(cause, done);
    spans.set(request, span);
    span.run(() => withTraceContext({ ...cause, traceparent: span.traceparent }, done));
  });

  fastify.addHook('onResponse', (request, { statusCode }, done) => {
    const error = statusCode >= 500 ? `answered ${statusCode}` : undefined;
    spans.get(request)?.end({ attributes: { 'http.response.status_code': statusCode }, error });
    done();
  });
}
