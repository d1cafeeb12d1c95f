import type { Narrator } from '@quadrille/cluster';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Sources } from '../evidence.js';

const program = fileURLToPath(new URL('../../../../tools/operations/dist/reconcile.js', import.meta.url));

/** What `npm run reconcile` says of the system. */
export async function reconcile({ databases, provider }: Omit<Sources, 'wire'>, narrator: Narrator): Promise<boolean> {
  const child = spawn(process.execPath, [program], {
    env: {
      ...process.env,
      ORDER_DATABASE_URL: databases.order,
      INVENTORY_DATABASE_URL: databases.inventory,
      PAYMENT_DATABASE_URL: databases.payment,
      PROVIDER_URL: provider.url,
      ADMIN_TOKEN: provider.adminToken,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  narrator.line(`${code === 0 ? '✓' : '✗'} npm run reconcile: ${said.trim()}`);
  return code === 0;
}
