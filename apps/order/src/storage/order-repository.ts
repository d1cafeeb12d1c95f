import { eventSourced, type Transaction } from '@quadrille/event-log';
import { orderDecider, type Order } from '../domain/index.js';
import { viewOf } from './order-view.js';

/** The state is the fold of the stream in the log; the read model is written in the same round. */
export const orderRepository = eventSourced(orderDecider, { save: saveViews });

interface Change {
  readonly state: Order;
  readonly version: number;
}

async function saveViews(tx: Transaction, changes: readonly Change[]): Promise<void> {
  const views = changes.flatMap(({ state, version }) => (state.status === 'none' ? [] : [viewOf(state, version)]));
  if (views.length > 0) await tx.query(saveOrderViews, [JSON.stringify(views)]);
}

const saveOrderViews = `
  insert into order_view (
    id, status, reason, decline_code, customer_id, currency, total_minor, lines, version, placed_at, ended_at
  )
  select id, status, reason, "declineCode", "customerId", currency, "totalMinor", lines, version, "placedAt", "endedAt"
  from json_to_recordset($1::json) as changed (
    id uuid, status text, reason text, "declineCode" text, "customerId" text, currency text, "totalMinor" bigint,
    lines jsonb, version integer, "placedAt" timestamptz, "endedAt" timestamptz
  )
  on conflict (id) do update set
    status = excluded.status, reason = excluded.reason, decline_code = excluded.decline_code,
    version = excluded.version, ended_at = excluded.ended_at`;
