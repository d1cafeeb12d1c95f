import { startTracing, type Tracing } from '@quadrille/observability';

export interface SeenSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly outcome: unknown;
}

/** Traces as a service with a collector does; what would be exported is in `spans`, in the order in which it ended. */
export async function seenSpans(): Promise<Tracing & { readonly spans: SeenSpan[] }> {
  const spans: SeenSpan[] = [];
  const tracing = await startTracing({
    service: 'suite',
    spanProcessors: [
      {
        onStart: () => undefined,
        onEnd: (span) => {
          const { traceId, spanId } = span.spanContext();
          const parentSpanId = span.parentSpanContext?.spanId;
          spans.push({ name: span.name, traceId, spanId, parentSpanId, outcome: span.attributes['quadrille.outcome'] });
        },
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  });
  return { ...tracing, spans };
}
