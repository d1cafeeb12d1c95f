import { afterEach, describe, expect, it } from '@jest/globals';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { parseTraceparent, withTraceContext } from './trace-context.js';
import { beginStep, currentTraceparent, startTracing, withSpan, type Tracing } from './tracing.js';

const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('tracing', () => {
  let tracing: Tracing | undefined;
  let spans: InMemorySpanExporter;

  async function start(): Promise<void> {
    spans = new InMemorySpanExporter();
    tracing = await startTracing({ service: 'order', spanProcessors: [new SimpleSpanProcessor(spans)] });
  }

  afterEach(() => tracing?.shutdown());

  it('makes ids without any collector', async () => {
    await start();
    const traceparent = await withSpan('work', {}, () => currentTraceparent());
    expect(parseTraceparent(traceparent ?? '')).toBeDefined();
  });

  it('goes on with the trace that another process began', async () => {
    await start();
    const inside = await withSpan('work', { traceparent: parent }, () => currentTraceparent());
    expect(inside).not.toBe(parent);
    expect(parseTraceparent(inside ?? '')?.traceId).toBe(parseTraceparent(parent)?.traceId);
    expect(spans.getFinishedSpans()[0]?.parentSpanContext?.spanId).toBe(parseTraceparent(parent)?.spanId);
  });

  it('takes the span around it for the parent', async () => {
    await start();
    await withSpan('outer', {}, () => withSpan('inner', { attributes: { size: 3 } }, () => undefined));
    const [inner, outer] = spans.getFinishedSpans();
    expect(outer).toBeDefined();
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
    expect(inner?.attributes).toEqual({ size: 3 });
  });

  it('marks a span as failed and passes the error on', async () => {
    await start();
    const failing = withSpan('work', {}, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(spans.getFinishedSpans()[0]?.status.code).toBe(SpanStatusCode.ERROR);
  });

  it('has steps for work that begins and ends together, each in the trace that it came with', async () => {
    await start();
    const step = beginStep('publish it', { traceparent: parent, kind: 'producer', attributes: { size: 3 } });
    step?.end({ attributes: { outcome: 'lost' }, error: new Error('no') });

    const [span] = spans.getFinishedSpans();
    expect(step?.traceparent).toBe(`00-${span?.spanContext().traceId}-${span?.spanContext().spanId}-01`);
    expect(span).toMatchObject({ name: 'publish it', kind: SpanKind.PRODUCER, status: { code: SpanStatusCode.ERROR } });
    expect(span?.parentSpanContext?.spanId).toBe(parseTraceparent(parent)?.spanId);
    expect(span?.attributes).toEqual({ size: 3, outcome: 'lost' });
  });

  it('has no step where nobody would see it', async () => {
    expect(beginStep('before it is traced', { traceparent: parent })).toBeUndefined();
    await start();
    expect(beginStep('without a trace', {})).toBeUndefined();
    expect(beginStep('not sampled', { traceparent: parent.replace(/01$/, '00') })).toBeUndefined();
    await tracing?.shutdown();
    expect(beginStep('after it was traced', { traceparent: parent })).toBeUndefined();
  });

  it('answers with what the cause brought along where nothing is traced', async () => {
    const cause = { correlationId: 'c', causationId: 'm', traceparent: parent };
    expect(withTraceContext(cause, currentTraceparent)).toBe(parent);
    expect(await withSpan('work', {}, () => currentTraceparent())).toBeUndefined();
  });

  it('stops even when the collector is away', async () => {
    const nobodyListens = 'http://127.0.0.1:9';
    tracing = await startTracing({ service: 'order', otlpEndpoint: nobodyListens });
    await withSpan('work', {}, () => undefined);
    await expect(tracing.shutdown()).resolves.toBeUndefined();
  });
});
