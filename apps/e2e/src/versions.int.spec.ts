import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { choreography as inventory } from '@quadrille/inventory/choreography';
import { choreography as order } from '@quadrille/order/choreography';
import { choreography as payment } from '@quadrille/payment/choreography';
import { declareTopology, type ServiceTable } from '@quadrille/messaging';
import { eventually } from './client.js';
import { programOfYesterday } from './program-of-yesterday.js';
import { startWorld, type World } from './world.js';

const partitions = 4;
const [v1, v2] = ['payment.declined.v1', 'payment.declined.v2'] as const;
const tables: readonly ServiceTable[] = [order, inventory, payment].map(({ service, reactsTo, announces }) => ({
  service,
  hears: Object.keys(reactsTo),
  announces,
}));
/** As the setup step of yesterday made the broker. */
const tablesOfYesterday = tables.map((table) => ({ ...table, hears: table.hears.filter((type) => type !== v2) }));

const directory = mkdtempSync(join(tmpdir(), 'quadrille-yesterday-'));
/** Which program each replica is launched with: those that are not here run today's. */
const yesterday = new Map<string, string>();
let world: World;

beforeAll(async () => {
  for (const replica of ['order 0', 'order 1']) yesterday.set(replica, programOfYesterday('order', directory));
  yesterday.set('payment 0', programOfYesterday('payment', directory));
  world = await startWorld({
    partitions,
    replicas: { order: 2 },
    program: (name, replica) => yesterday.get(`${name} ${replica}`),
  });
  await declare(tablesOfYesterday);
  await world.client.supply('TEAPOT', 10_000);
}, 180_000);

afterAll(async () => {
  await (world as World | undefined)?.end();
  rmSync(directory, { recursive: true, force: true });
}, 60_000);

describe('a second version of an event', () => {
  it('comes while old and new processes run side by side, and nothing is lost and nothing is twice', async () => {
    const customers = new Customers();
    try {
      await customers.see('an order of yesterday ends', v1);

      // The publisher goes first: two replicas that know the first version alone hear both.
      await declare(tables);
      await renew('payment', 0);
      await customers.see('who cannot read the new one reads the old', v1);

      await renew('order', 0);
      await customers.see('one of two replicas reads the new one', v2);
      await customers.see('the other reads the old one', v1);

      await renew('order', 1);
      await customers.see('everybody reads the new one', v2);
    } finally {
      await customers.goHome();
    }

    const { paid, declined } = customers;
    const { violations, evidence } = await world.broken([...paid, ...declined]);
    expect(violations).toEqual([]);
    const ends = new Map(evidence.orders.map(({ id, status, reason }) => [id, reason ?? status]));
    expect(new Set(paid.map((id) => ends.get(id)))).toEqual(new Set(['confirmed']));
    expect(new Set(declined.map((id) => ends.get(id)))).toEqual(new Set(['payment_declined']));
    for (const id of declined) expect(await declinesIn(id)).toHaveLength(1);

    // Most were sent in both versions, and the two are one message.
    const copies = evidence.wire!.filter(({ type }) => type === v1 || type === v2);
    expect(new Set(copies.map(({ type }) => type))).toEqual(new Set([v1, v2]));
    expect(new Set(copies.map(({ id }) => id)).size).toBe(declined.length);
  });
});

const declare = (wanted: readonly ServiceTable[]) =>
  declareTopology({ url: world.cluster.amqpUrl, tables: wanted, partitions });

/** A rolling replacement's step: the replica ends in good order, and today's program takes its place. */
async function renew(service: 'order' | 'payment', replica: number): Promise<void> {
  yesterday.delete(`${service} ${replica}`);
  const { part } = world.cluster.service(service).replicas[replica]!;
  await part.stop();
  await part.start();
}

const declinesIn = async (id: string) => (await world.client.timeline(id)).filter((type) => type === v1 || type === v2);

/** They place orders all the time, one after the other; every second one is declined. */
class Customers {
  readonly paid: string[] = [];
  readonly declined: string[] = [];
  private open = true;
  private readonly placing = this.place();

  /** Waits until order takes a decline in this version, of an order that is placed from now on. */
  async see(what: string, version: typeof v1 | typeof v2): Promise<void> {
    let next = this.declined.length + 1;
    await eventually(what, async () => {
      const id = this.declined[next];
      if (id === undefined) return undefined;
      next = this.declined.length;
      await world.client.ended(id);
      return (await declinesIn(id)).includes(version) || undefined;
    });
  }

  async goHome(): Promise<void> {
    this.open = false;
    await this.placing;
  }

  private async place(): Promise<void> {
    const lines = [{ sku: 'TEAPOT', quantity: 1 }];
    for (; this.open; await pause(50)) {
      this.paid.push((await world.client.place({ lines })).id);
      this.declined.push((await world.client.place({ lines, paymentMethod: 'pm_card_chargeDeclined' })).id);
    }
  }
}
