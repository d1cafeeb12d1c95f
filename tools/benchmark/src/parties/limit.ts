import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { cpuMsOf } from '../measure/processes.js';
import { environmentOf } from './pgbench.js';

const sql = (name: string) => fileURLToPath(new URL(`../../sql/${name}`, import.meta.url));
const databaseName = 'bench_limit';
/** Clients that are tried, to find the count at which this machine is quickest. */
const clientCounts = [4, 8, 16, 32, 64];

export interface LimitResult {
  readonly ordersPerSecond: number;
  readonly databaseCpuMsPerOrder: number;
  readonly clients: number;
}

export interface LimitOptions {
  readonly pgbench: string;
  readonly postgresUrl: string;
  readonly postgresPid: number;
}

/** The database alone: the saga's SQL by pgbench, on the same server that the others use. */
export class Limit {
  private clients: number | undefined;

  constructor(private readonly options: LimitOptions) {}

  async measure({ warmUpMs, measureMs }: { warmUpMs: number; measureMs: number }): Promise<LimitResult> {
    const clients = (this.clients ??= await this.bestClients(warmUpMs));
    await this.run(clients, warmUpMs);
    const result = await this.run(clients, measureMs);
    if (result.ordersPerSecond === 0) throw new Error('no saga ended while it was measured');
    return result;
  }

  private async bestClients(eachMs: number): Promise<number> {
    await this.createTables();
    let best = { clients: clientCounts[0] ?? 1, ordersPerSecond: 0 };
    for (const clients of clientCounts) {
      const { ordersPerSecond } = await this.run(clients, Math.min(eachMs, 2000));
      if (ordersPerSecond > best.ordersPerSecond) best = { clients, ordersPerSecond };
    }
    return best.clients;
  }

  private async run(clients: number, forMs: number): Promise<LimitResult> {
    const { pgbench, postgresPid } = this.options;
    const before = cpuMsOf({ database: postgresPid }).database;
    const seconds = Math.max(1, Math.round(forMs / 1000));
    const { stdout } = await promisify(execFile)(
      pgbench,
      [
        ...['--no-vacuum', '--protocol=prepared', '--jobs=2', `--client=${clients}`, `--time=${seconds}`],
        ...[`--file=${sql('saga.sql')}`, withoutPassword(this.databaseUrl)],
      ],
      { env: { ...environmentOf(pgbench), PGPASSWORD: decodeURIComponent(new URL(this.databaseUrl).password) } },
    );
    const { sagas, ordersPerSecond } = parsePgbench(stdout);
    const cpuMs = cpuMsOf({ database: postgresPid }).database - before;
    return { ordersPerSecond, databaseCpuMsPerOrder: cpuMs / sagas, clients };
  }

  private get databaseUrl(): string {
    const url = new URL(this.options.postgresUrl);
    url.pathname = databaseName;
    return url.href;
  }

  private async createTables(): Promise<void> {
    const administrator = new Client({ connectionString: this.options.postgresUrl });
    await administrator.connect();
    try {
      await administrator.query(`drop database if exists ${databaseName} with (force)`);
      await administrator.query(`create database ${databaseName}`);
    } finally {
      await administrator.end();
    }
    const client = new Client({ connectionString: this.databaseUrl });
    await client.connect();
    await client.query(readFileSync(sql('schema.sql'), 'utf8')).finally(() => client.end());
  }
}

/** A command line is everybody's to read. */
function withoutPassword(url: string): string {
  const stripped = new URL(url);
  stripped.password = '';
  return stripped.href;
}

/** pgbench's own account. A saga that failed would be missing, so it may not be passed over. */
export function parsePgbench(output: string): { sagas: number; ordersPerSecond: number } {
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1]);
  const sagas = number(/^number of transactions actually processed: (\d+)/m);
  const failed = number(/^number of failed transactions: (\d+)/m);
  // Nothing at all in a short trial on a slow disk is a slow trial; as a result `measure` does not take it.
  const ordersPerSecond = sagas === 0 ? 0 : number(/^tps = ([\d.]+)/m);
  if (!Number.isFinite(ordersPerSecond) || failed > 0) throw new Error(`pgbench failed:\n${output}`);
  return { sagas, ordersPerSecond };
}
