import { Refusal } from '@quadrille/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { plantFailpoint } from '@quadrille/observability';
import { v7 as uuidv7 } from 'uuid';
import { CommandGate, RefusedError } from '../src/command-gate.js';
import { GroupCommit } from '../src/group-commit.js';
import { readStream } from '../src/log.js';
import { accountDatabase, type AccountDatabase } from './account-database.js';
import { eventually } from './eventually.js';
import { broken, type Account, type AccountCommand } from './account.js';
import { cause, request } from './items.js';

let database: AccountDatabase;
beforeAll(async () => {
  database = await accountDatabase();
});
afterAll(() => database.end());
afterEach(() => broken.clear());

const answer = ({ balance }: Account, version: number) => ({ version, balance });
const deposit = (account: string, amount: number): AccountCommand => ({ type: 'Deposit', account, amount });
const withdraw = (account: string, amount: number): AccountCommand => ({ type: 'Withdraw', account, amount });
const withKey = (key: string, bodyHash = 'h') => ({
  cause: cause(),
  answer,
  idempotency: { scope: 'customer', key, bodyHash },
});
const gateOf = ({ itemsMax, waitingMax }: { itemsMax?: number; waitingMax?: number } = {}) =>
  new CommandGate<AccountCommand, Account>(new GroupCommit(database.round, { itemsMax }), { waitingMax });
const versionsOf = async (account: string) =>
  (await readStream(database.dataSource.manager, `account-${account}`)).map(({ version }) => version);

/** Lets rounds begin only after `release`. */
function holdRounds() {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let rounds = 0;
  const pull = plantFailpoint('round.deciding', () => {
    rounds += 1;
    return released;
  });
  return {
    rounds: () => rounds,
    release() {
      release();
      pull();
    },
  };
}

/** Keeps the next transaction from its COMMIT until `release`. */
function heldCommit() {
  let [release, reach]: (() => void)[] = [];
  const released = new Promise<void>((resolve) => (release = resolve));
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const pull = plantFailpoint('round.committing', () => {
    pull();
    reach?.();
    return released;
  });
  return { reached, release: () => release?.() };
}

