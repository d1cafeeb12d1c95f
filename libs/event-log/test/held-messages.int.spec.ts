import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { plantFailpoint } from '@quadrille/observability';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { DeadLetters } from '../src/dead-letters.js';
import { HeldMessages } from '../src/held-messages.js';
import { readStream } from '../src/log.js';
import type { DeliveryItem } from '../src/round-types.js';
import { accountDatabase, type AccountDatabase } from './account-database.js';
import { accountParticipant, broken } from './account.js';
import { cause, confirmed, inNewerVersion, placed, request, unreadable } from './items.js';

const retry = { attemptsMax: 3, firstDelayMs: 1, factor: 1, delayMaxMs: 1 };
let database: AccountDatabase;
let held: HeldMessages<never, never, never>;
let letters: DeadLetters;
beforeAll(async () => {
  database = await accountDatabase({ retry });
  held = new HeldMessages({ dataSource: database.dataSource, participant: accountParticipant as never, retry });
  letters = new DeadLetters({ dataSource: database.dataSource, service: 'payment' });
});
afterAll(() => database.end());
afterEach(() => broken.clear());

/** Tries what is due of this key until nothing is. */
async function retryAll(key: string): Promise<string[]> {
  const results: string[] = [];
  for (;;) {
    const row = (await held.due(1000, 'all')).find((due) => due.key === key);
    if (row) results.push(await held.retry(row));
    else if (!(await isWaitingForItsTime(key))) return results;
    else await sleep(2);
  }
}

async function isWaitingForItsTime(key: string): Promise<boolean> {
  const [oldest] = await database.query<{ status: string }>(
    `select status from held_message where key = $1 and status <> 'discarded' order by id limit 1`,
    [key],
  );
  return oldest?.status === 'retrying';
}

/** Runs messages while their account is broken, so that all of them are held. */
async function hold(account: string, ...items: DeliveryItem[]): Promise<void> {
  broken.add(account);
  const outcomes = await database.round.run(items);
  expect(outcomes.map(({ kind }) => kind)).toEqual(items.map(() => 'held'));
}

const amountsOf = async (account: string) =>
  (await readStream(database.dataSource.manager, `account-${account}`)).map(
    ({ event }) => (event as unknown as { amount: number }).amount,
  );
const oldestOf = async (key: string) => (await letters.list({ key })).items[0]?.id ?? '';

describe('a message that is sent in two versions, of which this build knows the older', () => {
  test('is handled once when both come at once', async () => {
    const account = uuidv7();
    const item = placed(account, 10);
    const outcomes = await database.round.run([inNewerVersion(item), item, placed(account, 20)]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['held', 'duplicate', 'held']);
    expect(await retryAll(account)).toEqual(['handled', 'handled']);
    expect(await amountsOf(account)).toEqual([10, 20]);
  });

  test('is handled although the newer one is a dead letter by then', async () => {
    const account = uuidv7();
    const item = placed(account, 10);
    await database.round.run([inNewerVersion(item)]);
    expect(await retryAll(account)).toEqual(['held', 'dead']);
    expect(await database.round.run([item])).toEqual([{ kind: 'duplicate' }]);
    expect(await retryAll(account)).toEqual(['handled']);
    expect(await database.round.run([item, inNewerVersion(item)])).toMatchObject([
      { kind: 'duplicate' },
      { kind: 'duplicate' },
    ]);
    expect(await amountsOf(account)).toEqual([10]);
  });

  test('keeps its place behind what is held before it', async () => {
    const account = uuidv7();
    const item = placed(account, 20);
    await hold(account, placed(account, 10), inNewerVersion(item));
    expect(await database.round.run([item])).toEqual([{ kind: 'duplicate' }]);
    broken.clear();
    expect(await retryAll(account)).toEqual(['handled', 'handled']);
    expect(await amountsOf(account)).toEqual([10, 20]);
  });

  test('stays as a person mended or closed it', async () => {
    const account = uuidv7();
    const [mended, closed] = [placed(account, 10), placed(account, 20)];
    await database.round.run([inNewerVersion(mended), inNewerVersion(closed)]);
    const [first, second] = (await letters.list({ key: account })).items;
    const body = Buffer.from(mended.message.body).toString().replace('"totalMinor":10', '"totalMinor":11');
    await letters.edit(first?.id ?? '', { body, by: 'ann', reason: 'wrong amount' });
    await letters.discard(second?.id ?? '', { by: 'ann', reason: 'test order' });
    await database.round.run([mended, closed]);
    expect(await retryAll(account)).toEqual(['handled']);
    expect(await amountsOf(account)).toEqual([11]);
  });
});

