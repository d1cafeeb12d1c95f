import type { ServiceName } from '@quadrille/contracts';
import { z } from 'zod';
import { rows } from '../evidence.js';

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const logged = z.object({
  id: z.string(),
  stream: z.string(),
  type: z.string(),
  causation_id: z.string(),
  at: z.coerce.number(),
});
const order = z
  .object({
    id: z.string(),
    customer_id: z.string(),
    status: z.string(),
    reason: z.string().nullable(),
    total_minor: z.coerce.number(),
    lines: z.array(z.object({ sku: z.string(), quantity: z.number() })),
  })
  .transform(({ customer_id, total_minor, ...rest }) => ({
    ...rest,
    customerId: customer_id,
    totalMinor: total_minor,
  }));

export type Order = z.infer<typeof order>;

/** One event of an order, with the time at which it was decided: milliseconds since 1970, on the database's clock. */
export interface Happening {
  readonly service: ServiceName;
  readonly id: string;
  readonly orderId: string;
  readonly type: string;
  readonly causationId: string;
  readonly at: number;
}

/** What happened to every order, from the three logs, oldest first. */
export interface History {
  readonly orders: readonly Order[];
  readonly happenings: readonly Happening[];
}

export async function readHistory(databases: Readonly<Record<ServiceName, string>>): Promise<History> {
  const happenings: Happening[] = [];
  for (const [service, url] of Object.entries(databases) as [ServiceName, string][]) {
    const events = await rows(
      url,
      'select id, stream, type, causation_id, extract(epoch from recorded_at) * 1000 as at from log order by position',
      logged,
    );
    for (const { id, stream, type, causation_id: causationId, at } of events) {
      const orderId = uuid.exec(stream)?.[0];
      if (orderId !== undefined) happenings.push({ service, id, orderId, type, causationId, at });
    }
  }
  return {
    orders: await rows(
      databases.order,
      'select id, customer_id, status, reason, total_minor, lines from order_view',
      order,
    ),
    happenings: happenings.sort((a, b) => a.at - b.at),
  };
}
