import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { testDatabase, type TestDatabase } from './database.js';
import type { State } from './participant.js';
import { replica, type ReplicaOptions, type TestEventLog } from './replica.js';

/** Event logs on a database of this suite's own. After each test they are stopped, what it planted is undone, and the tables are empty. */
export function suiteLogs() {
  let database: TestDatabase;
  const undo: (() => unknown)[] = [];
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
    await database.reset();
  });
  afterAll(() => database.drop());
  return {
    /** What the test leaves to be undone, the last first. */
    undo,
    database: () => database,
    async running(options: ReplicaOptions): Promise<TestEventLog> {
      const started = replica(database, options);
      undo.push(() => started.stop());
      await started.start();
      return started;
    },
    async notesOf(orderId: string): Promise<readonly string[]> {
      const sql = 'select state from test_order where order_id = $1';
      const [row] = await database.dataSource.query<{ state: State }[]>(sql, [orderId]);
      return row?.state.notes ?? [];
    },
  };
}
