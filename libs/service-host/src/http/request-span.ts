import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { withSpan, withTraceContext } from '@quadrille/observability';
import { from, lastValueFrom, type Observable } from 'rxjs';
import type { HttpRequest } from './http-request.js';
import { requestCause } from './request-cause.js';

/** Gives each request a span and a cause, so that its log lines and the events it leads to can be found by both. */
@Injectable()
export class RequestSpan implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const name = `${request.method} ${context.getClass().name}.${context.getHandler().name}`;
    const { traceparent } = requestCause(request);
    const handled = withSpan(name, { traceparent, attributes: { 'http.request.method': request.method } }, () =>
      withTraceContext(requestCause(request), () => lastValueFrom(next.handle(), { defaultValue: undefined })),
    );
    return from(handled);
  }
}
