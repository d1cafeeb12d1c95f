import 'reflect-metadata';
import {
  Catch,
  Controller,
  ForbiddenException,
  Module,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { PublicEvent } from '@quadrille/contracts';
import { defer, delay, of, tap, type Observable } from 'rxjs';
import { ListenerContext, OnEvent } from '../src/index.js';

type Confirmed = PublicEvent<'order.confirmed.v1'>;
type Placed = PublicEvent<'order.cancelled.v1'>;

/** What happened in the application, in order. */
export const seen: string[] = [];

/** What the next calls of the handler do. */
export const behaviour: { onConfirmed: (event: Confirmed, context: ListenerContext) => unknown } = {
  onConfirmed: () => undefined,
};

class Guard implements CanActivate {
  canActivate(execution: ExecutionContext): boolean {
    const event = execution.switchToRpc().getData<PublicEvent>();
    seen.push(`guard ${event.sequence}`);
    if (event.sequence === 403) throw new ForbiddenException('not for these ears');
    return event.sequence !== 401;
  }
}

class Interceptor implements NestInterceptor {
  intercept(_execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    seen.push('interceptor before');
    return next.handle().pipe(tap({ complete: () => seen.push('interceptor after') }));
  }
}

class AddPipeMark implements PipeTransform {
  transform(value: unknown): unknown {
    if (value instanceof ListenerContext) return value;
    seen.push('pipe');
    return { ...(value as Confirmed), piped: true };
  }
}

export class Forgivable extends Error {}

@Catch(Forgivable)
class Forgive implements ExceptionFilter {
  catch(error: Forgivable, _host: ArgumentsHost): Observable<string> {
    seen.push(`filter ${error.message}`);
    return of('forgiven');
  }
}

@Controller()
@UseGuards(new Guard())
@UseInterceptors(new Interceptor())
@UsePipes(new AddPipeMark())
@UseFilters(new Forgive())
export class ConfirmedListener {
  @OnEvent('order.confirmed.v1')
  confirmed(@Payload() event: Confirmed, @Ctx() context: ListenerContext): unknown {
    seen.push(`handler ${event.sequence} attempt ${context.attempt}${'piped' in event ? ' piped' : ''}`);
    return behaviour.onConfirmed(event, context);
  }
}

@Controller()
export class CancelledListeners {
  @EventPattern<string>('order.cancelled.v1')
  slowly(@Payload() event: Placed): Observable<unknown> {
    return defer(() =>
      of(1, 2, 3).pipe(
        delay(100),
        tap((n) => seen.push(`slow ${event.type} ${n}`)),
      ),
    );
  }

  @EventPattern<string>('order.cancelled.v1')
  emptily(@Payload() event: Placed): void {
    seen.push(`quick ${event.type}`);
  }
}

@Module({ controllers: [ConfirmedListener, CancelledListeners] })
export class ListeningModule {}
