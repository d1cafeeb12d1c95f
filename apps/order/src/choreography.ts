import { fact, upcast, type Choreography, type PublicEvent, type ServiceName } from '@quadrille/contracts';
import type { HeardFact, OrderCommand, OrderEvent } from './domain/index.js';

export const choreography: Choreography<OrderCommand, OrderEvent> = {
  service: 'order',
  reactsTo: {
    'inventory.stock-rejected.v1': (event) => ({ type: 'RecordStockRejected', ...heard(event) }),
    'payment.captured.v1': (event) => ({ type: 'RecordPaymentCaptured', ...heard(event) }),
    'payment.declined.v1': (event) => paymentDeclined(upcast(event)),
    'payment.declined.v2': paymentDeclined,
    'inventory.stock-reserved.v1': (event) => ({ type: 'Note', ...heard(event) }),
    'inventory.stock-committed.v1': (event) => ({ type: 'Note', ...heard(event) }),
    'inventory.stock-released.v1': (event) => ({ type: 'Note', ...heard(event) }),
    'payment.refunded.v1': (event) => ({ type: 'Note', ...heard(event) }),
  },
  deferrable: [
    'inventory.stock-reserved.v1',
    'inventory.stock-committed.v1',
    'inventory.stock-released.v1',
    'payment.refunded.v1',
  ],
  publishes: {
    Placed: ({ orderId, customerId, currency, totalMinor, lines, paymentMethod, contact }) =>
      fact('order.placed.v1', {
        orderId,
        customerId,
        currency,
        totalMinor,
        lines: [...lines],
        paymentMethod,
        ...(contact && { contact }),
      }),
    Confirmed: ({ orderId }) => fact('order.confirmed.v1', { orderId }),
    Cancelled: ({ orderId, reason, declineCode }) => fact('order.cancelled.v1', { orderId, reason, declineCode }),
    Noted: null,
  },
  announces: ['order.placed.v1', 'order.confirmed.v1', 'order.cancelled.v1'],
};

function paymentDeclined(event: PublicEvent<'payment.declined.v2'>): OrderCommand {
  return { type: 'RecordPaymentDeclined', declineCode: event.data.declineCode, ...heard(event) };
}

function heard({ id, time, source, type, data }: PublicEvent): { orderId: string; fact: HeardFact } {
  return { orderId: data.orderId, fact: { id, at: time, service: source.slice(1) as ServiceName, type, data } };
}
