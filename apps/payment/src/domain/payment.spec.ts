import { deciderSpecification, specifiedGiven } from '@quadrille/testing';
import { describe, expect, it, test } from '@jest/globals';
import { paymentDecider, type PaymentCommand, type PaymentEvent } from './index.js';

const given = deciderSpecification(paymentDecider);
const orderId = '01890a5d-0000-7000-8000-000000000001';
const paymentId = specifiedGiven.id;
const intentId = 'pi_1';
const amount = { amountMinor: 2500, currency: 'EUR', paymentMethod: 'pm_card_visa' };
const money = { orderId, paymentId, amountMinor: 2500, currency: 'EUR' };

const rememberAmount: PaymentCommand = { type: 'RememberAmount', orderId, ...amount };
const rememberStock: PaymentCommand = { type: 'RememberStock', orderId };
const abandon: PaymentCommand = { type: 'Abandon', orderId };
const recordIntent: PaymentCommand = { type: 'RecordIntent', orderId, intentId };
const recordCaptured: PaymentCommand = { type: 'RecordCaptured', orderId, intentId };
const recordDeclined: PaymentCommand = { type: 'RecordDeclined', orderId, declineCode: 'card_declined' };
const recordNotCharged: PaymentCommand = { type: 'RecordNotCharged', orderId };
const recordRefunded: PaymentCommand = { type: 'RecordRefunded', orderId, refundId: 're_1' };
const recordAnother: PaymentCommand = { type: 'RecordRefunded', orderId, refundId: 're_2' };
const recordRefundFailed: PaymentCommand = { type: 'RecordRefundFailed', orderId, refundId: 're_1' };

const amountKnown: PaymentEvent = { type: 'AmountKnown', orderId, ...amount };
const stockKnown: PaymentEvent = { type: 'StockKnown', orderId };
const chargeRequested: PaymentEvent = { type: 'ChargeRequested', orderId, paymentId, ...amount };
const intentCreated: PaymentEvent = { type: 'IntentCreated', orderId, intentId };
const captured: PaymentEvent = { type: 'Captured', ...money, intentId };
const declined: PaymentEvent = { type: 'Declined', ...money, declineCode: 'card_declined' };
const canceledAtProvider: PaymentEvent = { type: 'Declined', ...money, declineCode: 'canceled' };
const cancelRequested: PaymentEvent = { type: 'CancelRequested', orderId };
const refundRequested: PaymentEvent = { type: 'RefundRequested', ...money, intentId };
const refunded: PaymentEvent = { type: 'Refunded', ...money, refundId: 're_1' };
const refundFailed: PaymentEvent = { type: 'RefundFailed', orderId, refundId: 're_1' };
const refundMended: PaymentEvent = { type: 'RefundMended', orderId, refundId: 're_2' };
const closed: PaymentEvent = { type: 'Closed', orderId };

const charging = [amountKnown, chargeRequested, intentCreated];
const refunding = [...charging, captured, refundRequested];

