import { Refusal, type Choreography, type Decider, type Given } from '@quadrille/contracts';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Participant, Repository, Transaction, WorkingSet } from '../src/participant.js';

/**
 * A participant for tests: accounts that orders pay into. It has one rule (no overdraft), one deadline (a frozen account
 * thaws), one task (an audit), and it breaks on request.
 */
export type AccountCommand =
  | { readonly type: 'Deposit'; readonly account: string; readonly amount: number }
  | { readonly type: 'Withdraw'; readonly account: string; readonly amount: number }
  | { readonly type: 'Freeze'; readonly account: string; readonly until: string }
  | { readonly type: 'Thaw'; readonly account: string }
  | { readonly type: 'Audit'; readonly account: string }
  | { readonly type: 'FinishAudit'; readonly account: string };

export type AccountEvent =
  | { readonly type: 'Deposited'; readonly amount: number; readonly balance: number }
  | { readonly type: 'Withdrawn'; readonly amount: number; readonly balance: number }
  | { readonly type: 'Frozen'; readonly until: string }
  | { readonly type: 'Thawed' }
  | { readonly type: 'AuditBegan' }
  | { readonly type: 'AuditEnded' };

export interface Account {
  readonly id: string;
  readonly balance: number;
  readonly frozenUntil: string | null;
  readonly auditing: boolean;
}

const initial: Account = { id: '', balance: 0, frozenUntil: null, auditing: false };

/** Accounts on which every decision throws, until they are taken out again. */
export const broken = new Set<string>();

export const accountDecider: Decider<AccountCommand, Account, AccountEvent> = {
  initial,
  streamOf: ({ account }) => `account-${account}`,
  decide(command: AccountCommand, { balance, frozenUntil, auditing }: Account, { now }: Given) {
    if (broken.has(command.account)) throw new Error(`account ${command.account} is broken`);
    switch (command.type) {
      case 'Deposit':
        return [{ type: 'Deposited', amount: command.amount, balance: balance + command.amount }];
      case 'Withdraw':
        return balance < command.amount
          ? new Refusal('insufficient_funds', `${balance} is less than ${command.amount}`)
          : [{ type: 'Withdrawn', amount: command.amount, balance: balance - command.amount }];
      case 'Freeze':
        return [{ type: 'Frozen', until: command.until }];
      case 'Thaw':
        return frozenUntil !== null && frozenUntil <= now ? [{ type: 'Thawed' }] : [];
      case 'Audit':
        return auditing ? [] : [{ type: 'AuditBegan' }];
      case 'FinishAudit':
        return auditing ? [{ type: 'AuditEnded' }] : [];
    }
  },
  evolve(account, event) {
    switch (event.type) {
      case 'Deposited':
      case 'Withdrawn':
        return { ...account, balance: event.balance };
      case 'Frozen':
        return { ...account, frozenUntil: event.until };
      case 'Thawed':
        return { ...account, frozenUntil: null };
      case 'AuditBegan':
        return { ...account, auditing: true };
      case 'AuditEnded':
        return { ...account, auditing: false };
    }
  },
  awaits({ id, frozenUntil, auditing }) {
    if (auditing) return { kind: 'task', task: 'audit' };
    return frozenUntil === null
      ? null
      : { kind: 'deadline', dueAt: frozenUntil, command: { type: 'Thaw', account: id } };
  },
};

export const accountChoreography: Choreography<AccountCommand, AccountEvent> = {
  service: 'payment',
  reactsTo: {
    'order.placed.v1': ({ data }) => ({ type: 'Deposit', account: data.orderId, amount: data.totalMinor }),
    'order.confirmed.v1': ({ data }) => ({ type: 'Withdraw', account: data.orderId, amount: 1 }),
  },
  publishes: { Deposited: null, Withdrawn: null, Frozen: null, Thawed: null, AuditBegan: null, AuditEnded: null },
  announces: [],
};

export class AccountTable1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create table account (
         id text primary key, balance integer not null check (balance >= 0), frozen_until text, auditing boolean not null
       )`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table account');
  }
}

class Accounts implements WorkingSet<AccountCommand, Account, AccountEvent> {
  private readonly written = new Set<string>();

  constructor(private readonly accounts: Map<string, Account>) {}

  read({ account }: AccountCommand): Account {
    return this.accounts.get(account) ?? { ...initial, id: account };
  }

  write({ account }: AccountCommand, state: Account): void {
    this.accounts.set(account, state);
    this.written.add(account);
  }

  async save(tx: Transaction): Promise<void> {
    const changed = [...this.accounts.values()].filter(({ id }) => this.written.has(id));
    await tx.query(
      `insert into account (id, balance, frozen_until, auditing)
       select * from unnest($1::text[], $2::int[], $3::text[], $4::boolean[])
       on conflict (id) do update
         set balance = excluded.balance, frozen_until = excluded.frozen_until, auditing = excluded.auditing`,
      [
        changed.map(({ id }) => id),
        changed.map(({ balance }) => balance),
        changed.map(({ frozenUntil }) => frozenUntil),
        changed.map(({ auditing }) => auditing),
      ],
    );
  }
}

const accountRepository: Repository<AccountCommand, Account, AccountEvent> = {
  async load(tx, commands) {
    const rows = await tx.query<{ id: string; balance: number; frozen_until: string | null; auditing: boolean }>(
      'select id, balance, frozen_until, auditing from account where id = any ($1) order by id for update',
      [commands.map(({ account }) => account)],
    );
    return new Accounts(
      new Map(
        rows.map(({ id, balance, frozen_until, auditing }) => [
          id,
          { id, balance, frozenUntil: frozen_until, auditing },
        ]),
      ),
    );
  },
};

export const accountParticipant: Participant<AccountCommand, Account, AccountEvent> = {
  name: 'payment',
  decider: accountDecider,
  choreography: accountChoreography,
  repository: accountRepository,
  entities: [],
  migrations: [AccountTable1700000000001],
};
