import { deciderSpecification } from '@quadrille/testing';
import { describe, expect, it, test } from '@jest/globals';
import { inventoryDecider, type InventoryCommand, type InventoryEvent, type Reservation } from './index.js';

const given = deciderSpecification(inventoryDecider);
const orderId = '01890a5d-0000-7000-8000-000000000001';
const lines = [
  { sku: 'TEAPOT', quantity: 2 },
  { sku: 'CUP', quantity: 6 },
];

const teapots = received('TEAPOT', 2);
const cups = received('CUP', 10);
const reserve: InventoryCommand = { type: 'Reserve', orderId, lines };
const commit: InventoryCommand = { type: 'Commit', orderId };
const release: InventoryCommand = { type: 'Release', orderId };
const receive: InventoryCommand = { type: 'Receive', sku: 'CUP', quantity: 10 };

const reserved: InventoryEvent = { type: 'Reserved', orderId, lines };
const rejected: InventoryEvent = {
  type: 'Rejected',
  orderId,
  missing: [{ sku: 'CUP', requested: 6, available: 0 }],
};
const committed: InventoryEvent = { type: 'Committed', orderId, lines };
const releasedFromHeld: InventoryEvent = { type: 'Released', orderId, lines, from: 'held' };
const releasedFromCommitted: InventoryEvent = { type: 'Released', orderId, lines, from: 'committed' };
const closed: InventoryEvent = { type: 'Closed', orderId };

describe('a reservation', () => {
  it('holds every line when all are there, down to the last piece', () => {
    given(teapots, cups).when(reserve).then(reserved);
    expect(given(teapots, cups, reserved).state.levels).toEqual({
      TEAPOT: { received: 2, available: 0, held: 2, committed: 0 },
      CUP: { received: 10, available: 4, held: 6, committed: 0 },
    });
  });

  it('holds nothing when one line is missing, and says which', () => {
    given(teapots).when(reserve).then(rejected);
    expect(given(teapots, rejected).state.levels).toEqual(given(teapots).state.levels);
  });

  it('says every line that is missing, and what is there', () => {
    given(received('TEAPOT', 1))
      .when(reserve)
      .then({
        type: 'Rejected',
        orderId,
        missing: [
          { sku: 'TEAPOT', requested: 2, available: 1 },
          { sku: 'CUP', requested: 6, available: 0 },
        ],
      });
  });

  it('lets lines of one SKU share what is there', () => {
    const twice = [
      { sku: 'TEAPOT', quantity: 1 },
      { sku: 'TEAPOT', quantity: 2 },
    ];
    given(teapots)
      .when({ type: 'Reserve', orderId, lines: twice })
      .then({ type: 'Rejected', orderId, missing: [{ sku: 'TEAPOT', requested: 2, available: 1 }] });
    given(received('TEAPOT', 3))
      .when({ type: 'Reserve', orderId, lines: twice })
      .then({ type: 'Reserved', orderId, lines: twice });
  });

  it('takes the stock away for good when the order is confirmed', () => {
    given(teapots, cups, reserved).when(commit).then(committed);
    expect(given(teapots, cups, reserved, committed).state.levels['CUP']).toEqual({
      received: 10,
      available: 4,
      held: 0,
      committed: 6,
    });
  });

  it('gives held stock back when the order is cancelled', () => {
    given(teapots, cups, reserved).when(release).then(releasedFromHeld);
    expect(given(teapots, cups, reserved, releasedFromHeld).state.levels).toEqual(given(teapots, cups).state.levels);
  });

  it('puts committed stock back when a confirmed order is cancelled', () => {
    given(teapots, cups, reserved, committed).when(release).then(releasedFromCommitted);
    expect(given(teapots, cups, reserved, committed, releasedFromCommitted).state.levels).toEqual(
      given(teapots, cups).state.levels,
    );
  });

  it('is closed by a cancellation that overtakes the order, which then holds nothing', () => {
    given(teapots, cups).when(release).then(closed);
    given(teapots, cups, closed).when(reserve).thenNothing();
  });
});

describe('stock', () => {
  it('is received', () => {
    given(cups).when(receive).then(cups);
    expect(given(cups, cups).state.levels['CUP']).toEqual({ received: 20, available: 20, held: 0, committed: 0 });
  });

  it('can never be taken where it is not', () => {
    expect(() => given(teapots, reserved)).toThrow('6 of CUP cannot leave available, which has 0');
    expect(() => given(committed)).toThrow('cannot leave held');
    expect(() => given(releasedFromCommitted)).toThrow('cannot leave committed');
  });

  it('and reservations keep their own streams', () => {
    expect(inventoryDecider.streamOf(receive)).toBe('stock-CUP');
    expect(inventoryDecider.streamOf(reserve)).toBe(`reservation-${orderId}`);
  });
});

/** Late, repeated and out of order: every command in every state. A missing cell does not compile. */
const histories: Record<Reservation['status'], InventoryEvent[]> = {
  none: [],
  held: [reserved],
  committed: [reserved, committed],
  released: [reserved, releasedFromHeld],
  rejected: [rejected],
  closed: [closed],
};
const commands = { reserve, commit, release, receive };
const cells: Record<Reservation['status'], Record<keyof typeof commands, InventoryEvent[]>> = {
  none: { reserve: [reserved], commit: [], release: [closed], receive: [cups] },
  held: { reserve: [], commit: [committed], release: [releasedFromHeld], receive: [cups] },
  committed: { reserve: [], commit: [], release: [releasedFromCommitted], receive: [cups] },
  released: { reserve: [], commit: [], release: [], receive: [cups] },
  rejected: { reserve: [], commit: [], release: [], receive: [cups] },
  closed: { reserve: [], commit: [], release: [], receive: [cups] },
};

describe.each(Object.keys(cells) as Reservation['status'][])('a reservation that is %s', (status) => {
  test.each(Object.keys(commands) as (keyof typeof commands)[])('answers %s', (name) => {
    given(teapots, cups, ...histories[status])
      .when(commands[name])
      .then(...cells[status][name]);
  });
});

function received(sku: string, quantity: number): InventoryEvent {
  return { type: 'Received', sku, quantity };
}