describe('held messages of a key', () => {
  test('are handled in their order, and then its new messages pass again', async () => {
    const account = uuidv7();
    await hold(account, placed(account, 10), placed(account, 20), placed(account, 30));
    broken.clear();
    expect(await database.round.run([placed(account, 40)])).toMatchObject([{ kind: 'held' }]);
    expect(await retryAll(account)).toEqual(['handled', 'handled', 'handled', 'handled']);
    expect(await database.round.run([placed(account, 50)])).toEqual([{ kind: 'decided', events: 1 }]);
    expect(await amountsOf(account)).toEqual([10, 20, 30, 40, 50]);
  });

  test('keep their cause', async () => {
    const account = uuidv7();
    const item = { ...placed(account, 10), cause: { ...cause(), traceparent: '00-aa-bb-01' } };
    await hold(account, item);
    broken.clear();
    await retryAll(account);
    const [event] = await readStream(database.dataSource.manager, `account-${account}`);
    expect(event?.cause).toEqual(item.cause);
  });

  test('become a dead letter when attempts are used up, and the rest of the key waits for a person', async () => {
    const account = uuidv7();
    await hold(account, placed(account, 10), placed(account, 20));
    expect(await retryAll(account)).toEqual(['held', 'dead']);
    broken.clear();
    expect(await retryAll(account)).toEqual([]);
    const { items } = await letters.list({ key: account });
    expect(items).toEqual([
      expect.objectContaining({ status: 'dead', attempts: 3, reason: `account ${account} is broken`, nextAt: null }),
      expect.objectContaining({ status: 'waiting', attempts: 0, code: 'key_held' }),
    ]);
    expect((await letters.show(items[0]?.id ?? '')).stack).toContain('account.ts');
  });

  test('are due for the partitions asked for only, and one at a time', async () => {
    const account = uuidv7();
    await hold(account, { ...placed(account, 10), partition: 3 }, { ...placed(account, 20), partition: 3 });
    await sleep(2);
    const keysOf = async (partitions: number[]) => (await held.due(1000, partitions)).map(({ key }) => key);
    expect(await keysOf([0, 1, 2])).not.toContain(account);
    expect((await keysOf([2, 3])).filter((key) => key === account)).toHaveLength(1);
  });

  test('are tried by one of two replicas', async () => {
    const account = uuidv7();
    await hold(account, placed(account, 10));
    broken.clear();
    await sleep(2);
    const row = (await held.due(1000, 'all')).find(({ key }) => key === account);
    if (!row) throw new Error('nothing is due');
    const results = await Promise.all([held.retry(row), held.retry(row), held.retry(row)]);
    expect(results).toContain('handled');
    expect(await amountsOf(account)).toEqual([10]);
  });

  test('whose process ends while it tries them become dead letters too', async () => {
    const account = uuidv7();
    await hold(account, placed(account, 10));
    broken.clear();
    // What a killed process leaves behind: the attempt is counted, and nothing else happened.
    await database.query('update held_message set attempts = 3 where key = $1', [account]);
    expect(await retryAll(account)).toEqual(['dead']);
    expect((await letters.list({ key: account })).items).toEqual([expect.objectContaining({ code: 'process_ended' })]);
    expect(await amountsOf(account)).toEqual([]);
  });

  test('are not handled twice when nobody knows whether the COMMIT happened', async () => {
    const account = uuidv7();
    await hold(account, placed(account, 10));
    broken.clear();
    await sleep(2);
    let commits = 0;
    const pull = plantFailpoint('held.committed', () => {
      commits += 1;
      if (commits === 2) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    });
    try {
      expect(await retryAll(account)).toEqual(['handled']);
    } finally {
      pull();
    }
    expect(await amountsOf(account)).toEqual([10]);
  });

  test('may be held without a try, and dead from the start', async () => {
    const account = uuidv7();
    const failure = { code: 'crashed', reason: 'delivered three times' };
    const item = placed(account, 10);
    expect(await database.round.hold(item, failure, { dead: true, attempts: 3 })).toMatchObject({ kind: 'held' });
    expect(await database.round.hold(item, failure, { dead: true })).toEqual({ kind: 'duplicate' });
    expect(await database.round.run([placed(account, 20)])).toMatchObject([{ kind: 'held' }]);
    expect((await letters.list({ key: account })).items.map(({ status }) => status)).toEqual(['dead', 'waiting']);
  });
});

