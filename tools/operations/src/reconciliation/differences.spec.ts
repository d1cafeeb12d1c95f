import { describe, expect, it } from '@jest/globals';
import type { Books, LedgerItem, Order } from './books.js';
import { differences } from './differences.js';
import { watch } from './watch.js';

const id = '01938f1e-7c00-7a3b-9d52-4f0c2e6a1b10';
const now = new Date('2026-01-31T12:00:00Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);
const order = (status: Order['status'], changedAt = ago(10)): Order => ({
  ...{ id, status, changedAt },
  totalMinor: 500,
  currency: 'EUR',
});
const money = (kind: LedgerItem['kind'], amountMinor = 500, of = '1'): LedgerItem => ({
  id: `${kind}_${of}`,
  kind,
  amountMinor,
  currency: 'EUR',
  orderId: id,
});
const payment = (status: string, amountMinor = 500) => [{ orderId: id, status, amountMinor }];
const reservation = (status: string) => [{ orderId: id, status }];
const confirmed: Books = {
  orders: [order('confirmed')],
  payments: payment('captured'),
  reservations: reservation('committed'),
  ledger: [money('charge')],
  underWay: new Map(),
  dead: new Map(),
};
const cancelled: Books = {
  ...confirmed,
  orders: [order('cancelled')],
  payments: payment('refunded'),
  reservations: reservation('released'),
  ledger: [money('charge'), money('refund')],
};
const look = (books: Books) => differences(books, { now, inFlightMs: 60_000 });
const kinds = (books: Books) => look(books).map(({ kind, inFlight }) => (inFlight ? `${kind} in flight` : kind));

describe('books that agree', () => {
  it.each<[string, Books]>([
    ['a confirmed order', confirmed],
    ['a cancelled order that was charged and refunded', cancelled],
    ['a cancelled order that was never charged', { ...cancelled, payments: payment('closed'), ledger: [] }],
    ['a cancelled order that nobody else has heard of', { ...cancelled, payments: [], reservations: [], ledger: [] }],
  ])('of %s have no differences', (_, books) => expect(look(books)).toEqual([]));
});

describe('a difference', () => {
  it.each<[string, Books, string[]]>([
    ['charged twice', { ...confirmed, ledger: [money('charge'), money('charge', 500, '2')] }, ['charged_twice']],
    ['refunded twice', { ...cancelled, ledger: [...cancelled.ledger, money('refund', 500, '2')] }, ['refunded_twice']],
    [
      'charged but cancelled',
      { ...cancelled, payments: payment('closed'), ledger: [money('charge')] },
      ['charged_but_cancelled'],
    ],
    ['confirmed but not charged', { ...confirmed, ledger: [] }, ['confirmed_not_charged']],
    ['refunded but confirmed', { ...confirmed, ledger: cancelled.ledger }, ['refunded_but_confirmed']],
    ['refund missing', { ...cancelled, ledger: [money('charge')] }, ['refund_missing']],
    ['another amount charged', { ...confirmed, ledger: [money('charge', 499)] }, ['amount_differs']],
    ['another amount in the payment', { ...confirmed, payments: payment('captured', 1) }, ['amount_differs']],
    ['a payment behind', { ...confirmed, payments: payment('charging') }, ['payment_disagrees']],
    ['stock still held', { ...cancelled, reservations: reservation('held') }, ['reservation_disagrees']],
    ['stock not committed', { ...confirmed, reservations: reservation('held') }, ['reservation_disagrees']],
    ['a charge for nobody', { ...confirmed, orders: [] }, ['charged_without_order']],
    ['a reservation for nobody', { ...confirmed, orders: [], payments: [], ledger: [] }, ['without_order']],
    ['pending for too long', { ...confirmed, orders: [order('pending', ago(61))], ledger: [] }, ['still_pending']],
    ['pending', { ...confirmed, orders: [order('pending')], ledger: [] }, ['still_pending in flight']],
  ])('%s', (_, books, expected) => expect(kinds(books)).toEqual(expected));

  it('of money that names no order is told too', () => {
    expect(
      look({ ...confirmed, ledger: [...confirmed.ledger, { ...money('charge', 7, '2'), orderId: null }] }),
    ).toMatchObject([{ orderId: null, kind: 'charged_without_order', inFlight: false }]);
  });
});

describe('what is in flight', () => {
  const refunding: Books = { ...cancelled, payments: payment('refunding'), ledger: [money('charge')] };
  const underWay = new Map([[id, ['payment has a task refund open']]]);

  it('is what a service still has to do', () => {
    expect(kinds({ ...refunding, underWay })).toEqual(['refund_missing in flight']);
    expect(kinds(refunding)).toEqual(['refund_missing']);
  });

  it('is not what takes too long, or what waits for a person', () => {
    expect(kinds({ ...refunding, underWay, orders: [order('cancelled', ago(61))] })).toEqual(['refund_missing']);
    const dead = new Map([[id, ['dead letter payment:1']]]);
    expect(look({ ...refunding, underWay, dead })).toMatchObject([
      { inFlight: false, because: ['dead letter payment:1', 'payment has a task refund open'] },
    ]);
  });

  it('is never a second charge', () => {
    expect(kinds({ ...confirmed, underWay, ledger: [money('charge'), money('charge', 500, '2')] })).toEqual([
      'charged_twice',
    ]);
  });
});

describe('looking again', () => {
  const wrong = look({ ...confirmed, ledger: [] });

  it('finds what stays', async () => {
    expect(await watch(() => Promise.resolve(wrong), 1)).toEqual(wrong);
  });

  it('leaves out what only one look saw', async () => {
    const looks = [wrong, []];
    expect(await watch(() => Promise.resolve(looks.shift() ?? []), 10_000)).toEqual([]);
  });
});
