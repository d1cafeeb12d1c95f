import type { Awaits } from '@quadrille/contracts';
import type { Message, Rows } from './participants.js';
import type { Plumbing } from './plumbing.js';

/** One event as it lies in the log; its place there is its position. */
export interface LogRow {
  readonly id: string;
  readonly stream: string;
  readonly version: number;
  readonly event: Message;
  readonly at: string;
}

export type Deadline = Extract<Awaits<Message>, { kind: 'deadline' }>;

/** One service's database: what is committed, and who holds which lock. It survives every crash. */
export class Database {
  readonly rows = new Map<string, unknown>();
  readonly heads = new Map<string, number>();
  readonly inbox = new Set<string>();
  /** What an idempotency key was answered. */
  readonly answers = new Map<string, unknown>();
  readonly deadlines = new Map<string, Deadline>();
  /** Streams that wait for work outside the transaction. */
  readonly tasks = new Set<string>();
  /** A hole is a position that was drawn by a transaction which has not committed. */
  readonly log: (LogRow | undefined)[] = [];
  checkpoint = 0;
  readonly locks = new Map<string, Transaction>();
}

/** Reads committed rows under its own writes; holds its locks until it commits or rolls back. */
export class Transaction implements Rows {
  readonly rows = new Map<string, unknown>();
  readonly inbox = new Set<string>();
  readonly answers = new Map<string, unknown>();
  readonly appended: LogRow[] = [];
  private readonly heads = new Map<string, number>();
  private readonly awaited = new Map<string, Awaits<Message> | null>();
  private readonly held: string[] = [];
  private readonly positions: number[] = [];

  constructor(
    readonly database: Database,
    private readonly plumbing: Plumbing,
  ) {}

  /** All locks or none: false when another transaction holds one of them. */
  lock(keys: Iterable<string>): boolean {
    const wanted: string[] = [];
    for (const key of keys) {
      if (!(key.startsWith('level-') ? this.plumbing.locksLevels : this.plumbing.locksStreams)) continue;
      const holder = this.database.locks.get(key);
      if (holder !== undefined && holder !== this) return false;
      if (holder === undefined) wanted.push(key);
    }
    for (const key of wanted) {
      this.database.locks.set(key, this);
      this.held.push(key);
    }
    return true;
  }

  get(key: string): unknown {
    return this.rows.has(key) ? this.rows.get(key) : this.database.rows.get(key);
  }

  set(key: string, row: unknown): void {
    this.rows.set(key, row);
  }

  knows(messageId: string): boolean {
    return this.inbox.has(messageId) || this.database.inbox.has(messageId);
  }

  answerTo(key: string): unknown {
    return this.answers.get(key) ?? this.database.answers.get(key);
  }

  append(row: Omit<LogRow, 'version'>): void {
    const version = (this.heads.get(row.stream) ?? this.database.heads.get(row.stream) ?? 0) + 1;
    this.heads.set(row.stream, version);
    this.appended.push({ ...row, version });
    if (!this.plumbing.drawsPositionsAtCommit) this.positions.push(this.database.log.push(undefined) - 1);
  }

  await(stream: string, awaits: Awaits<Message> | null): void {
    this.awaited.set(stream, awaits);
  }

  commit(): void {
    const { database } = this;
    for (const [key, row] of this.rows) database.rows.set(key, row);
    for (const [stream, version] of this.heads) database.heads.set(stream, version);
    for (const id of this.inbox) database.inbox.add(id);
    for (const [key, answer] of this.answers) database.answers.set(key, answer);
    for (const [stream, awaits] of this.awaited) {
      if (awaits?.kind === 'deadline' && this.plumbing.keepsDeadlinesWithState) database.deadlines.set(stream, awaits);
      else database.deadlines.delete(stream);
      if (awaits?.kind === 'task' && this.plumbing.keepsTasksWithState) database.tasks.add(stream);
      else database.tasks.delete(stream);
    }
    this.appended.forEach((row, index) => {
      database.log[this.positions[index] ?? database.log.length] = row;
    });
    this.release();
  }

  rollback(): void {
    this.release();
  }

  private release(): void {
    for (const key of this.held) this.database.locks.delete(key);
  }
}
