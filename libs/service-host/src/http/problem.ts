import { HttpException } from '@nestjs/common';

/** One field of a request that is not as it should be. `path` is dotted: `lines.0.sku`. */
export interface FieldError {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** Problem details (RFC 9457) with a stable `code` to program against; `title` and `detail` are for people. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly [extension: string]: unknown;
}

export const problemMediaType = 'application/problem+json';

/** Answers a request with this problem. `extra` members stand beside the standard ones. */
export class ProblemException extends HttpException {
  readonly problem: Problem;

  constructor(
    status: number,
    code: string,
    detail: string,
    extra: Readonly<Record<string, unknown>> = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    const problem = { type: `urn:quadrille:problem:${code}`, title: titleOf(code), status, code, detail, ...extra };
    super(problem, status);
    this.message = detail;
    this.problem = problem;
  }
}

/** 422 `validation_failed` unless another code says it better. */
export function invalidFields(errors: readonly FieldError[], code = 'validation_failed'): ProblemException {
  const detail = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ');
  return new ProblemException(422, code, detail, { errors });
}

function titleOf(code: string): string {
  const words = code.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
