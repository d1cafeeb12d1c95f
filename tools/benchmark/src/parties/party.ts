import type { Violation } from '@quadrille/e2e/rules';

export const partyNames = ['ours', 'limit', 'naive', 'polling', 'polling-tuned'] as const;
export type PartyName = (typeof partyNames)[number];
/** Those that are systems of services with a door for orders; the limit is a database alone. */
export type SystemName = Exclude<PartyName, 'limit'>;

export const titles: Readonly<Record<PartyName, string>> = {
  ours: 'Quadrille, all guarantees on',
  limit: '(a) limit: the saga as five transactions, database alone',
  naive: "(b) Nest's RMQ transport + TypeORM save, no outbox",
  polling: '(c) outbox polled every 100 ms + inbox',
  'polling-tuned': "(c') the same polling, tuned",
};

/** What counts against an order: everything but the clients and the company outside. */
export const parts = ['order', 'inventory', 'payment', 'database', 'broker'] as const;
export type Part = (typeof parts)[number];

/** A system that carries out orders, with processes, databases and queues of its own on the servers that all share. */
export interface System {
  readonly name: SystemName;
  readonly orderUrl: string;
  readonly inventoryDatabaseUrl: string;
  /** Starts its processes, which are ready then. */
  start(): Promise<void>;
  /** Ends its processes, so that nobody else's turn pays for them. */
  stop(): Promise<void>;
  pids(): Readonly<Record<'order' | 'inventory' | 'payment', number>>;
  /** Compares its books with the rules of docs/guarantees.md, when nothing is under way any more. */
  check(promised: readonly string[]): Promise<Violation[]>;
}
