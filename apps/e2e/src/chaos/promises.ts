import type { Violation } from '../rules.js';
import type { Order } from './history.js';
import type { Purchase } from './load.js';

/** Compares the clients' own list of what they asked for and were told with the orders that there are. */
export function brokenPromises(purchases: readonly Purchase[], orders: readonly Order[]): Violation[] {
  const byCustomer = new Map<string, Order[]>();
  for (const order of orders) byCustomer.set(order.customerId, [...(byCustomer.get(order.customerId) ?? []), order]);
  const clients = new Set(purchases.map(({ customerId }) => customerId));
  return [
    ...purchases.flatMap((purchase) => brokenTo(purchase, byCustomer.get(purchase.customerId) ?? [])),
    ...orders
      .filter(({ customerId }) => !clients.has(customerId))
      .map(({ id }) => ({ rule: 1, orderId: id, what: 'was ordered by nobody' })),
  ];
}

function brokenTo(purchase: Purchase, orders: readonly Order[]): Violation[] {
  const { customerId, promised, promisedAgain, cancellation, seen, failure } = purchase;
  const found: Violation[] = [];
  const note = (rule: number, orderId: string | null, what: string) => found.push({ rule, orderId, what });
  const [order, second] = orders;
  if (second) note(5, second.id, `is a second order of ${customerId}, who placed one`);
  if (failure && !/had no answer|waited .* in vain/.test(failure))
    note(1, order?.id ?? null, `${customerId}: ${failure}`);
  if (!promised) return found;
  if (promisedAgain !== undefined && promisedAgain !== promised.id)
    note(5, promisedAgain, `was the answer to a key that had been answered with ${promised.id}`);
  const kept = orders.find(({ id }) => id === promised.id);
  if (!kept) {
    note(1, promised.id, `was promised to ${customerId} and does not exist`);
    return found;
  }
  if (kept.totalMinor !== promised.totalMinor)
    note(1, kept.id, `costs ${kept.totalMinor}, and ${promised.totalMinor} was promised`);
  if (linesOf(kept.lines) !== linesOf(purchase.order.lines)) note(1, kept.id, 'has other lines than were ordered');
  if (cancellation === 'answered' && kept.status !== 'cancelled')
    note(1, kept.id, `was cancelled by its customer and is ${kept.status}`);
  const wasCancelledLater = seen?.status === 'confirmed' && kept.reason === 'customer_request' && cancellation;
  if (seen && seen.status !== kept.status && !wasCancelledLater)
    note(1, kept.id, `was seen ${seen.status} and is ${kept.status}`);
  return found;
}

function linesOf(lines: readonly { readonly sku: string; readonly quantity: number }[]): string {
  return lines
    .map(({ sku, quantity }) => `${sku} ${quantity}`)
    .sort()
    .join();
}
