import type { Cluster } from '@quadrille/cluster';
import { type Evidence, readLedger, rows } from '@quadrille/e2e/evidence';
import { violations } from '@quadrille/e2e/rules';
import { freePort, lastLines, type OwnedProcess, startOwnedProcess } from '@quadrille/local-servers';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { z } from 'zod';
import { priceMinor, skus } from '../load/shop.js';
import { ledgerOf } from './ledger.js';
import { listens, type PeerProvider } from './peer-provider.js';
import type { System, SystemName } from './party.js';

const services = ['order', 'inventory', 'payment'] as const;
type Service = (typeof services)[number];

/** As they are built, also for specs, which run the sources. */
const programs = fileURLToPath(new URL('../../dist/peers', import.meta.url));
const readyWithinMs = 60_000;

export interface PeerOptions {
  readonly name: Exclude<SystemName, 'ours'>;
  /** Lends its servers. */
  readonly cluster: Cluster;
  readonly provider: PeerProvider;
  readonly logDirectory: string;
}

/** One of the usual ways, as three processes with a database each. */
export class Peer implements System {
  readonly name: PeerOptions['name'];
  private readonly urls = new Map<Service, string>();
  private running = new Map<Service, OwnedProcess>();
  private prepared = false;

  constructor(private readonly options: PeerOptions) {
    this.name = options.name;
    mkdirSync(options.logDirectory, { recursive: true });
  }

  get orderUrl(): string {
    return this.urls.get('order') ?? '';
  }

  get inventoryDatabaseUrl(): string {
    return this.databaseUrl('inventory');
  }

  async start(): Promise<void> {
    if (!this.prepared) await this.createDatabases();
    // One after the other: each declares the queue that it reads, and TypeORM its tables.
    for (const service of services) await this.launch(service);
    if (!this.prepared) await this.supply();
    this.prepared = true;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.values()].map((process) => process.stop({ graceMs: 10_000 })));
    this.running = new Map();
  }

  pids() {
    const pid = (service: Service) => this.running.get(service)?.pid ?? 0;
    return { order: pid('order'), inventory: pid('inventory'), payment: pid('payment') };
  }

  /** Rules 1 to 5; a log, an inbox of everything and held messages are not among the things that a peer has. */
  async check(promised: readonly string[]) {
    const { provider } = this.options;
    const orders = await rows(this.databaseUrl('order'), orderBooks, orderRow);
    const nothing = { order: [], inventory: [], payment: [] };
    const nobody = { order: new Set<string>(), inventory: new Set<string>(), payment: new Set<string>() };
    const evidence: Evidence = {
      orders,
      reservations: await rows(
        this.databaseUrl('inventory'),
        'select order_id, status, lines from reservation',
        reservationRow,
      ),
      stock: await rows(
        this.databaseUrl('inventory'),
        'select sku, received, available, held, committed from stock',
        stockRow,
      ),
      payments: await rows(
        this.databaseUrl('payment'),
        'select order_id, status, "amountMinor" as amount_minor from payment',
        paymentRow,
      ),
      ledger: ledgerOf(orders, await readLedger(provider)),
      logs: nothing,
      held: nothing,
      inbox: nobody,
      wire: null,
    };
    return violations(evidence, promised, { forms: {}, heard: nobody });
  }

  private databaseName(service: Service): string {
    return `bench_${this.name.replace('-', '_')}_${service}`;
  }

  private databaseUrl(service: Service): string {
    const url = new URL(this.options.cluster.postgres.adminUrl);
    url.pathname = this.databaseName(service);
    return url.href;
  }

  private async createDatabases(): Promise<void> {
    const client = new Client({ connectionString: this.options.cluster.postgres.adminUrl });
    await client.connect();
    try {
      for (const service of services) {
        await client.query(`drop database if exists ${this.databaseName(service)} with (force)`);
        await client.query(`create database ${this.databaseName(service)}`);
      }
    } finally {
      await client.end();
    }
  }

  private async launch(service: Service): Promise<void> {
    const { cluster, logDirectory, provider } = this.options;
    const port = await freePort();
    const logFile = join(logDirectory, `${this.name}-${service}.log`);
    const process = await startOwnedProcess({
      command: globalThis.process.execPath,
      args: [join(programs, this.name === 'naive' ? 'naive' : 'polling', `${service}.js`)],
      env: {
        PATH: globalThis.process.env['PATH'],
        NODE_ENV: 'production',
        DATABASE_URL: this.databaseUrl(service),
        AMQP_URL: cluster.amqpUrl,
        HTTP_PORT: String(port),
        QUEUE_PREFIX: `bench.${this.name}`,
        STRIPE_SECRET_KEY: provider.stripeSecretKey,
        STRIPE_API_URL: provider.url,
        TUNED: this.name === 'polling-tuned' ? '1' : '0',
      },
      logFile,
    });
    this.running.set(service, process);
    const url = `http://127.0.0.1:${port}`;
    this.urls.set(service, url);
    const end = Date.now() + readyWithinMs;
    while (!(await listens(url))) {
      if (!process.running || Date.now() > end)
        throw new Error(`${this.name} ${service} did not start; its log ${logFile} ends so:\n${lastLines(logFile)}`);
      await pause(50);
    }
  }

  private async supply(): Promise<void> {
    await query(this.databaseUrl('order'), 'insert into price select unnest($1::text[]), $2', [skus, priceMinor]);
    await query(
      this.databaseUrl('inventory'),
      'insert into stock (sku, received, available, held, committed) select unnest($1::text[]), 1000000, 1000000, 0, 0',
      [skus],
    );
  }
}

const orderBooks = `select id, status, null as reason, "totalMinor" as total_minor, currency, lines from orders`;
const line = z.object({ sku: z.string(), quantity: z.number() });
const orderRow = z.object({
  id: z.string(),
  status: z.string(),
  reason: z.null(),
  total_minor: z.number(),
  currency: z.string(),
  lines: z.array(line),
});
const reservationRow = z.object({ order_id: z.string(), status: z.string(), lines: z.array(line) });
const stockRow = z.object({
  sku: z.string(),
  received: z.number(),
  available: z.number(),
  held: z.number(),
  committed: z.number(),
});
const paymentRow = z.object({ order_id: z.string(), status: z.string(), amount_minor: z.number() });

async function query(url: string, sql: string, values: unknown[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(sql, values).finally(() => client.end());
}
