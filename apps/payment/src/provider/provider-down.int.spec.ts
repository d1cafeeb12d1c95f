import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { countingProxy, type CountingProxy } from '../../test/counting-proxy.js';
import { bootPaymentService, type PaymentService } from '../../test/payment-service.js';

/** The whole service while its provider is down: the agenda keeps what the guard puts off. */

let service: PaymentService;
let proxy: CountingProxy;

beforeAll(async () => {
  const variables = { PROVIDER_RETRY_MAX_MS: '250', PROVIDER_PAUSE_MS: '1000' };
  service = await bootPaymentService(variables, async (providerUrl) => {
    proxy = await countingProxy(providerUrl);
    return proxy.url;
  });
});

afterAll(async () => {
  await service.stop();
  await proxy.stop();
});

async function metric(sample: string): Promise<number> {
  const lines = (await (await fetch(`${service.url}/metrics`)).text()).split('\n');
  const line = lines.find((text) => text.startsWith(`${sample} `));
  if (line === undefined) throw new Error(`there is no metric ${sample}`);
  return Number(line.slice(sample.length));
}

const tries = (kind: 'first' | 'retry') => metric(`quadrille_task_tries_total{dependency="provider",kind="${kind}"}`);
const postponed = () => metric('quadrille_tasks_postponed_total{dependency="provider",reason="breaker"}');
const isOpen = () => metric('quadrille_breaker_open{dependency="provider"}');

async function until(fact: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await fact())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${fact.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('while the provider is down', () => {
  it('payments wait on the agenda without being tried; one that is cancelled charges nothing, all others are captured', async () => {
    const agenda = () =>
      service.app
        .get(DataSource)
        .query<{ attempts: number }[]>(`select attempts from agenda where kind = 'task' order by attempts`);
    await service.provider.admin('PUT', '/admin/faults', { down: true });
    const orders = await Promise.all(Array.from({ length: 200 }, () => service.order('pm_card_visa')));
    await until(async () => (await postponed()) > 500);

    expect(await isOpen()).toBe(1);
    const seen = proxy.requests();
    expect(seen).toBeLessThanOrEqual(1.2 * orders.length + 10);
    // The provider sees nothing that was not counted, and it may have been asked once more since.
    expect(seen).toBeLessThanOrEqual((await tries('first')) + (await tries('retry')));
    expect(await agenda()).toHaveLength(orders.length);
    // Most were never tried, however often their turn came.
    expect((await agenda()).filter(({ attempts }) => attempts === 0).length).toBeGreaterThan(0);

    const [cancelled = '', ...others] = orders;
    await service.tell({ type: 'Abandon', orderId: cancelled });
    await service.provider.admin('DELETE', '/admin/faults');
    for (const orderId of others) await service.becomes(orderId, ({ status }) => status === 'captured');
    await service.becomes(cancelled, ({ status }) => status === 'closed');
    for (const orderId of others) expect(await service.provider.ledgerOf(orderId)).toHaveLength(1);
    expect(await service.provider.ledgerOf(cancelled)).toEqual([]);
    expect(await isOpen()).toBe(0);
    await until(async () => (await agenda()).length === 0);
  });
});
