import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { Client } from 'pg';
import { z } from 'zod';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly commit: string;
  /** Of the last minute, before anything was started. */
  readonly loadBefore: number;
}

export async function describeMachine(
  servers: { readonly postgresUrl: string; readonly brokerAdminUrl: string },
  loadBefore: number,
): Promise<Machine> {
  const client = new Client({ connectionString: servers.postgresUrl });
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>('show server_version').finally(() => client.end());
  const { origin, username, password } = new URL(servers.brokerAdminUrl);
  const authorization = `Basic ${Buffer.from(`${username}:${decodeURIComponent(password)}`).toString('base64')}`;
  const broker = z
    .object({ rabbitmq_version: z.string(), erlang_version: z.string() })
    .parse(await (await fetch(`${origin}/api/overview`, { headers: { authorization } })).json());
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${systemName()}, Linux ${release()}`,
    versions: {
      node: process.version,
      PostgreSQL: rows[0]?.server_version ?? 'unknown',
      RabbitMQ: broker.rabbitmq_version,
      Erlang: broker.erlang_version,
    },
    commit: commit(),
    loadBefore,
  };
}

function systemName(): string {
  return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return 'unknown'; // Not every copy is a clone.
  }
}
