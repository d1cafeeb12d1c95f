import { failpoint } from '@quadrille/observability';
import type { Socket } from 'node:net';
import type { PoolClient, QueryResult } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { faultOf, isOfOldPlan } from './faults.js';
import type { Transaction } from './participant.js';
import { statement } from './statement.js';

/**
 * Runs `work` in one transaction (read committed) on a connection of its own and commits. When it rejects with anything
 * but a fault of the COMMIT itself, nothing is stored. A connection that did not end its transaction cleanly is closed
 * and never used again.
 */
export async function inTransaction<Result>(
  dataSource: DataSource,
  name: string,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  const runner = dataSource.createQueryRunner();
  try {
    const client = (await runner.connect()) as PoolClient;
    const tx = new OpenTransaction(runner, client);
    try {
      await tx.begin();
      const result = await work(tx);
      await failpoint(`${name}.committing`, () => commit(client, tx));
      await failpoint(`${name}.committed`);
      return result;
    } catch (error) {
      tx.close();
      // What was sent behind a statement that failed is refused, and must not be taken for the reason.
      const reason = faultOf(error).code === abortedTransaction ? (tx.failure ?? error) : error;
      await abandon(client, reason);
      throw reason;
    }
  } finally {
    await runner.release();
  }
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html: in_failed_sql_transaction */
const abortedTransaction = '25P02';

class OpenTransaction implements Transaction {
  readonly manager: EntityManager;
  /** What the first statement that failed was refused for. */
  failure: unknown;
  private isOver = false;

  constructor(
    private readonly runner: QueryRunner,
    private readonly client: PoolClient,
  ) {
    this.manager = runner.manager;
  }

  /**
   * Its answer is waited for: were it sent together with the first statements and refused (a cancel that comes at this moment),
   * each of them would be committed by itself. The runner is left as its own, slower `startTransaction` leaves it, so that an
   * inner transaction is a savepoint.
   */
  async begin(): Promise<void> {
    await this.query('start transaction');
    Object.assign(this.runner, { isTransactionActive: true, transactionDepth: 1 });
  }

  /** Straight to the driver: TypeORM's query runner costs half as much again, and answers UPDATE in another shape. */
  async query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    // Sent after the end it would be committed by itself.
    if (this.isOver) throw new Error('a statement came after the end of its transaction');
    sendTogether(this.client);
    try {
      const result: QueryResult = await this.client.query(statement(sql, parameters));
      return result.rows as Row[];
    } catch (error) {
      this.failure ??= error;
      throw error;
    }
  }

  close(): void {
    this.isOver = true;
  }
}

/** All statements of one turn of the event loop go out in one write. pg shows its socket in no type. */
function sendTogether(client: PoolClient): void {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  if (stream.writableCorked > 0) return;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

/** PostgreSQL answers the COMMIT of an aborted transaction with ROLLBACK and no error. */
async function commit(client: PoolClient, tx: OpenTransaction): Promise<void> {
  tx.close();
  const { command } = await client.query('commit');
  if (command !== 'COMMIT') throw new Error(`COMMIT was answered with ${command}: a failed statement was swallowed`);
}

async function abandon(client: PoolClient, reason: unknown): Promise<void> {
  try {
    await client.query('rollback');
    if (isOfOldPlan(reason)) await client.end();
  } catch {
    // Whatever is wrong with it, the pool discards a connection that was ended, and the server rolls back.
    await client.end().catch(() => undefined);
  }
}
