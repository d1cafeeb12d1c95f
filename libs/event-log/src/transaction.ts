import type { PoolClient, QueryResult } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { failpoint } from './failpoints.js';
import type { Transaction } from './participant.js';

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
    try {
      await runner.startTransaction();
      const result = await work(transactionOn(runner, client));
      await failpoint(`${name}.committing`, () => commit(client));
      await failpoint(`${name}.committed`);
      return result;
    } catch (error) {
      await abandon(client);
      throw error;
    }
  } finally {
    await runner.release();
  }
}

function transactionOn(runner: QueryRunner, client: PoolClient): Transaction {
  return {
    manager: runner.manager,
    // Straight to the driver: TypeORM's query runner costs half as much again, and answers UPDATE in another shape.
    query: async <Row>(sql: string, parameters: readonly unknown[] = []) => {
      const result: QueryResult = await client.query(sql, [...parameters]);
      return result.rows as Row[];
    },
  };
}

/** PostgreSQL answers the COMMIT of an aborted transaction with ROLLBACK and no error. */
async function commit(client: PoolClient): Promise<void> {
  const { command } = await client.query('commit');
  if (command !== 'COMMIT') throw new Error(`COMMIT was answered with ${command}: a failed statement was swallowed`);
}

async function abandon(client: PoolClient): Promise<void> {
  try {
    await client.query('rollback');
  } catch {
    // Whatever is wrong with it, the pool discards a connection that was ended, and the server rolls back.
    await client.end().catch(() => undefined);
  }
}
