import type { ServiceName } from '@quadrille/contracts';
import { Client } from 'pg';
import { z } from 'zod';

/** What the databases, the provider and the wire say when the dust has settled. */
export interface Evidence {
  readonly orders: readonly Order[];
  readonly reservations: readonly Reservation[];
  readonly stock: readonly Stock[];
  readonly payments: readonly Payment[];
  readonly ledger: readonly LedgerEntry[];
  readonly logs: Readonly<Record<ServiceName, readonly LoggedEvent[]>>;
  /** Messages that are held, dead or discarded, by service. */
  readonly held: Readonly<Record<ServiceName, readonly HeldMessage[]>>;
  /** Ids of the messages that were handled or are held, by service. */
  readonly inbox: Readonly<Record<ServiceName, ReadonlySet<string>>>;
  /** What a tap on the exchange saw, in the order in which it came. Null when nobody listened. */
  readonly wire: readonly WireEvent[] | null;
}

const count = z.coerce.number().int();
const order = z.object({
  id: z.uuid(),
  status: z.string(),
  reason: z.string().nullable(),
  total_minor: count,
  currency: z.string(),
  lines: z.array(z.object({ sku: z.string(), quantity: z.number() })),
});
const reservation = z.object({
  order_id: z.uuid(),
  status: z.string(),
  lines: z.array(z.object({ sku: z.string(), quantity: z.number() })).nullable(),
});
const stock = z.object({ sku: z.string(), received: count, available: count, held: count, committed: count });
const payment = z.object({ order_id: z.uuid(), status: z.string(), amount_minor: count.nullable() });
const loggedEvent = z.object({
  id: z.uuid(),
  stream: z.string(),
  version: z.number(),
  type: z.string(),
  position: count,
});
const inboxRow = z.object({ message_id: z.uuid() });
const heldMessage = z.object({ key: z.string(), status: z.string(), type: z.string(), reason: z.string() });
const ledgerEntry = z.object({
  id: z.string(),
  kind: z.enum(['charge', 'refund']),
  amountMinor: z.number(),
  currency: z.string(),
  orderId: z.string(),
  paymentIntent: z.string(),
});
const ledgerPage = z.object({ items: z.array(ledgerEntry), nextCursor: z.string().nullable() });

export type Order = z.infer<typeof order>;
export type Reservation = z.infer<typeof reservation>;
export type Stock = z.infer<typeof stock>;
export type Payment = z.infer<typeof payment>;
export type LoggedEvent = z.infer<typeof loggedEvent>;
export type HeldMessage = z.infer<typeof heldMessage>;
export type LedgerEntry = z.infer<typeof ledgerEntry>;
export interface WireEvent {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly sequence: number;
}

export interface Sources {
  readonly databases: Readonly<Record<ServiceName, string>>;
  readonly provider: { readonly url: string; readonly adminToken: string };
  readonly wire: readonly WireEvent[] | null;
}

export async function collectEvidence({ databases, provider, wire }: Sources): Promise<Evidence> {
  const log = (service: ServiceName) =>
    rows(databases[service], 'select id, stream, version, type, position from log order by position', loggedEvent);
  const held = (service: ServiceName) =>
    rows(databases[service], 'select key, status, type, reason from held_message order by id', heldMessage);
  const inbox = (service: ServiceName) => readInbox(databases[service]);
  return {
    orders: await rows(
      databases.order,
      'select id, status, reason, total_minor, currency, lines from order_view',
      order,
    ),
    reservations: await rows(databases.inventory, 'select order_id, status, lines from reservation', reservation),
    stock: await rows(databases.inventory, 'select sku, received, available, held, committed from stock', stock),
    payments: await rows(databases.payment, 'select order_id, status, amount_minor from payment', payment),
    ledger: await readLedger(provider),
    logs: { order: await log('order'), inventory: await log('inventory'), payment: await log('payment') },
    held: { order: await held('order'), inventory: await held('inventory'), payment: await held('payment') },
    inbox: { order: await inbox('order'), inventory: await inbox('inventory'), payment: await inbox('payment') },
    wire,
  };
}

/** What is still under way, as sentences. Empty: the dust has settled. */
export async function unsettled(databases: Sources['databases']): Promise<string[]> {
  const open: string[] = [];
  const counted = z.object({ agenda: count, held: count, behind: count });
  for (const [service, url] of Object.entries(databases)) {
    const [row] = await rows(
      url,
      `select (select count(*) from agenda) as agenda,
              (select count(*) from held_message where status in ('waiting', 'retrying')) as held,
              (select coalesce((select max(position) from log), 0) - least((select position from relay), coalesce((select max(position) from log), 0))) as behind`,
      counted,
    );
    if (!row) throw new Error('a query of one row answered with none');
    if (row.agenda > 0) open.push(`${service} waits for ${row.agenda} deadlines or tasks`);
    if (row.held > 0) open.push(`${service} holds ${row.held} messages`);
    if (row.behind > 0) open.push(`the relay of ${service} is ${row.behind} positions behind`);
  }
  return open;
}

/** Ids of the messages that a service has handled or holds. */
export async function readInbox(url: string): Promise<ReadonlySet<string>> {
  return new Set((await rows(url, 'select message_id from inbox', inboxRow)).map(({ message_id }) => message_id));
}

export async function rows<Row>(url: string, sql: string, schema: z.ZodType<Row>): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  // A server that goes between two steps is reported by the next step, and must not end the whole process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return z.array(schema).parse((await client.query(sql)).rows);
  } finally {
    await client.end();
  }
}

export async function readLedger({ url, adminToken }: Sources['provider']): Promise<LedgerEntry[]> {
  const entries: LedgerEntry[] = [];
  for (let after: string | null = ''; after !== null;) {
    const response = await fetch(`${url}/ledger?limit=200${after ? `&after=${encodeURIComponent(after)}` : ''}`, {
      headers: { authorization: `Bearer ${adminToken}` },
    });
    if (!response.ok) throw new Error(`the provider's ledger answered ${response.status}: ${await response.text()}`);
    const page = ledgerPage.parse(await response.json());
    entries.push(...page.items);
    after = page.nextCursor;
  }
  return entries;
}
