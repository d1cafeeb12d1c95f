import { deciderSpecification, specifiedGiven } from '@quadrille/testing';
import { describe, expect, it, test } from '@jest/globals';
import { orderDecider, type HeardFact, type Order, type OrderCommand, type OrderEvent } from './index.js';

const given = deciderSpecification(orderDecider);
const orderId = '01890a5d-0000-7000-8000-000000000001';
const { now } = specifiedGiven;
const dueAt = '2026-01-02T03:19:05.678Z';

const terms = {
  orderId,
  customerId: 'ada',
  currency: 'EUR',
  totalMinor: 2500,
  lines: [{ sku: 'TEAPOT', quantity: 2, unitMinor: 1250 }],
  paymentMethod: 'pm_card_visa',
};
const place: OrderCommand = { type: 'Place', ...terms, deadlineMs: 15 * 60_000 };
const cancel: OrderCommand = { type: 'Cancel', orderId };
const timeOut: OrderCommand = { type: 'TimeOut', orderId };

const stockReserved = heard('inventory', 'inventory.stock-reserved.v1');
const stockRejected = heard('inventory', 'inventory.stock-rejected.v1');
const stockReleased = heard('inventory', 'inventory.stock-released.v1');
const paymentCaptured = heard('payment', 'payment.captured.v1');
const paymentDeclined = heard('payment', 'payment.declined.v1');
const note: OrderCommand = { type: 'Note', orderId, fact: stockReserved };
const recordRejected: OrderCommand = { type: 'RecordStockRejected', orderId, fact: stockRejected };
const recordCaptured: OrderCommand = { type: 'RecordPaymentCaptured', orderId, fact: paymentCaptured };
const recordDeclined: OrderCommand = {
  type: 'RecordPaymentDeclined',
  orderId,
  declineCode: 'card_declined',
  fact: paymentDeclined,
};

const placed: OrderEvent = { type: 'Placed', ...terms, placedAt: now, dueAt };
const confirmed: OrderEvent = { type: 'Confirmed', orderId, at: now };
const outOfStock = cancelled('out_of_stock');
const declined = cancelled('payment_declined', 'card_declined');
const timedOut = cancelled('timed_out');
const byCustomer = cancelled('customer_request');

describe('an order', () => {
  it('is placed with its prices, and is given up when its deadline passes', () => {
    given().when(place).then(placed);
    expect(given(placed).state).toMatchObject({ status: 'pending', placedAt: now, dueAt, endedAt: null });
  });

  it('carries the sealed contact of its customer', () => {
    const contact = { email: { keyId: 'k', iv: 'i', tag: 't', text: 'x' } };
    given()
      .when({ ...place, contact })
      .then({ ...placed, contact });
  });

  it('is confirmed by the captured payment', () => {
    given(placed).when(recordCaptured).then(noted(paymentCaptured), confirmed);
    expect(given(placed, confirmed).state).toMatchObject({ status: 'confirmed', reason: null, endedAt: now });
  });

  it('is cancelled by rejected stock', () => {
    given(placed).when(recordRejected).then(noted(stockRejected), outOfStock);
  });

  it('is cancelled by a declined payment, with the decline code', () => {
    given(placed).when(recordDeclined).then(noted(paymentDeclined), declined);
    expect(given(placed, declined).state).toMatchObject({
      status: 'cancelled',
      reason: 'payment_declined',
      declineCode: 'card_declined',
      endedAt: now,
    });
  });

  it('is cancelled at its deadline, not before', () => {
    given(placed).when(timeOut, { now: '2026-01-02T03:19:05.677Z' }).thenNothing();
    given(placed)
      .when(timeOut, { now: dueAt })
      .then({ ...timedOut, at: dueAt });
  });

  it('awaits its deadline only while it is pending', () => {
    const awaits = (...events: OrderEvent[]) => orderDecider.awaits?.(given(...events).state);
    expect(awaits()).toBeNull();
    expect(awaits(placed)).toEqual({ kind: 'deadline', dueAt, command: timeOut });
    expect(awaits(placed, noted(stockReserved))).toEqual({ kind: 'deadline', dueAt, command: timeOut });
    expect(awaits(placed, confirmed)).toBeNull();
    expect(awaits(placed, byCustomer)).toBeNull();
  });

  it('may be cancelled by its customer while it is pending or confirmed', () => {
    given(placed).when(cancel).then(byCustomer);
    given(placed, confirmed).when(cancel).then(byCustomer);
  });

  it('cannot be cancelled when nobody placed it', () => {
    given().when(cancel).thenRefused('unknown_order');
  });

  it('is not confirmed by a payment that is captured too late', () => {
    given(placed, timedOut).when(recordCaptured).then(noted(paymentCaptured));
  });

  it('tells each kind of fact once, whatever its version', () => {
    const again = { ...stockReserved, id: '01890a5d-0000-7000-8000-0000000000ff', type: 'inventory.stock-reserved.v2' };
    given(placed, noted(stockReserved)).when(note).thenNothing();
    given(placed, noted(stockReserved))
      .when({ ...note, fact: again })
      .thenNothing();
    given(placed, noted(stockReserved))
      .when({ ...note, fact: stockReleased })
      .then(noted(stockReleased));
  });

  it('keeps the time of its cancellation when it had been confirmed before', () => {
    const later = '2026-01-02T04:00:00.000Z';
    given(placed, confirmed)
      .when(cancel, { now: later })
      .then({ ...byCustomer, at: later });
    expect(given(placed, confirmed, { ...byCustomer, at: later }).state).toMatchObject({ endedAt: later });
  });

  it('cannot go on before it was placed', () => {
    expect(() => given(confirmed)).toThrow('never placed');
  });

  it('keeps its own stream', () => {
    expect(orderDecider.streamOf(cancel)).toBe(`order-${orderId}`);
  });
});

