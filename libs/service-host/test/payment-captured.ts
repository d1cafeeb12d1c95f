import { buildEvent, fact, type PublicEvent } from '@quadrille/contracts';
import { randomUUID } from 'node:crypto';

/** What payment announces and the tiny participant hears. */
export function paymentCaptured(orderId: string): PublicEvent {
  const money = { paymentId: randomUUID(), amountMinor: 5, currency: 'EUR' };
  return buildEvent('payment', fact('payment.captured.v1', { orderId, ...money }), {
    id: randomUUID(),
    time: new Date().toISOString(),
    correlationId: randomUUID(),
    causationId: randomUUID(),
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    sequence: 1,
  });
}
