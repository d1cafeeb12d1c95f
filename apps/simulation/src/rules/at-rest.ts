import type { Reservation } from '@quadrille/inventory/domain';
import type { Order } from '@quadrille/order/domain';
import type { Payment } from '@quadrille/payment/domain';
import type { World } from '../world.js';
import { mustOf, Violation } from './violation.js';

/** The rules of domain.md that hold when the dust has settled: nothing in flight, no deadline open, no task left. */
export function checkAtRest(world: World): void {
  checkPromises(world);
  checkNothingIsOwed(world);
  checkOutcomes(world);
  checkMoney(world);
  checkEverythingWasSaidAndHeard(world);
}

/** Rule 1: nothing stays pending. */
export function checkNothingIsPending({ rules }: World, otherwise: string): void {
  for (const [id, { order }] of rules.stories) mustOf('rule 1', id)(order !== 'pending', otherwise);
}

/** Rule 1, and what clients were answered. */
function checkPromises({ clients, rules }: World): void {
  const { promises } = clients;
  const ids = new Set(promises.orders.values());
  if (ids.size !== promises.orders.size) throw new Violation('rule 1', 'two placings were answered with one order');
  for (const id of ids)
    mustOf('rule 1', id)(rules.stories.of(id).order !== 'none', 'an order that was answered with 202 does not exist');
  for (const [id, { order }] of rules.stories)
    mustOf('rule 1', id)(order === 'none' || ids.has(id), 'one placing made two orders');
  for (const id of promises.cancelled)
    mustOf('rule 1', id)(rules.stories.of(id).order === 'cancelled', 'a cancellation was answered and did not happen');
  for (const [sku, quantity] of promises.received) {
    const { received } = rules.stock.levelOf(sku);
    mustOf('rule 3', sku)(received === quantity, `${quantity} were received, ${received} are on the books`);
  }
}

function checkNothingIsOwed({ services }: World): void {
  for (const { participant, database } of Object.values(services))
    for (const stream of [...database.deadlines.keys(), ...database.tasks])
      throw new Violation('rule 1', `${participant.name} still waits for something on ${stream}`, [subjectOf(stream)]);
}

/** Rule 2, and that every state is what its events say. */
function checkOutcomes({ rules, services }: World): void {
  const statusOf = (service: keyof typeof services, stream: string) =>
    (services[service].database.rows.get(stream) as Order | Reservation | Payment | undefined)?.status ?? 'none';
  for (const [id, story] of rules.stories) {
    const must = mustOf('rule 2', id);
    const order = statusOf('order', `order-${id}`);
    const payment = statusOf('payment', `payment-${id}`);
    const reservation = statusOf('inventory', `reservation-${id}`);
    const told = `order ${order}, payment ${payment}, reservation ${reservation}`;
    must(order === story.order, `the order is not what its events say: ${told}`);
    must(payment === story.payment, `the payment is not what its events say: ${told}`);
    must(reservation === story.reservation, `the reservation is not what its events say: ${told}`);
    if (order === 'confirmed') must(payment === 'captured' && reservation === 'committed', told);
    if (order === 'cancelled')
      must(payment !== 'captured' && reservation !== 'held' && reservation !== 'committed', told);
  }
}

/** Rule 4. */
function checkMoney({ rules }: World): void {
  for (const [id, { order, placed, chargedMinor, refundedMinor }] of rules.stories) {
    const due = order === 'confirmed' ? (placed?.totalMinor ?? 0) : 0;
    mustOf('rule 4', id)(
      chargedMinor - refundedMinor === due,
      `${chargedMinor} charged, ${refundedMinor} refunded, for an order that is ${order} and costs ${placed?.totalMinor}`,
    );
  }
}

/** Rules 6 and 7, and the timeline: whatever others announced about an order, the order has noted. */
function checkEverythingWasSaidAndHeard({ rules, services, network }: World): void {
  for (const { participant, database } of Object.values(services)) {
    for (const row of database.log) {
      const fact = row && participant.publishes[row.event.type]?.(row.event);
      if (!row || !fact) continue;
      const id = subjectOf(row.stream);
      mustOf('rule 6', id)(rules.published.has(row.id), `${row.event.type} never went out`);
      for (const { type } of [fact].flat())
        for (const { name } of network.listenersOf(type))
          mustOf('rule 7', id)(rules.handled[name].has(row.id), `${name} never handled ${type}`);
    }
  }
  for (const [id, { noted, announced }] of rules.stories)
    for (const name of announced) mustOf('timeline', id)(noted.has(name), `${name} is missing`);
}

function subjectOf(stream: string): string {
  return stream.replace(/^[a-z]+-/, '');
}