async function waitingForLocks(): Promise<number> {
  const waiting = await database.query(
    `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return waiting.length;
}

describe('an idempotency key', () => {
  test.each([
    ['begins', 0],
    ['goes on with', 1],
  ])(
    'used by concurrent twins decides once and gives all the same answer, in a stream that it %s',
    async (_, before) => {
      const account = uuidv7();
      if (before > 0) await gateOf().send(deposit(account, before), { cause: cause(), answer });
      const commit = heldCommit();
      const send = () => gateOf().send(deposit(account, 10), withKey(account));
      const first = send();
      await commit.reached;
      const twins = Array.from({ length: 4 }, send);
      await eventually(async () => expect(await waitingForLocks()).toBe(4));
      commit.release();
      const theAnswer = { version: before + 1, balance: before + 10 };
      expect(await first).toEqual({ replayed: false, events: 1, answer: theAnswer });
      for (const twin of twins) expect(await twin).toEqual({ replayed: true, events: 0, answer: theAnswer });
      expect(await versionsOf(account)).toHaveLength(before + 1);
    },
  );

  test('whose twin has taken at the same moment what it asks for is answered as the twin is, and not refused', async () => {
    const account = uuidv7();
    await gateOf().send(deposit(account, 10), { cause: cause(), answer });
    const commit = heldCommit();
    const first = gateOf().send(withdraw(account, 10), withKey(account));
    await commit.reached;
    const twin = gateOf().send(withdraw(account, 10), withKey(account));
    await eventually(async () => expect(await waitingForLocks()).toBe(1));
    commit.release();
    expect(await Promise.all([first, twin])).toEqual([
      { replayed: false, events: 1, answer: { version: 2, balance: 0 } },
      { replayed: true, events: 0, answer: { version: 2, balance: 0 } },
    ]);
  });

  test('used again gives the first answer, to the byte, whatever happened since', async () => {
    const account = uuidv7();
    const gate = gateOf();
    const first = await gate.send(deposit(account, 10), withKey(account));
    await gate.send(deposit(account, 5), { cause: cause(), answer });
    const again = await gate.send(deposit(account, 10), withKey(account));
    expect(again.replayed).toBe(true);
    expect(JSON.stringify(again.answer)).toBe(JSON.stringify(first.answer));
  });

  test('with another body is refused, also by concurrent requests', async () => {
    const account = uuidv7();
    const gate = gateOf();
    const settled = await Promise.allSettled([
      gate.send(deposit(account, 10), withKey(account, 'one')),
      gate.send(deposit(account, 20), withKey(account, 'other')),
    ]);
    expect(settled[0]?.status).toBe('fulfilled');
    expect(settled[1]).toMatchObject({ reason: { refusal: { code: 'idempotency_key_reused' } } });
    await expect(gate.send(deposit(account, 20), withKey(account, 'other'))).rejects.toThrow(RefusedError);
    expect(await versionsOf(account)).toEqual([1]);
  });

  test('of a refused request is free again: nothing was stored', async () => {
    const account = uuidv7();
    const gate = gateOf();
    const refused = gate.send(withdraw(account, 10), withKey(account));
    await expect(refused).rejects.toMatchObject({ refusal: { code: 'insufficient_funds' } });
    for (const table of ['idempotency where key = $1', "stream_head where stream = 'account-' || $1"])
      expect(await database.query(`select * from ${table}`, [account])).toEqual([]);
    await gate.send(deposit(account, 10), { cause: cause(), answer });
    expect((await gate.send(withdraw(account, 10), withKey(account))).answer).toEqual({ version: 2, balance: 0 });
  });

  test('that several requests of one batch use is decided in turn', async () => {
    const account = uuidv7();
    const key = (bodyHash: string) => ({ scope: 's', key: account, bodyHash });
    const outcomes = await database.round.run([
      request(withdraw(account, 1), key('refused')),
      request(deposit(account, 10), key('deposit')),
      request(deposit(account, 10), key('deposit')),
      request(deposit(account, 30)),
      request(deposit(account, 20), key('other')),
    ]);
    expect(outcomes).toEqual([
      { kind: 'refused', refusal: expect.objectContaining({ code: 'insufficient_funds' }) },
      { kind: 'decided', events: 1, answer: { version: 2, balance: 40 } },
      { kind: 'replayed', answer: { version: 2, balance: 40 } },
      { kind: 'decided', events: 1, answer: { version: 1, balance: 30 } },
      { kind: 'refused', refusal: expect.any(Refusal) },
    ]);
  });

  test('of a COMMIT whose outcome is unknown is looked up and not decided again', async () => {
    const account = uuidv7();
    let commits = 0;
    const pull = plantFailpoint('round.committed', () => {
      commits += 1;
      if (commits === 1) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    });
    try {
      expect((await gateOf().send(deposit(account, 10), withKey(account))).answer).toEqual({ version: 1, balance: 10 });
    } finally {
      pull();
    }
    expect(await versionsOf(account)).toEqual([1]);
  });
});

describe('the gate', () => {
  test('commits together what waits together, and keeps the order of each stream', async () => {
    const gate = gateOf();
    const rounds = holdRounds();
    const accounts = Array.from({ length: 30 }, () => uuidv7());
    const first = gate.send(deposit(uuidv7(), 1), { cause: cause(), answer });
    while (rounds.rounds() === 0) await new Promise(setImmediate);
    const sent = accounts.flatMap((account) => [
      gate.send(deposit(account, 1), { cause: cause(), answer }),
      gate.send(withdraw(account, 1), { cause: cause(), answer }),
    ]);
    rounds.release();
    await first;
    expect((await Promise.all(sent)).map(({ answer }) => (answer as { version: number }).version)).toEqual(
      accounts.flatMap(() => [1, 2]),
    );
    const times = await database.query(`select distinct recorded_at from log where stream = any ($1)`, [
      accounts.map((account) => `account-${account}`),
    ]);
    expect(times).toHaveLength(1);
  });

  test('decides the commands of one stream in their order, however small the rounds', async () => {
    const gate = gateOf({ itemsMax: 1 });
    const account = uuidv7();
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => gate.send(deposit(account, 1), { cause: cause(), answer })),
    );
    expect(answers.map(({ answer }) => (answer as { version: number }).version)).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
  });

  test('turns away what would wait too long, and takes more when there is room', async () => {
    const gate = gateOf({ waitingMax: 2 });
    const send = () => gate.send(deposit(uuidv7(), 1), { cause: cause(), answer });
    const accepted = [send(), send()];
    await expect(send()).rejects.toMatchObject({ name: 'Overloaded' });
    await Promise.all(accepted);
    await send();
  });

  test('finishes what it accepted when it closes, and takes nothing more', async () => {
    const gate = gateOf({ itemsMax: 2 });
    const sent = Array.from({ length: 7 }, () => gate.send(deposit(uuidv7(), 1), { cause: cause(), answer }));
    let answered = 0;
    for (const each of sent) void each.then(() => (answered += 1));
    await gate.close();
    expect(answered).toBe(7);
    await expect(gate.send(deposit(uuidv7(), 1), { cause: cause(), answer })).rejects.toMatchObject({
      name: 'Overloaded',
    });
  });

  test('answers a command that meets a fault with the fault, and its neighbours with their answers', async () => {
    const gate = gateOf();
    const [good, bad] = [uuidv7(), uuidv7()];
    broken.add(bad);
    const settled = await Promise.allSettled(
      [good, bad, good].map((account) => gate.send(deposit(account, 1), { cause: cause(), answer })),
    );
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(settled[1]).toMatchObject({ reason: { message: `account ${bad} is broken` } });
  });
});
