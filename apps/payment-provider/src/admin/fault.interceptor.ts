import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { from, type Observable, switchMap, tap } from 'rxjs';
import { Faults } from './faults.js';

/** Lets the whole API misbehave as the administrator asked. */
@Injectable()
export class FaultInterceptor implements NestInterceptor {
  constructor(private readonly faults: Faults) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return from(this.faults.beforeWork()).pipe(
      switchMap(() => next.handle()),
      tap(() => {
        this.faults.beforeAnswer();
      }),
    );
  }
}
