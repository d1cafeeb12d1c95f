import { rows } from '@quadrille/e2e/evidence';
import { z } from 'zod';
import type { Arena } from './arena.js';

const setting = z.object({ database: z.string(), name: z.string(), setting: z.string() });
const queue = z.object({ name: z.string(), type: z.string(), durable: z.boolean() });

export type Setting = z.infer<typeof setting>;
export type Queue = z.infer<typeof queue>;

/** What is relaxed on the very servers that are measured, as sentences. A run with any has no result. */
export async function relaxedOn({ cluster }: Arena): Promise<string[]> {
  const settings = await Promise.all(
    Object.values(cluster.databaseUrls).map((url) =>
      rows(
        url,
        `select current_database() as database, name, setting from pg_settings
         where name in ('fsync', 'synchronous_commit', 'full_page_writes')`,
        setting,
      ),
    ),
  );
  const { origin, username, password } = new URL(cluster.brokerAdminUrl ?? '');
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const response = await fetch(`${origin}/api/queues`, { headers: { authorization } });
  return relaxed(settings.flat(), z.array(queue).parse(await response.json()));
}

export function relaxed(settings: readonly Setting[], queues: readonly Queue[]): string[] {
  return [
    ...settings
      .filter(({ setting }) => setting !== 'on')
      .map(({ database, name, setting }) => `${database} runs with ${name}=${setting}`),
    ...(settings.length < 9 ? ['not every database told its settings'] : []),
    ...queues.filter(({ type }) => type !== 'quorum').map(({ name, type }) => `${name} is a ${type} queue`),
    ...queues.filter(({ durable }) => !durable).map(({ name }) => `${name} is not durable`),
    ...(queues.length === 0 ? ['there are no queues'] : []),
  ];
}
