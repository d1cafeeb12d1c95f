import type { DataSource } from 'typeorm';
import { pause } from './pause.js';
import { rows } from './sql.js';

const askAgainMs = 100;

/**
 * Lets the service's relays rest, for work on queues and bindings: the log absorbs what is decided meanwhile. Resolves when
 * none is active and no publish is in flight, at the latest when the lease of a relay that is gone has expired.
 */
export async function pauseRelays(dataSource: DataSource): Promise<void> {
  await rows(dataSource, `update relay set paused = true`);
  while (!(await areResting(dataSource))) await pause(askAgainMs);
}

export async function resumeRelays(dataSource: DataSource): Promise<void> {
  await rows(dataSource, `update relay set paused = false`);
}

async function areResting(dataSource: DataSource): Promise<boolean> {
  const active = await rows(
    dataSource,
    `select 1 from relay where owner is not null and expires_at > clock_timestamp()`,
  );
  return active.length === 0;
}
