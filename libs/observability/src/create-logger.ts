import { pino, stdSerializers, stdTimeFunctions, type DestinationStream } from 'pino';
import type { Logger } from './logger.js';
import { currentCause, parseTraceparent } from './trace-context.js';
import { currentTraceparent } from './tracing.js';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LoggerOptions {
  readonly service: string;
  readonly level: LogLevel;
  /** Where the lines go; standard output unless told otherwise. */
  readonly destination?: DestinationStream;
}

/**
 * One JSON object a line: `time` (ISO 8601), `level` (its name), `service`, `msg`, the fields of the call, and
 * `correlationId`, `causationId` and `traceId` where the present work has them. An `error` or `err` field becomes type, message and stack.
 */
export function createLogger({ service, level, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: stdSerializers.err, err: stdSerializers.err },
    mixin: presentContext,
  };
  return destination ? pino(options, destination) : pino(options);
}

function presentContext(): object {
  const cause = currentCause();
  const traceparent = currentTraceparent();
  return {
    ...(cause ? { correlationId: cause.correlationId, causationId: cause.causationId } : {}),
    ...(traceparent === undefined ? {} : { traceId: parseTraceparent(traceparent)?.traceId }),
  };
}
