import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFile, cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyDirectory, eventually, type TestProvider, testProvider } from '../../test/harness.js';
import { Journal } from './journal.js';

let killed: Awaited<ReturnType<typeof emptyDirectory>>;
let left: Awaited<ReturnType<typeof emptyDirectory>>;
const open: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  killed = await emptyDirectory();
  left = await emptyDirectory();
});

afterEach(async () => {
  for (const closable of open.splice(0)) await closable.close();
  await killed.remove();
  await left.remove();
});

async function start(path: string, variables = {}): Promise<TestProvider> {
  const provider = await testProvider(path, variables);
  open.push(provider);
  return provider;
}

/** A copy of the data directory at this instant is what `kill -9` leaves behind. */
function kill(): Promise<void> {
  return cp(killed.path, left.path, { recursive: true });
}

const order = { amount: 900, currency: 'eur', metadata: { orderId: 'order-1' } };

describe('after kill -9', () => {
  it('everything that was answered is still so: intents, ledger, balances and keys', async () => {
    const before = await start(killed.path);
    await before.admin('PUT', '/admin/payment-methods/pm_wallet', { balanceMinor: 1000 });
    const parameters = { ...order, payment_method: 'pm_wallet' };
    const { id } = await before.stripe.paymentIntents.create(parameters, { idempotencyKey: 'create' });
    const confirmed = await before.stripe.paymentIntents.confirm(id, {}, { idempotencyKey: 'confirm' });
    await kill();
    const after = await start(left.path);
    expect(await after.stripe.paymentIntents.retrieve(id)).toMatchObject({ status: 'succeeded' });
    expect(await after.ledger()).toEqual(await before.ledger());
    expect(await after.stripe.paymentIntents.create(parameters, { idempotencyKey: 'create' })).toMatchObject({ id });
    expect(await after.stripe.paymentIntents.confirm(id, {}, { idempotencyKey: 'confirm' })).toEqual(confirmed);
    expect(await after.ledger()).toHaveLength(1);
    const other = await after.stripe.paymentIntents.create({ ...parameters, amount: 101 });
    await expect(after.stripe.paymentIntents.confirm(other.id)).rejects.toMatchObject({
      decline_code: 'insufficient_funds',
    });
  });

  it('a charge that was to land later lands', async () => {
    const before = await start(killed.path);
    const { id } = await before.stripe.paymentIntents.create({ ...order, payment_method: 'pm_processing_500' });
    await before.stripe.paymentIntents.confirm(id, {}, { idempotencyKey: 'late' });
    await kill();
    const after = await start(left.path);
    const [charge] = await eventually(async () => {
      const ledger = await after.ledger();
      return ledger.length > 0 ? ledger : undefined;
    });
    expect(charge).toMatchObject({ kind: 'charge', paymentIntent: id, idempotencyKey: 'late' });
  });

  it('a torn last line is cut off, and what follows is written whole', async () => {
    const before = await start(killed.path);
    const { id } = await before.stripe.paymentIntents.create(order);
    await kill();
    const file = join(left.path, 'journal.jsonl');
    await appendFile(file, '{"at":"2026-01-01T00:00:00.000Z","intent":{"id":"pi_to');
    const after = await start(left.path);
    const { id: next } = await after.stripe.paymentIntents.create(order);
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    const ids = lines.map((line) => (JSON.parse(line) as { intent: { id: string } }).intent.id);
    expect(ids).toEqual([id, next]);
  });

  it('a line that is damaged in the middle is not passed over in silence', async () => {
    await appendFile(join(left.path, 'journal.jsonl'), '{"at":1}\nnot json\n{"at":2}\n');
    await expect(Journal.open(left.path)).rejects.toThrow('line 2 of the journal is damaged');
  });
});

describe('the journal', () => {
  it('keeps the order of what is appended together', async () => {
    const journal = await Journal.open(left.path);
    const entries = Array.from({ length: 500 }, (_, index) => ({ at: String(index) }));
    await Promise.all(entries.map((entry) => journal.append(entry)));
    await journal.close();
    const again = await Journal.open(left.path);
    open.push(again);
    expect(again.entries).toEqual(entries);
  });
});
