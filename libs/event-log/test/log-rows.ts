import { v7 as uuidv7 } from 'uuid';
import { appendToLog } from '../src/log.js';
import type { Transaction } from '../src/participant.js';
import { inTransaction } from '../src/transaction.js';
import type { DataSource } from 'typeorm';
import type { Event } from './participant.js';

/** The next event of its order's stream, as a round would log it. */
export interface Row {
  readonly version: number;
  readonly event: Event;
}

/** Appends in one transaction; `beforeCommit` holds it open. Answers with the ids. */
export async function appendRows(
  dataSource: DataSource,
  rows: readonly Row[],
  beforeCommit: (tx: Transaction) => Promise<unknown> = async () => undefined,
): Promise<string[]> {
  const ids = rows.map(() => uuidv7());
  await inTransaction(dataSource, 'test', async (tx) => {
    await appendToLog(
      tx,
      rows.map(({ version, event }, at) => ({
        stream: `order-${event.orderId}`,
        version,
        id: ids[at] as string,
        event,
        recordedAt: new Date().toISOString(),
        cause: { correlationId: 'c', causationId: 'c' },
      })),
    );
    await beforeCommit(tx);
  });
  return ids;
}
