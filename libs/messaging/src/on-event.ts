import { EventPattern } from '@nestjs/microservices';
import type { PublicEvent, PublicEventType } from '@quadrille/contracts';
import type { ListenerContext } from './listener-context.js';

/** Names this transport where an application has several: `@EventPattern<string>('order.placed.v1', RABBIT_EVENTS)`. */
export const RABBIT_EVENTS = Symbol('RABBIT_EVENTS');

/**
 * `@EventPattern` for this transport, typed by the contracts: the method takes `@Payload() event: PublicEvent<Type>` and, if it
 * likes, `@Ctx() context: ListenerContext`; any other type of event does not compile.
 */
export function OnEvent<Type extends PublicEventType>(type: Type) {
  return <Handler extends (event: PublicEvent<Type>, context: ListenerContext) => unknown>(
    target: object,
    method: string | symbol,
    descriptor: TypedPropertyDescriptor<Handler>,
  ): void => {
    EventPattern<string>(type, RABBIT_EVENTS)(target, method, descriptor);
  };
}