/** Late, repeated and out of order: every command in every state. A missing cell does not compile. */
const histories = {
  none: [],
  pending: [placed],
  confirmed: [placed, noted(paymentCaptured), confirmed],
  cancelled: [placed, byCustomer],
} satisfies Record<Order['status'], OrderEvent[]>;
const commands = { place, cancel, timeOut, recordRejected, recordCaptured, recordDeclined, note };
type Row = Record<keyof typeof commands, OrderEvent[] | 'unknown_order'>;
const cells: Record<Order['status'], Row> = {
  none: {
    place: [placed],
    cancel: 'unknown_order',
    timeOut: [],
    recordRejected: [],
    recordCaptured: [],
    recordDeclined: [],
    note: [],
  },
  pending: {
    place: [],
    cancel: [byCustomer],
    timeOut: [timedOut],
    recordRejected: [noted(stockRejected), outOfStock],
    recordCaptured: [noted(paymentCaptured), confirmed],
    recordDeclined: [noted(paymentDeclined), declined],
    note: [noted(stockReserved)],
  },
  confirmed: {
    place: [],
    cancel: [byCustomer],
    timeOut: [],
    recordRejected: [noted(stockRejected)],
    recordCaptured: [],
    recordDeclined: [noted(paymentDeclined)],
    note: [noted(stockReserved)],
  },
  cancelled: {
    place: [],
    cancel: [],
    timeOut: [],
    recordRejected: [noted(stockRejected)],
    recordCaptured: [noted(paymentCaptured)],
    recordDeclined: [noted(paymentDeclined)],
    note: [noted(stockReserved)],
  },
};

describe.each(Object.keys(cells) as Order['status'][])('an order that is %s', (status) => {
  test.each(Object.keys(commands) as (keyof typeof commands)[])('answers %s', (name) => {
    const at = { now: name === 'timeOut' ? dueAt : now };
    const decision = given(...histories[status]).when(commands[name], at);
    const expected = cells[status][name];
    if (typeof expected === 'string') decision.thenRefused(expected);
    else decision.then(...expected.map((event) => ('at' in event ? { ...event, at: at.now } : event)));
  });
});

function heard(service: HeardFact['service'], type: string): HeardFact {
  return { id: '01890a5d-0000-7000-8000-0000000000aa', at: now, service, type, data: { orderId } };
}

function noted(fact: HeardFact): OrderEvent {
  return { type: 'Noted', orderId, fact };
}

function cancelled(reason: 'out_of_stock' | 'payment_declined' | 'timed_out' | 'customer_request', code?: string) {
  return { type: 'Cancelled', orderId, at: now, reason, declineCode: code ?? null } as const;
}
