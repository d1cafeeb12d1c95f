import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { choreography as inventory } from '@quadrille/inventory/choreography';
import { choreography as order } from '@quadrille/order/choreography';
import { choreography as payment } from '@quadrille/payment/choreography';
import { declareTopology, type ServiceTable } from '@quadrille/messaging';
import { startWorld, type World } from './world.js';

const partitions = 4;
const tables: readonly ServiceTable[] = [order, inventory, payment].map(({ service, reactsTo, announces }) => ({
  service,
  hears: Object.keys(reactsTo),
  announces,
}));
/** As order was before it knew the second version: nothing of that version comes to it. */
const before = tables.map((table) => ({
  ...table,
  hears: table.hears.filter((type) => type !== 'payment.declined.v2'),
}));

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 180_000);

afterAll(() => (world as World | undefined)?.end(), 60_000);

const declare = (wanted: readonly ServiceTable[]) =>
  declareTopology({ url: world.cluster.amqpUrl, tables: wanted, partitions });

/** Places orders that will be declined, one after the other, and answers with their ids. */
async function placeDeclined(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let placed = 0; placed < count; placed++) {
    const { id } = await world.client.place({
      lines: [{ sku: 'TEAPOT', quantity: 1 }],
      paymentMethod: 'pm_card_chargeDeclined',
    });
    ids.push(id);
  }
  return ids;
}

describe('a payment that announces a second version of its decline', () => {
  it('is understood by an order of old, by one that is being renewed and by the new one, and by none twice', async () => {
    await world.client.supply('TEAPOT', 100);

    await declare(before);
    const ofOld = await placeDeclined(4);
    for (const id of ofOld) await world.client.ended(id);
    // Orders are under way while the new binding comes: they are heard in either version, or in both.
    const placing = placeDeclined(8);
    await declare(tables);
    const renewing = await placing;
    const ofNew = await placeDeclined(4);

    const all = [...ofOld, ...renewing, ...ofNew];
    for (const id of all)
      expect(await world.client.ended(id)).toMatchObject({
        status: 'cancelled',
        reason: 'payment_declined',
        declineCode: 'generic_decline',
      });
    const { violations, evidence } = await world.broken(all);
    expect(violations).toEqual([]);
    for (const id of all)
      expect((await world.client.timeline(id)).filter((type) => type.startsWith('payment.declined.'))).toEqual([
        'payment.declined.v2',
      ]);

    for (const id of all) {
      const copies = evidence.wire!.filter(
        ({ subject, type }) => subject === id && type.startsWith('payment.declined.'),
      );
      expect(new Set(copies.map(({ type }) => type))).toEqual(new Set(['payment.declined.v1', 'payment.declined.v2']));
      expect(new Set(copies.map((copy) => copy.id)).size).toBe(1);
    }
  });
});
