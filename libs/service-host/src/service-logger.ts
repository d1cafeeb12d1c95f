import type { LoggerService } from '@nestjs/common';
import type { Logger } from '@quadrille/observability';

/** The service's logger, as a token to inject. */
export class ServiceLogger implements Logger {
  constructor(private readonly target: Logger) {}

  debug(fields: object, message: string): void {
    this.target.debug(fields, message);
  }

  info(fields: object, message: string): void {
    this.target.info(fields, message);
  }

  warn(fields: object, message: string): void {
    this.target.warn(fields, message);
  }

  error(fields: object, message: string): void {
    this.target.error(fields, message);
  }

  child(fields: Record<string, unknown>): ServiceLogger {
    return new ServiceLogger(this.target.child(fields));
  }
}

/** Nest's own lines in the service's log: its boot messages are details, its warnings and errors are not. */
export class NestLog implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...more: unknown[]): void {
    this.logger.debug({ nest: more.at(-1) }, String(message));
  }

  verbose(message: unknown, ...more: unknown[]): void {
    this.log(message, ...more);
  }

  debug(message: unknown, ...more: unknown[]): void {
    this.log(message, ...more);
  }

  warn(message: unknown, ...more: unknown[]): void {
    this.logger.warn({ nest: more.at(-1) }, String(message));
  }

  error(message: unknown, ...more: unknown[]): void {
    const error = [message, ...more].find((part) => part instanceof Error);
    this.logger.error({ nest: more.at(-1), ...(error ? { error } : {}) }, String(message));
  }

  fatal(message: unknown, ...more: unknown[]): void {
    this.error(message, ...more);
  }
}