describe('held wake-ups', () => {
  const failed = { reason: 'provider is away', cause: cause(), dead: false };

  /** An account whose audit is asked for. */
  async function audited() {
    const account = uuidv7();
    await database.round.run([request({ type: 'Audit', account })]);
    return { account, entry: { stream: `account-${account}`, task: 'audit' } };
  }

  test('are decided when their turn comes', async () => {
    const { account, entry } = await audited();
    const command = { type: 'Deposit', account, amount: 7 };
    await held.holdWakeUp({ key: account, type: 'Deposit', command, entry, ...failed });
    expect(await database.round.run([placed(account, 10)])).toMatchObject([{ kind: 'held' }]);
    expect(await retryAll(account)).toEqual(['handled', 'handled']);
    // Behind the asking for the audit.
    expect((await amountsOf(account)).slice(1)).toEqual([7, 10]);
  });

  test('of a task ask for it again', async () => {
    const { account, entry } = await audited();
    const { stream } = entry;
    const awake = () =>
      database.query('select attempts, claimed_by, due_at <= now() as due from agenda where stream = $1', [stream]);
    await database.query(
      `update agenda set attempts = 9, claimed_by = 'x', claimed_until = 'infinity' where stream = $1`,
      [stream],
    );
    await held.holdWakeUp({ key: account, type: 'audit', command: entry, entry, ...failed, dead: true });
    expect(await awake()).toEqual([{ attempts: 9, claimed_by: null, due: false }]);
    await letters.replay({ key: account }, { by: 'ann' });
    expect(await retryAll(account)).toEqual(['handled']);
    expect(await awake()).toEqual([{ attempts: 0, claimed_by: null, due: true }]);
  });

  test('are not kept of what the state asks for no more, nor a second time of what rests', async () => {
    const { account, entry } = await audited();
    const giveUp = (task: string) =>
      held.holdWakeUp({ key: account, type: task, command: entry, entry: { ...entry, task }, ...failed, dead: true });
    await giveUp('settle');
    expect((await letters.list({ key: account })).items).toEqual([]);
    await giveUp('audit');
    await giveUp('audit');
    expect((await letters.list({ key: account })).items).toHaveLength(1);
  });

  test('are one when nobody knows whether the COMMIT happened', async () => {
    const { account, entry } = await audited();
    let commits = 0;
    const pull = plantFailpoint('held.committed', () => {
      commits += 1;
      if (commits === 1) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    });
    try {
      await held.holdWakeUp({ key: account, type: 'audit', command: entry, entry, ...failed, dead: true });
    } finally {
      pull();
    }
    expect((await letters.list({ key: account })).items).toHaveLength(1);
  });
});

