import { announcements } from '@quadrille/testing';
import { describe, expect, it } from '@jest/globals';
import { choreography } from './choreography.js';

const orderId = '01890a5d-0000-7000-8000-000000000001';
const money = { orderId, paymentId: '01890a5d-0000-7000-8000-000000000002', amountMinor: 2500, currency: 'EUR' };
const intentId = 'pi_1';

describe('the choreography of payment', () => {
  const announced = announcements(choreography, {
    AmountKnown: { type: 'AmountKnown', orderId, amountMinor: 2500, currency: 'EUR', paymentMethod: 'pm_card_visa' },
    StockKnown: { type: 'StockKnown', orderId },
    ChargeRequested: { type: 'ChargeRequested', ...money, paymentMethod: 'pm_card_visa' },
    IntentCreated: { type: 'IntentCreated', orderId, intentId },
    Captured: { type: 'Captured', ...money, intentId },
    Declined: { type: 'Declined', ...money, declineCode: 'card_declined' },
    CancelRequested: { type: 'CancelRequested', orderId },
    RefundRequested: { type: 'RefundRequested', ...money, intentId },
    Refunded: { type: 'Refunded', ...money, refundId: 're_1' },
    RefundFailed: { type: 'RefundFailed', orderId, refundId: 're_1' },
    RefundMended: { type: 'RefundMended', orderId, refundId: 're_2' },
    Closed: { type: 'Closed', orderId },
  });

  it('announces what it says it announces, and every announcement fits its contract', () => {
    expect(announced.map(({ type }) => type)).toEqual(choreography.announces);
  });

  it('speaks of money, and keeps the provider and its intents to itself', () => {
    const declined = { ...money, declineCode: 'card_declined' };
    expect(announced.map(({ data }) => data)).toEqual([money, { ...declined, retryable: true }, declined, money]);
  });
});
