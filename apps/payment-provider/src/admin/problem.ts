import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Injectable, Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';

export interface FieldError {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** An error of the administration, as RFC 9457 shapes it. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly errors?: readonly FieldError[],
  ) {
    super(detail);
    this.name = 'Problem';
  }
}

export function invalid(errors: readonly FieldError[]): Problem {
  return new Problem(422, 'validation_failed', 'The request is not valid.', errors);
}

export function parse<Shape extends z.ZodType>(shape: Shape, value: unknown): z.infer<Shape> {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues.map(({ path, code, message }) => ({ path: path.join('.'), code, message })));
}

@Injectable()
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('admin');

  catch(error: unknown, host: ArgumentsHost): void {
    const { status, code, detail, errors } = error instanceof Problem ? error : this.translate(error);
    const body = { type: 'about:blank', status, code, title: detail, ...(errors ? { errors } : {}) };
    void host.switchToHttp().getResponse<FastifyReply>().status(status).type('application/problem+json').send(body);
  }

  private translate(error: unknown): Problem {
    if (error instanceof HttpException) return new Problem(error.getStatus(), 'bad_request', error.message);
    this.logger.error(error instanceof Error ? error.stack : error);
    return new Problem(500, 'internal_error', 'Something went wrong; the log says what.');
  }
}
