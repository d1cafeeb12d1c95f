import type { Order } from '@quadrille/order/domain';
import type { Payment } from '@quadrille/payment/domain';
import type { Reservation } from '@quadrille/inventory/domain';
import { Violation } from './rules.js';
import type { World } from './world.js';

/** The rules of domain.md that hold when the dust has settled: nothing in flight, no deadline open, no task left. */
export function checkAtRest(world: World): void {
  promisesAreKept(world);
  ordersAreWhatPaymentsAndReservationsSay(world);
  moneyAddsUp(world);
  everythingWasSaidAndHeard(world);
}

/** Rule 1: nothing stays pending. */
export function nothingIsPending({ rules }: World, what: string): void {
  for (const [id, { status }] of rules.stories) if (status === 'pending') throw new Violation('rule 1', what, [id]);
}

/** Rule 1, and what clients were answered. */
function promisesAreKept({ clients, rules, services }: World): void {
  const { promises } = clients;
  const ids = new Set(promises.orders.values());
  if (ids.size !== promises.orders.size)
    throw new Violation('rule 1', 'two placings were answered with the same order');
  for (const id of ids)
    if (rules.stories.get(id)?.status === undefined || rules.storyOf(id).status === 'none')
      throw new Violation('rule 1', 'an order that was answered with 202 does not exist', [id]);
  for (const [id, { status }] of rules.stories) {
    if (status !== 'none' && !ids.has(id)) throw new Violation('rule 1', 'one placing made two orders', [id]);
  }
  for (const id of promises.cancelled)
    if (rules.storyOf(id).status !== 'cancelled')
      throw new Violation('rule 1', 'a cancellation was answered and did not happen', [id]);
  for (const [sku, quantity] of promises.received)
    if (rules.levels.get(sku)?.received !== quantity)
      throw new Violation('rule 3', `${quantity} were received, ${rules.levels.get(sku)?.received} are on the books`, [
        sku,
      ]);
  for (const { participant, database } of Object.values(services)) {
    const open = [...database.deadlines.keys(), ...database.tasks][0];
    if (open)
      throw new Violation('rule 1', `${participant.name} still waits for something on ${open}`, [
        open.replace(/^[a-z]+-/, ''),
      ]);
  }
}

/** Rule 2. */
function ordersAreWhatPaymentsAndReservationsSay({ rules, services }: World): void {
  for (const [id, story] of rules.stories) {
    const order = services.order.database.rows.get(`order-${id}`) as Order | undefined;
    const payment = (services.payment.database.rows.get(`payment-${id}`) as Payment | undefined)?.status ?? 'none';
    const reservation =
      (services.inventory.database.rows.get(`reservation-${id}`) as Reservation | undefined)?.status ?? 'none';
    const told = `order ${order?.status}, payment ${payment}, reservation ${reservation}`;
    if ((order?.status ?? 'none') !== story.status)
      throw new Violation('rule 2', `the state of the order is not what its events say: ${told}`, [id]);
    if (reservation !== story.reservation)
      throw new Violation('rule 2', `the reservation is not what its events say: ${told}`, [id]);
    if (payment !== story.paymentStatus)
      throw new Violation('rule 2', `the payment is not what its events say: ${told}`, [id]);
    const fulfilled = payment === 'captured' && reservation === 'committed';
    const undone = payment !== 'captured' && reservation !== 'held' && reservation !== 'committed';
    if (story.status === 'confirmed' && !fulfilled) throw new Violation('rule 2', told, [id]);
    if (story.status === 'cancelled' && !undone) throw new Violation('rule 2', told, [id]);
  }
}

/** Rule 4. */
function moneyAddsUp({ rules }: World): void {
  for (const [id, { status, placed, chargedMinor, refundedMinor }] of rules.stories) {
    const due = status === 'confirmed' ? (placed?.totalMinor ?? 0) : 0;
    if (chargedMinor - refundedMinor !== due)
      throw new Violation(
        'rule 4',
        `${chargedMinor} charged, ${refundedMinor} refunded, for an order that is ${status} and costs ${placed?.totalMinor}`,
        [id],
      );
  }
}

/** Rules 6 and 7, and the timeline: whatever others announced about an order, the order has noted once. */
function everythingWasSaidAndHeard({ rules, services, network }: World): void {
  for (const { participant, database } of Object.values(services)) {
    for (const row of database.log) {
      const fact = row && participant.publishes[row.event.type]?.(row.event);
      if (!row || !fact) continue;
      const id = row.stream.replace(/^[a-z]+-/, '');
      if (!rules.published.has(row.id)) throw new Violation('rule 6', `${row.event.type} never went out`, [id]);
      for (const { type } of [fact].flat())
        for (const listener of network.listenersOf(type))
          if (!rules.handled[listener.name].has(row.id))
            throw new Violation('rule 7', `${listener.name} never handled ${type}`, [id]);
    }
  }
  for (const [id, { heard, announced }] of rules.stories)
    for (const type of announced) if (!heard.has(type)) throw new Violation('timeline', `${type} is missing`, [id]);
}
