import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { DeadLetterRefusal, Overloaded, RefusedError, RoundUnavailable, isTransient } from '@quadrille/event-log';
import { withTraceContext } from '@quadrille/observability';
import { ServiceLogger } from '../service-logger.js';
import type { HttpRequest } from './http-request.js';
import { ProblemException, problemMediaType } from './problem.js';
import { requestCause } from './request-cause.js';

/** The HTTP status of a refusal by its code, where it is not 422. */
export class RefusalStatuses {
  constructor(readonly byCode: Readonly<Record<string, number>>) {}
}

/** The one place where an error becomes an answer: always a problem, never a stack. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly logger: ServiceLogger,
    private readonly refusals: RefusalStatuses,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<HttpRequest>();
    const reply = host.switchToHttp().getResponse<unknown>();
    const { httpAdapter } = this.adapterHost;
    if (httpAdapter.isHeadersSent(reply)) return;
    const { problem, headers } = this.problemOf(error) ?? this.fault(error, request);
    for (const [name, value] of Object.entries({ 'content-type': problemMediaType, ...headers }))
      httpAdapter.setHeader(reply, name, value);
    httpAdapter.reply(reply, problem, problem.status);
  }

  private problemOf(error: unknown): ProblemException | undefined {
    if (error instanceof ProblemException) return error;
    if (error instanceof RefusedError) {
      const { code, detail } = error.refusal;
      return new ProblemException(this.refusals.byCode[code] ?? 422, code, detail);
    }
    if (error instanceof DeadLetterRefusal)
      return new ProblemException(deadLetterStatuses[error.code], error.code, error.message);
    if (error instanceof Overloaded) return unavailable('overloaded', 'More is waiting than can be done soon.');
    if (error instanceof RoundUnavailable || isTransient(error))
      return unavailable('unavailable', 'The database does not answer at present.');
    return platformProblemOf(error);
  }

  private fault(error: unknown, request: HttpRequest): ProblemException {
    const cause = requestCause(request);
    withTraceContext(cause, () => {
      this.logger.error({ error, method: request.method, url: request.url }, 'a request met a fault');
    });
    const { correlationId } = cause;
    return new ProblemException(500, 'internal_error', 'Something went wrong here; the log has the details.', {
      correlationId,
    });
  }
}

const deadLetterStatuses: Readonly<Record<DeadLetterRefusal['code'], number>> = {
  not_found: 404,
  invalid_cursor: 422,
  wrong_status: 409,
  not_a_message: 422,
  invalid_body: 422,
  other_message: 422,
};

export function unavailable(code: string, detail: string): ProblemException {
  return new ProblemException(503, code, detail, {}, { 'retry-after': '1' });
}

/** What Nest and Fastify refuse on their own: unknown routes, bodies that cannot be read. */
function platformProblemOf(error: unknown): ProblemException | undefined {
  if (!(error instanceof HttpException) || error.getStatus() >= 500) return undefined;
  const status = error.getStatus();
  const [code, detail] = isMalformedJson(error.cause) ? malformedJson : (refusedByPlatform[status] ?? ['bad_request']);
  return new ProblemException(status, code, detail ?? error.message);
}

function isMalformedJson(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'FST_ERR_CTP_INVALID_JSON_BODY';
}

const malformedJson = ['malformed_json', 'The body is not JSON.'] as const;

const refusedByPlatform: Readonly<Record<number, readonly [code: string, detail?: string]>> = {
  401: ['unauthorized'],
  403: ['forbidden'],
  404: ['not_found', 'There is nothing at this address.'],
  413: ['body_too_large', 'The body is larger than this service reads.'],
  415: ['unsupported_media_type', 'The body must be application/json.'],
};
