import { HttpException } from '@nestjs/common';
import { z } from 'zod';

/** One field of a request that is not as it should be. `path` is dotted: `lines.0.sku`. */
const fieldError = z.object({ path: z.string(), code: z.string(), message: z.string() });
export type FieldError = Readonly<z.infer<typeof fieldError>>;

/** Problem details (RFC 9457) with a stable `code` to program against; `title` and `detail` are for people. */
export const problemShape = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  errors: z.array(fieldError).readonly().optional(),
});
export type Problem = Readonly<z.infer<typeof problemShape>>;

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
