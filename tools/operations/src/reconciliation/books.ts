import type { ServiceName } from '@quadrille/contracts';
import { Client } from 'pg';
import { z } from 'zod';
import { Failure } from '../command-line/ends.js';
import { AdminApi } from '../system/http.js';
import type { System } from '../system/system.js';

/** What everybody says of every order. */
export interface Books {
  readonly orders: readonly Order[];
  readonly payments: readonly Payment[];
  readonly reservations: readonly Reservation[];
  readonly ledger: readonly LedgerItem[];
  /** What services know to be under way, by order, as sentences. */
  readonly underWay: ReadonlyMap<string, readonly string[]>;
  /** Dead letters, by order: nothing moves there before a person says so. */
  readonly dead: ReadonlyMap<string, readonly string[]>;
}

const count = z.coerce.number().int();
const order = z.object({
  id: z.string(),
  status: z.enum(['pending', 'confirmed', 'cancelled']),
  totalMinor: count,
  currency: z.string(),
  /** The later of placing and ending. */
  changedAt: z.date(),
});
const payment = z.object({ orderId: z.string(), status: z.string(), amountMinor: count.nullable() });
const reservation = z.object({ orderId: z.string(), status: z.string() });
const note = z.object({ orderId: z.string(), what: z.string() });
const ledgerItem = z.object({
  id: z.string(),
  kind: z.enum(['charge', 'refund']),
  amountMinor: z.number(),
  currency: z.string(),
  orderId: z.string().nullable(),
});
const ledgerPage = z.object({ items: z.array(ledgerItem), nextCursor: z.string().nullable() });

export type Order = z.infer<typeof order>;
export type Payment = z.infer<typeof payment>;
export type Reservation = z.infer<typeof reservation>;
export type LedgerItem = z.infer<typeof ledgerItem>;

/**
 * Reads the services' databases, each in one read-only snapshot, and the provider's ledger. Databases rather than the HTTP
 * APIs, because reservations and what is under way have no API, and because books have to be compared above all when a
 * service is down. Effects are read before their causes (the ledger, payments and reservations, then orders), so that what
 * happens meanwhile never looks like an effect without a cause.
 */
export async function readBooks(system: System): Promise<Books> {
  const ledger = await readLedger(new AdminApi('the provider', system.url('provider'), system.adminToken));
  const paymentBook = await atDatabase(system, 'payment', async (rows) => ({
    payments: await rows(`select order_id as "orderId", status, amount_minor as "amountMinor" from payment`, payment),
    ...(await movement(rows, 'payment')),
  }));
  const inventoryBook = await atDatabase(system, 'inventory', async (rows) => ({
    reservations: await rows(`select order_id as "orderId", status from reservation`, reservation),
    ...(await movement(rows, 'inventory')),
  }));
  const orderBook = await atDatabase(system, 'order', async (rows) => ({
    orders: await rows(
      `select id, status, total_minor as "totalMinor", currency, coalesce(ended_at, placed_at) as "changedAt"
       from order_view order by id`,
      order,
    ),
    ...(await movement(rows, 'order')),
  }));
  const books = [paymentBook, inventoryBook, orderBook];
  return {
    ledger,
    payments: paymentBook.payments,
    reservations: inventoryBook.reservations,
    orders: orderBook.orders,
    underWay: byOrder(books.flatMap(({ underWay }) => underWay)),
    dead: byOrder(books.flatMap(({ dead }) => dead)),
  };
}

type Rows = <Row>(sql: string, schema: z.ZodType<Row>) => Promise<Row[]>;

/** Streams are named `<service>-<order id>`; held messages have the order id for their key. */
async function movement(rows: Rows, service: ServiceName) {
  const ofStream = `substring(stream from position('-' in stream) + 1)`;
  return {
    underWay: await rows(
      `select ${ofStream} as "orderId", '${service} has a ' || kind || coalesce(' ' || task, '') || ' open' as what from agenda
       union all
       select key, '${service} holds ' || type || ' (' || code || ')' from held_message where status in ('waiting', 'retrying')
       union all
       select ${ofStream}, '${service} has not announced ' || type || ' yet'
       from log where position > (select min(position) from relay)`,
      note,
    ),
    dead: await rows(
      `select key as "orderId", 'dead letter ${service}:' || id || ', ' || type || ': ' || reason as what
       from held_message where status = 'dead' order by id`,
      note,
    ),
  };
}

async function readLedger(provider: AdminApi): Promise<LedgerItem[]> {
  const entries: LedgerItem[] = [];
  for (let after: string | null = ''; after !== null;) {
    const place: string = after && `&after=${encodeURIComponent(after)}`;
    const { items, nextCursor }: z.infer<typeof ledgerPage> = await provider.ask(
      'GET',
      `/ledger?limit=200${place}`,
      ledgerPage,
    );
    entries.push(...items);
    after = nextCursor;
  }
  return entries;
}

async function atDatabase<Book>(
  system: System,
  service: ServiceName,
  read: (rows: Rows) => Promise<Book>,
): Promise<Book> {
  const client = new Client({ connectionString: system.databaseUrl(service), connectionTimeoutMillis: 10_000 });
  // A connection that is lost while idle is reported by the next query.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('begin transaction isolation level repeatable read read only');
    return await read(async (sql, schema) => z.array(schema).parse((await client.query(sql)).rows));
  } catch (error) {
    if (error instanceof z.ZodError) throw error;
    throw new Failure(`The database of ${service} cannot be read: ${(error as Error).message || 'no answer'}.`, {
      cause: error,
    });
  } finally {
    await client.end().catch(() => undefined); // It is gone already, and that was said.
  }
}

function byOrder(notes: readonly z.infer<typeof note>[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { orderId, what } of notes) found.set(orderId, [...(found.get(orderId) ?? []), what]);
  return found;
}
