import type { PerService } from '@quadrille/cluster';
import { services, type ServiceName } from '@quadrille/contracts';
import { Client } from 'pg';
import { z } from 'zod';

/** Orders in one statement: enough to be quick, few enough for little memory. */
const chunk = 10_000;
/** As the migrations and the maintenance of event-log cut the log. */
const positionsPerPartition = 1_000_000;

/** Where one ended order has left rows; `$1` is its id. */
const tables: PerService<readonly (readonly [table: string, where: string])[]> = {
  order: [
    ['log', `original.stream = 'order-' || $1::text`],
    ['stream_head', `original.stream = 'order-' || $1::text`],
    ['order_view', `original.id = $1::uuid`],
    ['idempotency', `original.answer->>'id' = $1::text`],
  ],
  inventory: [
    ['log', `original.stream = 'reservation-' || $1::text`],
    ['stream_head', `original.stream = 'reservation-' || $1::text`],
    ['reservation', `original.order_id = $1::uuid`],
  ],
  payment: [
    ['log', `original.stream = 'payment-' || $1::text`],
    ['stream_head', `original.stream = 'payment-' || $1::text`],
    ['payment', `original.order_id = $1::uuid`],
  ],
};

/** Messages that a service hears of one order: rows of its inbox. */
const heardPerOrder: PerService<number> = { order: 3, inventory: 2, payment: 2 };

export const messagesPerOrder = Object.values(heardPerOrder).reduce((sum, count) => sum + count, 0);

/**
 * Fills the databases with orders that have ended, as copies of one that did: rows of the same shape wherever it left any, with
 * ids of the same kind, so that tables and indexes are as large and as ordered as after as many real ones. To be done while no
 * service runs and everything is published; the provider's ledger does not know these orders.
 */
export async function fillHistory(
  { databaseUrls, postgres }: { databaseUrls: PerService<string>; postgres: { readonly adminUrl: string } },
  orderId: string,
  orders: number,
): Promise<void> {
  const firstMs = Date.now() - orders;
  for (const service of services) {
    // The services' own roles can neither make partitions nor write what is published.
    const administrator = new URL(postgres.adminUrl);
    administrator.pathname = new URL(databaseUrls[service]).pathname;
    const client = new Client({ connectionString: administrator.href });
    await client.connect();
    await fill(client, service, { orderId, orders, firstMs }).finally(() => client.end());
  }
}

interface History {
  readonly orderId: string;
  readonly orders: number;
  /** Ids are of UUID's version 7, a millisecond apart. */
  readonly firstMs: number;
}

const counts = z.object({ events: z.coerce.number(), position: z.coerce.number() });
const others = z.object({ payment_id: z.string(), intent_id: z.string() });

async function fill(client: Client, service: ServiceName, { orderId, orders, firstMs }: History): Promise<void> {
  await client.query(idSql(firstMs));
  const [log] = tables[service];
  const found = await client.query(
    `select count(*) as events, (select last_value from log_position) as position from log original where ${log?.[1]}`,
    [orderId],
  );
  const { events, position } = counts.parse(found.rows[0]);
  await makePartitions(client, position, position + orders * events);
  const other =
    service === 'payment'
      ? others.parse((await client.query(`select * from payment where order_id = $1`, [orderId])).rows[0])
      : { payment_id: 'none', intent_id: 'none' };
  for (let from = 1; from <= orders; from += chunk) {
    const to = Math.min(orders, from + chunk - 1);
    await client.query('begin');
    for (const [table, where] of tables[service])
      await client.query(copySql(table, where), [orderId, other.payment_id, other.intent_id, from, to]);
    await client.query(
      `insert into inbox (message_id) select pg_temp.id_of('heard', n, k)
       from generate_series($1::bigint, $2) n, generate_series(1, $3::int) k`,
      [from, to, heardPerOrder[service]],
    );
    if (service === 'inventory')
      await client.query(
        `update stock set received = received + $2::bigint, committed = committed + $2::bigint
         where sku = (select lines->0->>'sku' from reservation where order_id = $1)`,
        [orderId, to - from + 1],
      );
    await client.query('update relay set position = (select last_value from log_position)');
    await client.query('commit');
  }
  await client.query('vacuum (analyze)');
}

async function makePartitions(client: Client, position: number, upTo: number): Promise<void> {
  const at = (each: number) => Math.floor(each / positionsPerPartition);
  for (let index = at(position); index <= at(upTo); index++)
    await client.query(
      `create table if not exists log_p${index} partition of log
       for values from (${index * positionsPerPartition}) to (${(index + 1) * positionsPerPartition})`,
    );
}

function idSql(firstMs: number): string {
  return `
    create function pg_temp.id_of(kind text, n bigint, k int default 0) returns uuid language sql immutable as $$
      select (lpad(to_hex(${firstMs} + n), 12, '0') || '7' || left(hash, 3) || '8' || substr(hash, 4, 15))::uuid
      from md5(kind || ' ' || n || ' ' || k) hash
    $$`;
}

/** The ids are replaced as text, wherever in a row they stand: in columns, in names of streams, in events. */
function copySql(table: string, where: string): string {
  return `
    insert into ${table}
    select copied.*
    from ${table} original,
      generate_series($4::bigint, $5::bigint) n,
      lateral replace(to_jsonb(original)::text, $1::text, pg_temp.id_of('order', n)::text) a,
      lateral replace(a, $2::text, pg_temp.id_of('payment', n)::text) b,
      lateral replace(b, $3::text, 'pi_' || md5(n::text)) c,
      lateral jsonb_populate_record(null::${table}, c::jsonb ${ownIds[table] ?? ''}) copied
    where ${where}
    order by n`;
}

const ownIds: Readonly<Record<string, string>> = {
  log: `|| jsonb_build_object('position', nextval('log_position'), 'id', pg_temp.id_of('event', n, original.version))`,
  idempotency: `|| jsonb_build_object('key', pg_temp.id_of('key', n))`,
};
