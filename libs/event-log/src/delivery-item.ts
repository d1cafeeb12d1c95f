import { parseMessage } from '@quadrille/contracts';
import type { IncomingMessage } from './deliveries.js';
import type { DeliveryItem } from './round-types.js';

/** Reads a message by contract. Garbage has no key to be held by, so it is told apart. */
export function readDelivery(
  message: IncomingMessage,
  partition: number,
): DeliveryItem | { readonly kind: 'garbage'; readonly reason: string } {
  const parsed = parseMessage(message);
  if (parsed.kind === 'garbage') return { kind: 'garbage', reason: `${parsed.code}: ${parsed.reason}` };
  const envelope = parsed.kind === 'event' ? parsed.event : parsed.envelope;
  return {
    kind: 'delivery',
    messageId: envelope.id,
    key: envelope.subject,
    partition,
    type: envelope.type,
    message,
    content: parsed,
    cause: {
      correlationId: envelope.correlationid,
      causationId: envelope.id,
      ...(envelope.traceparent === undefined ? {} : { traceparent: envelope.traceparent }),
    },
  };
}
