import { freePort, lastLines, type OwnedProcess, startOwnedProcess } from '@quadrille/local-servers';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../../dist/payment-provider/main.mjs', import.meta.url));

/**
 * The payment provider once more, for the peers. It is the same program; it is not the same process, because the peers listen
 * to no webhooks, and what nobody takes would come to ours again and again.
 */
export class PeerProvider {
  readonly stripeSecretKey = 'sk_test_benchmark_peers';
  readonly adminToken = 'benchmark-peers-admin';
  private process: OwnedProcess | undefined;
  url = '';

  constructor(private readonly directory: string) {}

  get pid(): number {
    return this.process?.pid ?? 0;
  }

  async start(): Promise<void> {
    const port = await freePort();
    const logFile = join(this.directory, 'logs', 'peer-provider.log');
    const child = await startOwnedProcess({
      command: process.execPath,
      args: [program],
      env: {
        PATH: process.env['PATH'],
        HTTP_PORT: String(port),
        PROVIDER_DATA_DIR: join(this.directory, 'peer-provider'),
        STRIPE_SECRET_KEY: this.stripeSecretKey,
        ADMIN_TOKEN: this.adminToken,
      },
      logFile,
    });
    this.process = child;
    this.url = `http://127.0.0.1:${port}`;
    const end = Date.now() + 60_000;
    while (!(await listens(this.url))) {
      if (!child.running || Date.now() > end)
        throw new Error(`the peers' provider did not start; its log ${logFile} ends so:\n${lastLines(logFile)}`);
      await pause(50);
    }
  }

  async stop(): Promise<void> {
    await this.process?.stop();
  }
}

export async function listens(url: string): Promise<boolean> {
  try {
    await fetch(url, { signal: AbortSignal.timeout(2000) });
    return true;
  } catch {
    return false; // Not listening yet; the caller knows for how long to ask.
  }
}
