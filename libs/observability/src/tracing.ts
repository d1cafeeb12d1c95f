import { context, SpanStatusCode, trace, TraceFlags, type Attributes, type Context } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-node';
import { currentCause, formatTraceparent, parseTraceparent } from './trace-context.js';

export interface TracingOptions {
  readonly service: string;
  /** The base address of an OTLP collector, for example `http://127.0.0.1:4318`; spans go to its `/v1/traces`. */
  readonly otlpEndpoint?: string | undefined;
  /** For tests: sees every span that ends. */
  readonly spanProcessors?: readonly SpanProcessor[];
}

export interface Tracing {
  /** Sends what is still buffered. Never rejects: a collector that is away must not keep a service from stopping. */
  shutdown(): Promise<void>;
}

/**
 * Makes `withSpan` create real spans, for the whole process. Without an endpoint nothing is exported, but ids are made all the
 * same, so that logs and events can be followed from service to service.
 */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': options.service }),
    spanProcessors: [...(options.spanProcessors ?? []), ...(await exporting(options.otlpEndpoint))],
  });
  provider.register();
  return {
    shutdown: async () => {
      await provider.shutdown().catch(() => undefined);
      trace.disable();
      context.disable();
    },
  };
}

export interface SpanOptions {
  /** The parent, where it comes from another process. Without it the present span is the parent. */
  readonly traceparent?: string | undefined;
  readonly attributes?: Attributes;
}

/** Runs `work` inside a span; a rejection marks the span as failed and passes on. */
export async function withSpan<Result>(
  name: string,
  options: SpanOptions,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  const tracer = trace.getTracer('quadrille');
  return tracer.startActiveSpan(name, { attributes: options.attributes ?? {} }, parentOf(options), async (span) => {
    try {
      return await work();
    } catch (error) {
      span.recordException(error instanceof Error ? error : String(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The present span as a `traceparent` header; outside any span the one that the present cause brought along. */
export function currentTraceparent(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  if (!span || !trace.isSpanContextValid(span)) return currentCause()?.traceparent;
  return formatTraceparent({ ...span, sampled: (span.traceFlags & TraceFlags.SAMPLED) !== 0 });
}

function parentOf({ traceparent }: SpanOptions): Context {
  const parent = traceparent === undefined ? undefined : parseTraceparent(traceparent);
  if (!parent) return context.active();
  const { traceId, spanId, sampled } = parent;
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(context.active(), { traceId, spanId, traceFlags, isRemote: true });
}

/** Short, because a service that stops waits for its last export. */
const exportTimeoutMs = 2_000;

/** The exporter is loaded only where it is used: it is large, and most processes on a laptop have no collector. */
async function exporting(otlpEndpoint: string | undefined): Promise<SpanProcessor[]> {
  if (otlpEndpoint === undefined) return [];
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const url = `${otlpEndpoint.replace(/\/+$/, '')}/v1/traces`;
  return [new BatchSpanProcessor(new OTLPTraceExporter({ url, timeoutMillis: exportTimeoutMs }))];
}