describe('a person', () => {
  test('replays a dead letter, and the key goes on in its order', async () => {
    const account = uuidv7();
    await hold(account, placed(account, 10), placed(account, 20));
    await retryAll(account);
    broken.clear();
    expect(await letters.replay(await oldestOf(account), { by: 'ann' })).toBe(1);
    expect(await retryAll(account)).toEqual(['handled', 'handled']);
    expect(await amountsOf(account)).toEqual([10, 20]);
  });

  test('replays by filter what is dead, and nothing else', async () => {
    const [dead, waiting] = [uuidv7(), uuidv7()];
    await hold(dead, placed(dead, 10), placed(dead, 20));
    await retryAll(dead);
    await hold(waiting, placed(waiting, 10));
    expect(await letters.replay({ key: waiting }, { by: 'ann' })).toBe(0);
    expect(await letters.replay({ key: dead, code: 'Error' }, { by: 'ann' })).toBe(1);
    expect((await letters.show(await oldestOf(dead))).replayed).toEqual({ by: 'ann', at: expect.any(String) });
  });

  test('cannot replay what was handled', async () => {
    const account = uuidv7();
    await hold(account, placed(account, 10));
    const id = await oldestOf(account);
    broken.clear();
    await retryAll(account);
    await expect(letters.replay(id, { by: 'ann' })).rejects.toMatchObject({ code: 'not_found' });
    for (const unknown of ['0', 'x', '999999999999999999999'])
      await expect(letters.show(unknown)).rejects.toMatchObject({ code: 'not_found' });
    expect(await amountsOf(account)).toEqual([10]);
  });

  test('mends a message that cannot be read; the original is kept, and the copy is handled after a replay', async () => {
    const account = uuidv7();
    const item = unreadable(account);
    await database.round.run([item, placed(account, 20)]);
    expect(await retryAll(account)).toEqual(['held', 'dead']);
    const id = await oldestOf(account);
    const mended = Buffer.from(placed(account, 15).message.body)
      .toString()
      .replace(/"id":"[^"]+"/, `"id":"${item.messageId}"`);
    const edited = await letters.edit(id, { body: mended, by: 'ann', reason: 'amount was missing' });
    expect(edited).toMatchObject({
      status: 'dead',
      body: mended,
      edited: { by: 'ann', reason: 'amount was missing', originalBody: Buffer.from(item.message.body).toString() },
    });
    await letters.replay(id, { by: 'ann' });
    expect(await retryAll(account)).toEqual(['handled', 'handled']);
    expect(await amountsOf(account)).toEqual([15, 20]);
  });

  test('cannot mend a message into nonsense or into another message', async () => {
    const account = uuidv7();
    const item = unreadable(account);
    await database.round.run([item]);
    const id = await oldestOf(account);
    const edit = (body: string) => letters.edit(id, { body, by: 'ann', reason: 'try' });
    await expect(edit('{')).rejects.toMatchObject({ code: 'invalid_body' });
    await expect(edit(Buffer.from(item.message.body).toString())).rejects.toMatchObject({ code: 'invalid_body' });
    await expect(edit(Buffer.from(confirmed(account).message.body).toString())).rejects.toMatchObject({
      code: 'other_message',
    });
    const ofAnother = Buffer.from(placed(uuidv7(), 1).message.body)
      .toString()
      .replace(/"id":"[^"]+"/, `"id":"${item.messageId}"`);
    await expect(edit(ofAnother)).rejects.toMatchObject({ code: 'other_message' });
    expect((await letters.show(id)).edited).toBeNull();
  });

  test('discards a message: it stays visible with the reason, and the next one proceeds', async () => {
    const account = uuidv7();
    await hold(account, placed(account, 10), placed(account, 20));
    await retryAll(account);
    broken.clear();
    const id = await oldestOf(account);
    await letters.discard(id, { by: 'ann', reason: 'test order' });
    expect(await retryAll(account)).toEqual(['handled']);
    expect(await amountsOf(account)).toEqual([20]);
    expect((await letters.list({ key: account, status: 'discarded' })).items).toHaveLength(1);
    await expect(letters.discard(id, { by: 'bob', reason: 'me too' })).rejects.toMatchObject({ code: 'wrong_status' });
    expect(await letters.show(id)).toMatchObject({ status: 'discarded', closed: { by: 'ann', reason: 'test order' } });
  });

  test('brings a discarded message back', async () => {
    const account = uuidv7();
    await hold(account, placed(account, 10));
    const id = await oldestOf(account);
    await letters.discard(id, { by: 'ann', reason: 'test order' });
    broken.clear();
    await letters.replay(id, { by: 'bob' });
    expect(await retryAll(account)).toEqual(['handled']);
    expect(await amountsOf(account)).toEqual([10]);
  });

  test('pages through the list and sees the counts', async () => {
    const type = 'order.placed.v1';
    for (let i = 0; i < 3; i++) {
      const account = uuidv7();
      await hold(account, placed(account, 1));
    }
    const ids: string[] = [];
    for (let cursor: string | null = '0'; cursor !== null;) {
      const page = await letters.list({ type, limit: 2, ...(cursor === '0' ? {} : { cursor }) });
      ids.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    const all = await letters.list({ type, limit: 1000 });
    expect(ids).toEqual(all.items.map(({ id }) => id));
    expect(await letters.list({ olderThan: '2020-01-01T00:00:00Z' })).toEqual({ items: [], nextCursor: null });
    await expect(letters.list({ cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_cursor' });
    const counts = await letters.counts();
    expect(counts.heldKeys).toBe(new Set((await letters.list({ limit: 1000 })).items.map(({ key }) => key)).size);
    expect(counts.oldestHeldSeconds).toBeGreaterThan(0);
    expect(counts.deadLettersOpen).toBe((await letters.list({ status: 'dead', limit: 1000 })).items.length);
  });
});
