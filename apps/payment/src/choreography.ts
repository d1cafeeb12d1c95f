import { fact, isRetryableDecline, type Choreography } from '@quadrille/contracts';
import type { Money, PaymentCommand, PaymentEvent } from './domain/index.js';

export const choreography: Choreography<PaymentCommand, PaymentEvent> = {
  service: 'payment',
  reactsTo: {
    'order.placed.v1': ({ data }) => ({
      type: 'RememberAmount',
      orderId: data.orderId,
      amountMinor: data.totalMinor,
      currency: data.currency,
      paymentMethod: data.paymentMethod,
    }),
    'inventory.stock-reserved.v1': ({ data }) => ({ type: 'RememberStock', orderId: data.orderId }),
    'order.cancelled.v1': ({ data }) => ({ type: 'Abandon', orderId: data.orderId }),
  },
  // A charge waits for the stock as well, which is known later.
  deferrable: ['order.placed.v1'],
  publishes: {
    AmountKnown: null,
    StockKnown: null,
    ChargeRequested: null,
    IntentCreated: null,
    Captured: (event) => fact('payment.captured.v1', money(event)),
    Declined: (event) => {
      const { declineCode } = event;
      return [
        fact('payment.declined.v2', { ...money(event), declineCode, retryable: isRetryableDecline(declineCode) }),
        fact('payment.declined.v1', { ...money(event), declineCode }),
      ];
    },
    CancelRequested: null,
    RefundRequested: null,
    Refunded: (event) => fact('payment.refunded.v1', money(event)),
    RefundFailed: null,
    RefundMended: null,
    Closed: null,
  },
  announces: ['payment.captured.v1', 'payment.declined.v2', 'payment.declined.v1', 'payment.refunded.v1'],
};

function money({ orderId, paymentId, amountMinor, currency }: Money): Money {
  return { orderId, paymentId, amountMinor, currency };
}