describe('a payment', () => {
  it('is charged when amount and stock are known, in whichever order they come', () => {
    given().when(rememberAmount).then(amountKnown);
    given(amountKnown).when(rememberStock).then(chargeRequested);
    given().when(rememberStock).then(stockKnown);
    given(stockKnown).when(rememberAmount).then(chargeRequested);
  });

  it('keeps the intent that the provider made before anything is charged', () => {
    given(amountKnown, chargeRequested).when(recordIntent).then(intentCreated);
    expect(given(...charging).state).toMatchObject({ status: 'charging', charge: { paymentId, ...amount }, intentId });
  });

  it('is captured or declined as the provider says', () => {
    given(...charging)
      .when(recordCaptured)
      .then(captured);
    given(...charging)
      .when(recordDeclined)
      .then(declined);
  });

  it('counts an intent that was cancelled at the provider as a decline', () => {
    given(...charging)
      .when(recordNotCharged)
      .then(canceledAtProvider);
  });

  it('is closed when the order is cancelled before it was charged, and then never charges', () => {
    given().when(abandon).then(closed);
    given(closed).when(rememberAmount).thenNothing();
    given(closed).when(rememberStock).thenNothing();
    given(amountKnown).when(abandon).then(closed);
    given(amountKnown, closed).when(rememberStock).thenNothing();
  });

  it('finds out what became of the charge when the order is cancelled meanwhile', () => {
    given(...charging)
      .when(abandon)
      .then(cancelRequested);
    given(...charging, cancelRequested)
      .when(recordNotCharged)
      .then(closed);
    given(...charging, cancelRequested)
      .when(recordDeclined)
      .then(closed);
    given(...charging, cancelRequested)
      .when(recordCaptured)
      .then(captured, refundRequested);
  });

  it('learns of an intent that was made while the order was cancelled', () => {
    given(amountKnown, chargeRequested, cancelRequested).when(recordIntent).then(intentCreated);
  });

  it('is refunded once when the order is cancelled after it was captured', () => {
    given(...charging, captured)
      .when(abandon)
      .then(refundRequested);
    given(...charging, captured, refundRequested)
      .when(recordRefunded)
      .then(refunded);
    expect(given(...charging, captured, refundRequested, refunded).state).toMatchObject({
      status: 'refunded',
      refundId: 're_1',
    });
  });

  it('is to be refunded again when its refund fails after it had succeeded', () => {
    given(...refunding, refunded)
      .when(recordRefundFailed)
      .then(refundFailed);
    const { state } = given(...refunding, refunded, refundFailed);
    expect(state).toMatchObject({ status: 'refunding', charge: { paymentId }, intentId });
    expect(paymentDecider.awaits?.(state)).toEqual({ kind: 'task', task: 'refund' });
  });

  it('is refunded again by another refund, which is not announced again', () => {
    given(...refunding, refunded, refundFailed)
      .when(recordAnother)
      .then(refundMended);
    expect(given(...refunding, refunded, refundFailed, refundMended).state).toMatchObject({
      status: 'refunded',
      refundId: 're_2',
    });
  });

  it('announces the refund that succeeds when the first one failed before anybody had heard of it', () => {
    given(...refunding, refundFailed)
      .when(recordRefunded)
      .thenNothing();
    given(...refunding, refundFailed)
      .when(recordAnother)
      .then({ ...refunded, refundId: 're_2' } as PaymentEvent);
  });

  it('is not refunded by a refund that failed, however late it is heard that it had succeeded', () => {
    given(...refunding, refunded, refundFailed)
      .when(recordRefunded)
      .thenNothing();
    const failedAgain = [refundMended, { ...refundFailed, refundId: 're_2' } as PaymentEvent];
    for (const late of [recordRefunded, recordAnother, recordRefundFailed])
      given(...refunding, refunded, refundFailed, ...failedAgain)
        .when(late)
        .thenNothing();
  });

  it('looks at its refunds again when another one than it knew fails, and finds them as they were', () => {
    const otherFailed: PaymentEvent = { ...refundFailed, refundId: 're_9' };
    given(...refunding, refunded)
      .when({ ...recordRefundFailed, refundId: 're_9' })
      .then(otherFailed);
    given(...refunding, refunded, otherFailed)
      .when(recordRefunded)
      .then({ ...refundMended, refundId: 're_1' } as PaymentEvent);
  });

  it('gives money back that was captured after all, whatever was believed before', () => {
    given(...charging, cancelRequested, closed)
      .when(recordCaptured)
      .then(captured, refundRequested);
  });

  it('does not announce money captured after a decline: the order must not be confirmed by it', () => {
    given(...charging, declined)
      .when(recordCaptured)
      .then(refundRequested);
  });

  it('refuses a capture of an intent that is not its own', () => {
    given(...charging)
      .when({ ...recordCaptured, intentId: 'pi_other' })
      .thenRefused('unknown_intent');
  });

  it('of nothing needs no provider', () => {
    const free = { ...money, amountMinor: 0 };
    const requested = { ...chargeRequested, amountMinor: 0 };
    const capturedAtOnce: PaymentEvent = { type: 'Captured', ...free, intentId: null };
    given(stockKnown)
      .when({ ...rememberAmount, amountMinor: 0 })
      .then(requested, capturedAtOnce);
    given(stockKnown, requested, capturedAtOnce)
      .when(abandon)
      .then({ type: 'RefundRequested', ...free, intentId: null }, { type: 'Refunded', ...free, refundId: null });
  });

  it('asks for work outside the transaction while the provider owes an answer', () => {
    const task = (...events: PaymentEvent[]) => paymentDecider.awaits?.(given(...events).state);
    expect(task()).toBeNull();
    expect(task(amountKnown)).toBeNull();
    expect(task(...charging)).toEqual({ kind: 'task', task: 'charge' });
    expect(task(...charging, captured)).toBeNull();
    expect(task(...charging, declined)).toBeNull();
    expect(task(...charging, cancelRequested)).toEqual({ kind: 'task', task: 'settle' });
    expect(task(...charging, cancelRequested, closed)).toBeNull();
    expect(task(...charging, captured, refundRequested)).toEqual({ kind: 'task', task: 'refund' });
    expect(task(...charging, captured, refundRequested, refunded)).toBeNull();
  });

  it('cannot be answered for before it was charged', () => {
    expect(() => given(captured)).toThrow('Captured cannot happen to one that is none');
    expect(() => given(amountKnown, intentCreated)).toThrow('IntentCreated cannot happen to one that is awaiting');
    expect(() => given(...charging, refunded)).toThrow('Refunded cannot happen to one that is charging');
  });

  it('keeps its own stream', () => {
    expect(paymentDecider.streamOf(abandon)).toBe(`payment-${orderId}`);
  });
});

