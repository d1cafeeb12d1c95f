import type { ExecutionContext } from '@nestjs/common';
import { BaseRpcContext } from '@nestjs/microservices';
import { catchError, throwError, type Observable } from 'rxjs';

/** What a handler may know about the message beside the event: `@Ctx() context: ListenerContext`. */
export class ListenerContext extends BaseRpcContext<[headers: Readonly<Record<string, unknown>>, attempt: number]> {
  /** What the handler threw, before exception filters made something else of it. */
  failure: unknown;

  constructor(headers: Readonly<Record<string, unknown>>, attempt: number) {
    super([headers, attempt]);
  }

  get headers(): Readonly<Record<string, unknown>> {
    return this.args[0];
  }

  /** Counted from 1. */
  get attempt(): number {
    return this.args[1];
  }
}

/**
 * Nest's own last filter turns every error into "Internal server error", and then the dead letter would say nothing else. So the
 * error is remembered where it comes out of guards, interceptors, pipes and handler, and goes on to the filters as it is.
 */
export function rememberFailure(execution: ExecutionContext, next: () => Observable<unknown>): Observable<unknown> {
  return next().pipe(
    catchError((error: unknown) => {
      const context: unknown = execution.switchToRpc().getContext();
      if (context instanceof ListenerContext) context.failure = error;
      return throwError(() => error);
    }),
  );
}
