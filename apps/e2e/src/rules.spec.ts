import { describe, expect, it } from '@jest/globals';
import type { Evidence } from './evidence.js';
import { violations } from './rules.js';

const good = '01938f1e-7c00-7a3b-9d52-4f0c2e6a1b10';
const sad = '01938f1e-7c00-7a3b-9d52-4f0c2e6a1b11';
const lines = [{ sku: 'LAMP', quantity: 2 }];
const event = (stream: string, version: number, type: string) => ({
  id: `${stream}/${version}`,
  stream,
  version,
  type,
  position: version,
});
const wire = (stream: string, source: string, type: string, subject: string, sequence: number) => ({
  id: `${stream}/${sequence}`,
  source,
  type,
  subject,
  sequence,
});
const forms = {
  order: new Set(['Placed', 'Confirmed', 'Cancelled']),
  inventory: new Set(['Reserved']),
  payment: new Set(['Captured']),
};

const heard = {
  order: new Set(['payment.captured.v1']),
  inventory: new Set(['order.placed.v1']),
  payment: new Set<string>(),
};

const atRest: Evidence = {
  orders: [
    { id: good, status: 'confirmed', reason: null, total_minor: 500, currency: 'EUR', lines },
    { id: sad, status: 'cancelled', reason: 'out_of_stock', total_minor: 900, currency: 'EUR', lines },
  ],
  reservations: [
    { order_id: good, status: 'committed', lines },
    { order_id: sad, status: 'rejected', lines: null },
  ],
  stock: [{ sku: 'LAMP', received: 3, available: 1, held: 0, committed: 2 }],
  payments: [
    { order_id: good, status: 'captured', amount_minor: 500 },
    { order_id: sad, status: 'closed', amount_minor: 900 },
  ],
  ledger: [{ id: '1', kind: 'charge', amountMinor: 500, currency: 'EUR', orderId: good, paymentIntent: 'pi_1' }],
  logs: {
    order: [
      event(`order-${good}`, 1, 'Placed'),
      event(`order-${good}`, 2, 'Noted'),
      event(`order-${good}`, 3, 'Confirmed'),
    ],
    inventory: [],
    payment: [],
  },
  held: { order: [], inventory: [], payment: [] },
  inbox: { order: new Set(), inventory: new Set([`order-${good}/1`]), payment: new Set() },
  wire: [
    wire(`order-${good}`, '/order', 'order.placed.v1', good, 1),
    wire(`order-${good}`, '/order', 'order.confirmed.v1', good, 3),
    wire(`order-${good}`, '/order', 'order.placed.v1', good, 1),
  ],
};

describe('the rules', () => {
  it('are kept by books that agree, with a repeated copy on the wire', () => {
    expect(violations(atRest, [good, sad], { forms, heard })).toEqual([]);
  });

  it.each<[number, string, Partial<Evidence>, string]>([
    [
      1,
      'an order that is still pending',
      { orders: [{ ...atRest.orders[0]!, status: 'pending' }, atRest.orders[1]!] },
      'is still pending',
    ],
    [1, 'a promised order that does not exist', { orders: [atRest.orders[0]!] }, 'does not exist'],
    [2, 'a confirmed order whose payment is missing', { payments: [] }, 'the payment missing'],
    [
      2,
      'a cancelled order whose stock is held',
      { reservations: [atRest.reservations[0]!, { order_id: sad, status: 'held', lines }] },
      'reservation is held',
    ],
    [
      2,
      'a cancelled order whose money is kept',
      { payments: [atRest.payments[0]!, { order_id: sad, status: 'captured', amount_minor: 900 }] },
      'payment captured',
    ],
    [
      2,
      'another amount than the order costs',
      { payments: [{ ...atRest.payments[0]!, amount_minor: 400 }, atRest.payments[1]!] },
      '400 was captured',
    ],
    [
      2,
      'a reservation of nobody',
      { reservations: [...atRest.reservations, { order_id: 'ghost', status: 'closed', lines: null }] },
      'no order',
    ],
    [3, 'stock that does not add up', { stock: [{ ...atRest.stock[0]!, available: 2 }] }, 'of 3 received'],
    [3, 'negative stock', { stock: [{ sku: 'LAMP', received: 3, available: -1, held: 2, committed: 2 }] }, '-1'],
    [
      3,
      'levels that no reservation explains',
      { stock: [{ sku: 'LAMP', received: 3, available: 0, held: 1, committed: 2 }] },
      'reservations hold 0',
    ],
    [
      4,
      'money kept for a cancelled order',
      { ledger: [...atRest.ledger, { ...atRest.ledger[0]!, orderId: sad }] },
      'but 0 is due',
    ],
    [4, 'a confirmed order that was never charged', { ledger: [] }, 'keeps 0'],
    [5, 'a second charge', { ledger: [...atRest.ledger, ...atRest.ledger] }, 'second charge'],
    [
      5,
      'a second confirmation',
      { logs: { ...atRest.logs, order: [...atRest.logs.order, event(`order-${good}`, 4, 'Confirmed')] } },
      'second Confirmed',
    ],
    [
      6,
      'a hole in a stream',
      { logs: { ...atRest.logs, order: atRest.logs.order.filter(({ version }) => version !== 2) } },
      'version 3',
    ],
    [6, 'an event that never reached the wire', { wire: atRest.wire!.slice(0, 1) }, 'never reached the wire'],
    [
      6,
      'an event on the wire that no log has',
      { wire: [...atRest.wire!, wire('ghost', '/order', 'order.placed.v1', good, 9)] },
      'in no log',
    ],
    [6, 'first copies out of order', { wire: [atRest.wire![1]!, atRest.wire![0]!] }, 'came after 3'],
    [
      7,
      'a message that was set aside',
      { held: { ...atRest.held, payment: [{ key: good, status: 'dead', type: 'order.placed.v1', reason: 'poison' }] } },
      'poison',
    ],
    [
      7,
      'a message that nobody handled and nobody set aside',
      { inbox: { ...atRest.inbox, inventory: new Set() } },
      'inventory has neither handled',
    ],
  ])('%i is broken by %s', (rule, _what, change, words) => {
    const found = violations({ ...atRest, ...change }, [good, sad], { forms, heard });

    expect(
      found
        .filter((violation) => violation.rule === rule)
        .map(({ what }) => what)
        .join('\n'),
    ).toContain(words);
  });
});
