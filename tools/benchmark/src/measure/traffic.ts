import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { z } from 'zod';

/** What one order puts on the wire and on disk. These do not depend on how fast the machine is, but on the size of batches. */
export interface Counts {
  readonly published: number;
  readonly delivered: number;
  readonly amqpBytes: number;
  readonly transactions: number;
  readonly walBytes: number;
}

const overview = z.object({
  message_stats: z
    .object({ publish: z.number().default(0), deliver_get: z.number().default(0) })
    .default({ publish: 0, deliver_get: 0 }),
});
const connections = z.array(z.object({ recv_oct: z.number().default(0), send_oct: z.number().default(0) }));
const books = z.object({ transactions: z.coerce.number(), wal: z.coerce.number() });

/** RabbitMQ renews its statistics every five seconds, and PostgreSQL's processes theirs every second. */
const statisticsMs = 5500;

/** Counts from the servers' own books between two looks. */
export class Traffic {
  private constructor(
    private readonly servers: { readonly brokerAdminUrl: string; readonly postgresUrl: string },
    private readonly before: Counts,
  ) {}

  /** Call it when the services have started and are idle. */
  static async begin(servers: Traffic['servers']): Promise<Traffic> {
    await pause(statisticsMs);
    return new Traffic(servers, await read(servers));
  }

  async perOrder(orders: number): Promise<Counts> {
    await pause(statisticsMs);
    const after = await read(this.servers);
    const { before } = this;
    const each = (name: keyof Counts) => (after[name] - before[name]) / orders;
    return {
      published: each('published'),
      delivered: each('delivered'),
      amqpBytes: each('amqpBytes'),
      transactions: each('transactions'),
      walBytes: each('walBytes'),
    };
  }
}

async function read({ brokerAdminUrl, postgresUrl }: Traffic['servers']): Promise<Counts> {
  const { message_stats } = await ask(brokerAdminUrl, '/api/overview', overview);
  const open = await ask(brokerAdminUrl, '/api/connections', connections);
  const client = new Client({ connectionString: postgresUrl });
  await client.connect();
  const { rows } = await client
    .query(
      `select (select sum(xact_commit) from pg_stat_database where datname is not null) as transactions,
              pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') as wal`,
    )
    .finally(() => client.end());
  const { transactions, wal } = books.parse(rows[0]);
  return {
    published: message_stats.publish,
    delivered: message_stats.deliver_get,
    amqpBytes: open.reduce((sum, { recv_oct, send_oct }) => sum + recv_oct + send_oct, 0),
    transactions,
    walBytes: wal,
  };
}

async function ask<Value>(adminUrl: string, path: string, schema: z.ZodType<Value>): Promise<Value> {
  const { origin, username, password } = new URL(adminUrl);
  const authorization = `Basic ${Buffer.from(`${username}:${decodeURIComponent(password)}`).toString('base64')}`;
  const response = await fetch(`${origin}${path}`, { headers: { authorization } });
  if (!response.ok) throw new Error(`the broker's ${path} answered ${response.status}`);
  return schema.parse(await response.json());
}
