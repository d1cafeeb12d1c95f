import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { adminToken, emptyDirectory, type TestProvider, testProvider } from '../../test/harness.js';

let directory: Awaited<ReturnType<typeof emptyDirectory>>;
let provider: TestProvider;

beforeAll(async () => {
  directory = await emptyDirectory();
  provider = await testProvider(directory.path);
});

afterEach(() => provider.admin('DELETE', '/admin/faults'));

afterAll(async () => {
  await provider.close();
  await directory.remove();
});

async function charge(amount: number): Promise<string> {
  const { id } = await provider.stripe.paymentIntents.create({
    amount,
    currency: 'eur',
    payment_method: 'pm_card_visa',
  });
  await provider.stripe.paymentIntents.confirm(id);
  return id;
}

describe('the ledger', () => {
  it('is read in pages, in the order in which the money moved', async () => {
    for (const amount of [1, 2, 3]) await charge(amount);
    const amounts: number[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body } = await provider.admin('GET', `/ledger?limit=2${cursor && `&after=${cursor}`}`);
      const page = body as { items: { amountMinor: number }[]; nextCursor: string | null };
      amounts.push(...page.items.map(({ amountMinor }) => amountMinor));
      cursor = page.nextCursor;
    }
    expect(amounts).toEqual([1, 2, 3]);
  });

  it.each(['limit=0', 'limit=201', 'limit=many', 'after=ch_none', 'colour=red'])('refuses ?%s', async (query) => {
    const { status, body } = await provider.admin('GET', `/ledger?${query}`);
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'validation_failed', errors: [expect.objectContaining({})] });
  });

  it('and the administration are closed to strangers', async () => {
    for (const [method, path] of [
      ['GET', '/ledger'],
      ['PUT', '/admin/faults'],
      ['DELETE', '/admin/faults'],
    ] as const) {
      const headers = { authorization: `Bearer not-${adminToken}` };
      expect((await fetch(`${provider.url}${path}`, { method, headers })).status).toBe(401);
      expect((await fetch(`${provider.url}${path}`, { method })).status).toBe(401);
    }
  });
});

describe('faults', () => {
  it('down: no call is heard', async () => {
    await provider.admin('PUT', '/admin/faults', { down: true });
    await expect(charge(1)).rejects.toThrow('connection');
    await provider.admin('DELETE', '/admin/faults');
    await expect(charge(1)).resolves.toMatch(/^pi_/);
  });

  it('errorRate: calls are answered 503 before anything happens, and their keys stay free', async () => {
    await provider.admin('PUT', '/admin/faults', { errorRate: 1 });
    const create = () =>
      provider.stripe.paymentIntents.create({ amount: 1, currency: 'eur' }, { idempotencyKey: 'free' });
    await expect(create()).rejects.toMatchObject({ statusCode: 503 });
    await provider.admin('PUT', '/admin/faults', {});
    await expect(create()).resolves.toMatchObject({ object: 'payment_intent' });
  });

  it('loseAnswerRate: the answer is lost after everything happened', async () => {
    const { id } = await provider.stripe.paymentIntents.create({
      amount: 1,
      currency: 'eur',
      payment_method: 'pm_card_visa',
    });
    await provider.admin('PUT', '/admin/faults', { loseAnswerRate: 1 });
    await expect(provider.stripe.paymentIntents.confirm(id)).rejects.toThrow('connection');
    await provider.admin('DELETE', '/admin/faults');
    expect(await provider.stripe.paymentIntents.retrieve(id)).toMatchObject({ status: 'succeeded' });
  });

  it('latencyMs: a call takes at least so long', async () => {
    await provider.admin('PUT', '/admin/faults', { latencyMs: [150, 200] });
    const start = performance.now();
    await provider.stripe.paymentIntents.list();
    expect(performance.now() - start).toBeGreaterThan(140);
  });

  it('with wrong settings are refused, and nothing changes', async () => {
    const { status, body } = await provider.admin('PUT', '/admin/faults', { errorRate: 2, colour: 'red' });
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'validation_failed' });
    expect((await provider.admin('GET', '/admin/faults')).body).toMatchObject({ errorRate: 0 });
    expect((await provider.admin('PUT', '/admin/payment-methods/pm_x', { balanceMinor: -1 })).status).toBe(422);
    expect((await provider.admin('PUT', '/admin/payment-methods/pm%20x', { balanceMinor: 1 })).status).toBe(422);
  });
});

describe('health', () => {
  it('is live and ready', async () => {
    for (const probe of ['live', 'ready']) expect((await fetch(`${provider.url}/health/${probe}`)).status).toBe(200);
  });
});
