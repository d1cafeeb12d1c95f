import { Refusal } from '@quadrille/contracts';
import type { Order, OrderCommand, OrderEvent } from '@quadrille/order/domain';
import { factName, type Story } from './story.js';
import { mustOf, Violation, type Must } from './violation.js';

/** An order is placed once, is confirmed at most once and only when paid, and is cancelled at most once and for a reason. */
export function checkOrderEvent(event: OrderEvent, story: Story, askedToCancel: boolean, decidedAt: string): void {
  const must = mustOf('order', event.orderId);
  switch (event.type) {
    case 'Placed':
      must(story.order === 'none', 'an order is placed twice');
      story.placed = event;
      story.order = 'pending';
      return;
    case 'Confirmed':
      must(story.order === 'pending', `an order that is ${story.order} is confirmed`);
      must(story.paymentEvents.has('Captured'), 'an order is confirmed that nobody paid');
      story.order = 'confirmed';
      return;
    case 'Cancelled':
      must(story.order !== 'cancelled' && story.order !== 'none', `an order that is ${story.order} is cancelled`);
      must(
        story.order === 'pending' || event.reason === 'customer_request',
        `a confirmed order is cancelled: ${event.reason}`,
      );
      must(event.at === decidedAt, `an order is cancelled at ${decidedAt} and says ${event.at}`);
      mustHaveReason(event, story, askedToCancel, must);
      story.order = 'cancelled';
      return;
    case 'Noted':
      must(!story.noted.has(factName(event.fact.type)), `the timeline has ${event.fact.type} twice`);
      story.noted.add(factName(event.fact.type));
      return;
  }
}

function mustHaveReason(
  { reason, declineCode, at }: Extract<OrderEvent, { type: 'Cancelled' }>,
  story: Story,
  askedToCancel: boolean,
  must: Must,
): void {
  switch (reason) {
    case 'out_of_stock':
      return must(story.reservation === 'rejected', 'an order is out of stock that inventory did not reject');
    case 'payment_declined':
      return must(story.declined && declineCode !== null, 'an order is declined that the provider did not decline');
    case 'timed_out':
      return must(story.placed !== null && at >= story.placed.dueAt, 'an order is timed out before its deadline');
    case 'customer_request':
      return must(askedToCancel, 'an order is cancelled that nobody cancelled');
  }
}

/** What must not be met with silence or a refusal: a deadline that has come, and a customer who cancels. */
export function checkOrderDecision(
  command: OrderCommand,
  situation: string,
  decided: readonly OrderEvent[] | Refusal,
  story: Story | undefined,
  now: string,
): void {
  const must = mustOf('order', command.orderId);
  if (command.type === 'Cancel')
    must(situation === 'none' || !(decided instanceof Refusal), 'the cancellation of an order that exists is refused');
  if (decided instanceof Refusal) return;
  const [first] = decided;
  if (command.type === 'TimeOut' && situation === 'pending' && story?.placed && now >= story.placed.dueAt)
    must(first !== undefined, 'a deadline that has come changes nothing');
  if (command.type === 'Place' && first?.type === 'Placed') {
    const waitsMs = Date.parse(first.dueAt) - Date.parse(first.placedAt);
    must(waitsMs === command.deadlineMs, `an order waits ${waitsMs} ms instead of ${command.deadlineMs}`);
  }
}

const endings = ['inventory.stock-rejected', 'payment.captured', 'payment.declined'];

/** A pending order that has heard how it ends would wait for nothing. */
export function checkOrderState(order: Order): void {
  if (order.status !== 'pending') return;
  const heard = order.noted.find((name) => endings.includes(name));
  if (heard) throw new Violation('order', `an order that heard ${heard} is still pending`, [order.id]);
}
