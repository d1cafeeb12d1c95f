import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { plantFailpoint } from '@quadrille/observability';
import { v7 as uuidv7 } from 'uuid';
import { LeaseLost } from '../src/faults.js';
import { GroupCommit } from '../src/group-commit.js';
import type { Lease } from '../src/round-types.js';
import { accountDatabase, type AccountDatabase } from './account-database.js';
import type { Account, AccountCommand } from './account.js';
import { placed, request, wakeUp } from './items.js';

let database: AccountDatabase;
let group: GroupCommit<AccountCommand, Account>;
let rounds: number;
let pull: () => void;

beforeAll(async () => {
  database = await accountDatabase();
});
beforeEach(() => {
  group = new GroupCommit(database.round);
  rounds = 0;
  pull = plantFailpoint('round.committed', () => void (rounds += 1));
});
afterEach(() => pull());
afterAll(() => database.end());

const deposit = (account: string): AccountCommand => ({ type: 'Deposit', account, amount: 1 });

async function lease(partition: number): Promise<Lease> {
  await database.query(
    `insert into partition_lease values ($1, 'me', 1, now() + interval '1 minute')
     on conflict (partition) do update set owner = 'me', epoch = 1, expires_at = excluded.expires_at`,
    [partition],
  );
  return { partition, owner: 'me', epoch: 1 };
}

/** Transactions that wrote into these accounts. */
async function transactionsOf(accounts: readonly string[]): Promise<number> {
  const writers = await database.query('select distinct xmin::text from log where stream = any ($1)', [
    accounts.map((account) => `account-${account}`),
  ]);
  return writers.length;
}

test('messages of several partitions, requests and wake-ups that come together are one transaction', async () => {
  const accounts = Array.from({ length: 4 }, () => uuidv7());
  const [first, second, third, fourth] = accounts as [string, string, string, string];
  const leases = [await lease(0), await lease(1)];
  const outcomes = await Promise.all([
    group.run([placed(first, 1)], { lease: leases[0] }),
    group.run([placed(second, 1), placed(first, 2)], { lease: leases[1] }),
    group.run([request(deposit(third))]),
    group.run([wakeUp(deposit(fourth))]),
  ]);
  expect(outcomes).toMatchObject([
    [{ kind: 'decided' }],
    [{ kind: 'decided' }, { kind: 'decided' }],
    [{ kind: 'decided', answer: { version: 1, balance: 1 } }],
    [{ kind: 'decided' }],
  ]);
  expect(await transactionsOf(accounts)).toBe(1);
});

test('what comes while a round is under way shares the next one', async () => {
  const accounts = Array.from({ length: 21 }, () => uuidv7());
  let others: Promise<unknown> = Promise.resolve();
  const send = (account: string) => group.run([request(deposit(account))]);
  const pullBegin = plantFailpoint('round.deciding', () => {
    pullBegin();
    others = Promise.all(accounts.slice(1).map(send));
  });
  await send(accounts[0]!);
  await others;
  expect(rounds).toBe(2);
  expect(await transactionsOf(accounts)).toBe(2);
});

test('a lease that is lost stops its own partition, and everybody else is committed', async () => {
  const [mine, other, asked] = [uuidv7(), uuidv7(), uuidv7()];
  const good = await lease(0);
  const lost = { ...(await lease(1)), epoch: 0 };
  const [first, second, third] = await Promise.allSettled([
    group.run([placed(mine, 1)], { lease: good }),
    group.run([placed(other, 1)], { lease: lost }),
    group.run([request(deposit(asked))]),
  ]);
  expect(first).toMatchObject({ status: 'fulfilled', value: [{ kind: 'decided', events: 1 }] });
  expect(second).toEqual({ status: 'rejected', reason: expect.any(LeaseLost) });
  expect(third).toMatchObject({ status: 'fulfilled', value: [{ kind: 'decided', events: 1 }] });
  expect(await transactionsOf([other])).toBe(0);
});

test('what may end the process shares its round with nobody', async () => {
  const accounts = Array.from({ length: 5 }, () => uuidv7());
  await Promise.all(accounts.map((account, at) => group.run([placed(account, 1)], { alone: at === 2 })));
  expect(rounds).toBe(3);
  expect(await transactionsOf(accounts)).toBe(3);
});

test('no round has more items than it may, and callers come in their order', async () => {
  const small = new GroupCommit(database.round, { itemsMax: 2 });
  const account = uuidv7();
  const answers = await Promise.all(Array.from({ length: 5 }, () => small.run([request(deposit(account))])));
  expect(rounds).toBe(3);
  expect(answers.map(([outcome]) => outcome)).toMatchObject(
    [1, 2, 3, 4, 5].map((version) => ({ answer: { version } })),
  );
});
