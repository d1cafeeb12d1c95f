import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from './client.js';
import { startWorld, type World } from './world.js';

let world: World;

beforeAll(async () => {
  world = await startWorld({
    environment: {
      order: { ORDER_DEADLINE_MS: '3000' },
      payment: { PROVIDER_TIMEOUT_MS: '1000' },
      'payment-provider': { PROVIDER_LATE_MS: '6000' },
    },
  });
}, 180_000);

afterAll(() => (world as World | undefined)?.end(), 60_000);

describe('an order whose payment provider is silent', () => {
  it('times out, and a charge that lands late is refunded', async () => {
    await world.client.supply('LAMP', 3);

    const never = await world.client.place({ lines: [{ sku: 'LAMP', quantity: 1 }], paymentMethod: 'pm_silent' });
    const late = await world.client.place({ lines: [{ sku: 'LAMP', quantity: 1 }], paymentMethod: 'pm_late_charge' });

    for (const { id } of [never, late])
      expect(await world.client.ended(id)).toMatchObject({ status: 'cancelled', reason: 'timed_out' });
    await eventually('the late charge is refunded', async () =>
      (await world.client.payment(late.id))?.status === 'refunded' ? true : undefined,
    );
    const { violations, evidence } = await world.broken([never.id, late.id]);
    expect(violations).toEqual([]);
    expect(evidence.ledger.map(({ kind, orderId }) => [kind, orderId])).toEqual([
      ['charge', late.id],
      ['refund', late.id],
    ]);
    expect(await world.client.stock('LAMP')).toMatchObject({ available: 3, held: 0, committed: 0 });
  }, 180_000);
});
