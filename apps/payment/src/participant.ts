import type { Participant } from '@quadrille/event-log';
import { choreography } from './choreography.js';
import { paymentDecider, type Payment, type PaymentCommand, type PaymentEvent } from './domain/index.js';
import { Payment1700000000300 } from './storage/migrations/1700000000300-payment.js';
import { PaymentInPlace1700000000500 } from './storage/migrations/1700000000500-payment-in-place.js';
import { PaymentFailedRefunds1700000000600 } from './storage/migrations/1700000000600-payment-failed-refunds.js';
import { paymentRepository } from './storage/payment-repository.js';
import { PaymentRow } from './storage/payment-row.js';

export const paymentParticipant: Participant<PaymentCommand, Payment, PaymentEvent> = {
  name: 'payment',
  decider: paymentDecider,
  choreography,
  repository: paymentRepository,
  entities: [PaymentRow],
  migrations: [Payment1700000000300, PaymentInPlace1700000000500, PaymentFailedRefunds1700000000600],
};
