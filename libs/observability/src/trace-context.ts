import { AsyncLocalStorage } from 'node:async_hooks';

/** Who set the present work off; every log line and event of that work carries it. */
export interface TraceContext {
  readonly correlationId: string;
  readonly causationId: string;
  readonly traceparent?: string | undefined;
}

const storage = new AsyncLocalStorage<TraceContext>();

/** Runs `work`, and all that it awaits, with this cause: what `currentCause` answers and the logger writes. */
export function withTraceContext<Result>(cause: TraceContext, work: () => Result): Result {
  return storage.run(cause, work);
}

/** The cause of the present work, or undefined outside `withTraceContext`. */
export function currentCause(): TraceContext | undefined {
  return storage.getStore();
}

/** The parts of a W3C `traceparent` header (https://www.w3.org/TR/trace-context/#traceparent-header). */
export interface Traceparent {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** Undefined for anything that the specification calls invalid. A later version than 00 is read by its first four fields. */
export function parseTraceparent(header: string): Traceparent | undefined {
  const [, version, traceId, spanId, flags, more] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(header) ?? [];
  if (!version || !traceId || !spanId || !flags) return undefined;
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: Traceparent): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}
