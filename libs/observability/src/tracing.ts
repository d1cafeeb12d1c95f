import {
  context,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Span,
} from '@opentelemetry/api';
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
  const spanProcessors = [...(options.spanProcessors ?? []), ...(await exporting(options.otlpEndpoint))];
  const resource = resourceFromAttributes({ 'service.name': options.service });
  const provider = new NodeTracerProvider({ resource, spanProcessors });
  provider.register();
  isSeen = spanProcessors.length > 0;
  return {
    shutdown: async () => {
      isSeen = false;
      await provider.shutdown().catch(() => undefined);
      trace.disable();
      context.disable();
    },
  };
}

/** Whether anybody gets the spans of this process. */
let isSeen = false;

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
  const span = beginSpan(name, options);
  try {
    const result = await (span ? span.run(work) : work());
    span?.end();
    return result;
  } catch (error) {
    span?.end({ error });
    throw error;
  }
}

/** One step of a trace, where work on many traces begins and ends together. */
export interface Step {
  /** For what the step leads to. */
  readonly traceparent: string;
  /** Runs `work`, and all that it awaits, with the step as the present span. */
  run<Result>(work: () => Result): Result;
  end(how?: { readonly attributes?: Attributes | undefined; readonly error?: unknown }): void;
}

export interface StepOptions extends SpanOptions {
  /** `server` answers a request; `consumer` and `producer` are the two ends of a message. */
  readonly kind?: 'internal' | 'server' | 'consumer' | 'producer';
}

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  consumer: SpanKind.CONSUMER,
  producer: SpanKind.PRODUCER,
};

/**
 * Begins a step of the trace that was brought along. Undefined, at next to no cost, where nobody would see it: no trace was
 * brought along, it is not sampled, or the process exports no spans.
 */
export function beginStep(name: string, options: StepOptions): Step | undefined {
  const { traceparent } = options;
  if (!isSeen || traceparent === undefined || !parseTraceparent(traceparent)?.sampled) return undefined;
  return beginSpan(name, options);
}

/**
 * Begins a span, of the trace that was brought along or of a new one, for work whose end is told elsewhere. It has ids whether
 * or not anybody sees it; undefined only where nothing is traced.
 */
export function beginSpan(name: string, { kind = 'internal', ...options }: StepOptions): Step | undefined {
  const { attributes = {} } = options;
  const span = trace.getTracer('quadrille').startSpan(name, { kind: kinds[kind], attributes }, parentOf(options));
  if (!trace.isSpanContextValid(span.spanContext())) return undefined;
  return {
    traceparent: formatTraceparent({ ...span.spanContext(), sampled: span.isRecording() }),
    run: (work) => context.with(trace.setSpan(context.active(), span), work),
    end: ({ attributes: more, error } = {}) => {
      if (more) span.setAttributes(more);
      if (error !== undefined) markFailed(span, error);
      span.end();
    },
  };
}

function markFailed(span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : String(error));
  span.setStatus({ code: SpanStatusCode.ERROR });
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