/** Late, repeated and out of order: every command in every state. A missing cell does not compile. */
const histories = {
  none: [],
  'awaiting stock': [amountKnown],
  'awaiting its amount': [stockKnown],
  'charging without an intent': [amountKnown, chargeRequested],
  charging,
  captured: [...charging, captured],
  declined: [...charging, declined],
  'cancelling without an intent': [amountKnown, chargeRequested, cancelRequested],
  cancelling: [...charging, cancelRequested],
  refunding,
  refunded: [...refunding, refunded],
  'refunding, its refund failed': [...refunding, refundFailed],
  'refunding, its announced refund failed': [...refunding, refunded, refundFailed],
  'refunded by another refund': [...refunding, refunded, refundFailed, refundMended],
  'closed before a charge': [closed],
  'closed after a charge was asked for': [...charging, cancelRequested, closed],
} satisfies Record<string, PaymentEvent[]>;
type Situation = keyof typeof histories;

const commands = {
  rememberAmount,
  rememberStock,
  abandon,
  recordIntent,
  recordCaptured,
  recordDeclined,
  recordNotCharged,
  recordRefunded,
  recordRefundFailed,
};
type Row = Record<keyof typeof commands, PaymentEvent[] | 'unknown_intent'>;

const ignored: Row = {
  rememberAmount: [],
  rememberStock: [],
  abandon: [],
  recordIntent: [],
  recordCaptured: [],
  recordDeclined: [],
  recordNotCharged: [],
  recordRefunded: [],
  recordRefundFailed: [],
};
const neverAsked = {
  recordIntent: 'unknown_intent',
  recordCaptured: 'unknown_intent',
  recordDeclined: 'unknown_intent',
  recordNotCharged: 'unknown_intent',
  recordRefunded: 'unknown_intent',
  recordRefundFailed: 'unknown_intent',
} as const;
const answered = { recordCaptured: [captured], recordDeclined: [declined], recordNotCharged: [canceledAtProvider] };
const settled = { recordCaptured: [captured, refundRequested], recordDeclined: [closed], recordNotCharged: [closed] };

const cells: Record<Situation, Row> = {
  none: { ...neverAsked, rememberAmount: [amountKnown], rememberStock: [stockKnown], abandon: [closed] },
  'awaiting stock': {
    ...neverAsked,
    rememberAmount: [],
    rememberStock: [chargeRequested],
    abandon: [closed],
  },
  'awaiting its amount': {
    ...neverAsked,
    rememberAmount: [chargeRequested],
    rememberStock: [],
    abandon: [closed],
  },
  'charging without an intent': {
    ...ignored,
    ...answered,
    recordCaptured: 'unknown_intent',
    abandon: [cancelRequested],
    recordIntent: [intentCreated],
  },
  charging: { ...ignored, ...answered, abandon: [cancelRequested] },
  captured: { ...ignored, abandon: [refundRequested] },
  declined: { ...ignored, recordCaptured: [refundRequested] },
  'cancelling without an intent': {
    ...ignored,
    ...settled,
    recordCaptured: 'unknown_intent',
    recordIntent: [intentCreated],
  },
  cancelling: { ...ignored, ...settled },
  refunding: { ...ignored, recordRefunded: [refunded], recordRefundFailed: [refundFailed] },
  refunded: { ...ignored, recordRefundFailed: [refundFailed] },
  'refunding, its refund failed': ignored,
  'refunding, its announced refund failed': ignored,
  'refunded by another refund': ignored,
  'closed before a charge': { ...ignored, ...neverAsked },
  'closed after a charge was asked for': { ...ignored, recordCaptured: [captured, refundRequested] },
};

describe.each(Object.keys(cells) as Situation[])('a payment that is %s', (situation) => {
  test.each(Object.keys(commands) as (keyof typeof commands)[])('answers %s', (name) => {
    const decision = given(...histories[situation]).when(commands[name]);
    const expected = cells[situation][name];
    if (typeof expected === 'string') decision.thenRefused(expected);
    else decision.then(...expected);
  });
});
