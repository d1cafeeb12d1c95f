import { fact, type Decider } from '@quadrille/contracts';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Participant, Repository } from '../src/participant.js';

/** A small service for the suites of the plumbing: it opens orders, takes notes, asks for a task, ends by a deadline. */
export type Command =
  | { readonly type: 'Open'; readonly orderId: string; readonly dueAt?: string; readonly task?: string }
  | { readonly type: 'Note'; readonly orderId: string; readonly note: string }
  | { readonly type: 'Confirm'; readonly orderId: string }
  | { readonly type: 'Finish'; readonly orderId: string; readonly task: string }
  | { readonly type: 'Expire'; readonly orderId: string };

export type Event =
  | { readonly type: 'Opened'; readonly orderId: string; readonly dueAt?: string; readonly task?: string }
  | { readonly type: 'Noted'; readonly orderId: string; readonly note: string }
  | { readonly type: 'Confirmed'; readonly orderId: string }
  | { readonly type: 'Finished'; readonly orderId: string; readonly task: string }
  | { readonly type: 'Expired'; readonly orderId: string };

export interface State {
  readonly status: 'none' | 'open' | 'confirmed' | 'expired';
  readonly orderId: string;
  readonly notes: readonly string[];
  readonly dueAt?: string | undefined;
  readonly task?: string | undefined;
}

export type TestParticipant = Participant<Command, State, Event>;

export interface TestHooks {
  /** Called by `decide`; may throw. */
  readonly onDecide?: (command: Command) => void;
}

export function testParticipant({ onDecide = () => undefined }: TestHooks = {}): TestParticipant {
  const decider: Decider<Command, State, Event> = {
    initial: { status: 'none', orderId: '', notes: [] },
    streamOf: ({ orderId }) => `order-${orderId}`,
    decide: (command, state) => {
      onDecide(command);
      return decide(command, state);
    },
    evolve,
    awaits: ({ status, orderId, task, dueAt }) => {
      if (task !== undefined) return { kind: 'task', task };
      if (status !== 'open' || dueAt === undefined) return null;
      return { kind: 'deadline', dueAt, command: { type: 'Expire', orderId } };
    },
  };
  return {
    name: 'order',
    decider,
    choreography: {
      service: 'order',
      reactsTo: {
        'payment.captured.v1': ({ data }) => ({ type: 'Confirm', orderId: data.orderId }),
        'payment.declined.v1': ({ id, data }) => ({ type: 'Note', orderId: data.orderId, note: id }),
      },
      publishes: {
        Opened: ({ orderId }) => fact('order.confirmed.v1', { orderId }),
        Noted: null,
        Confirmed: ({ orderId }) => fact('order.confirmed.v1', { orderId }),
        Finished: null,
        Expired: ({ orderId }) => fact('order.cancelled.v1', { orderId, reason: 'timed_out', declineCode: null }),
      },
      announces: ['order.confirmed.v1', 'order.cancelled.v1'],
    },
    repository,
    entities: [],
    migrations: [TestTables1700000000001],
  };
}

function decide(command: Command, state: State): readonly Event[] {
  switch (command.type) {
    case 'Open':
      // Anew for its next task, when it has none.
      return state.status === 'none' || (command.task !== undefined && state.task === undefined)
        ? [{ ...command, type: 'Opened' }]
        : [];
    case 'Note':
      return [{ ...command, type: 'Noted' }];
    case 'Confirm':
      return state.status === 'confirmed' ? [] : [{ ...command, type: 'Confirmed' }];
    case 'Finish':
      return state.task === command.task ? [{ ...command, type: 'Finished' }] : [];
    case 'Expire':
      return state.status === 'open' ? [{ ...command, type: 'Expired' }] : [];
  }
}

function evolve(state: State, event: Event): State {
  const { orderId } = event;
  switch (event.type) {
    case 'Opened':
      return { ...state, orderId, status: 'open', dueAt: event.dueAt, task: event.task };
    case 'Noted':
      return { ...state, orderId, notes: [...state.notes, event.note] };
    case 'Confirmed':
      return { ...state, orderId, status: 'confirmed' };
    case 'Finished':
      return { ...state, orderId, task: undefined };
    case 'Expired':
      return { ...state, orderId, status: 'expired' };
  }
}

const repository: Repository<Command, State, Event> = {
  async load(tx, commands) {
    const ids = [...new Set(commands.map(({ orderId }) => orderId))];
    const rows = await tx.query<{ order_id: string; state: State }>(
      'select order_id, state from test_order where order_id = any ($1) order by order_id for update',
      [ids],
    );
    const states = new Map(rows.map(({ order_id, state }) => [order_id, state]));
    const written = new Set<string>();
    return {
      read: ({ orderId }) => states.get(orderId) ?? { status: 'none', orderId: '', notes: [] },
      write({ orderId }, state) {
        states.set(orderId, state);
        written.add(orderId);
      },
      async save(saving) {
        await saving.query(
          `insert into test_order (order_id, state) select * from unnest($1::text[], $2::jsonb[])
           on conflict (order_id) do update set state = excluded.state`,
          [[...written], [...written].map((id) => JSON.stringify(states.get(id)))],
        );
      },
    };
  },
};

class TestTables1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create table test_order (order_id text primary key, state jsonb not null)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table test_order');
  }
}
