import { Refusal, type PublicEvent, type ServiceName } from '@quadrille/contracts';
import type { InventoryEvent, Reservation, StockLevel, StockLine } from '@quadrille/inventory/domain';
import { emptyLevel } from '@quadrille/inventory/domain';
import type { Order, OrderCommand, OrderEvent, Place, Placed } from '@quadrille/order/domain';
import type { Payment, PaymentEvent } from '@quadrille/payment/domain';
import type { LogRow, Transaction } from './database.js';
import type { Message } from './participants.js';
import type { Service } from './service.js';
import type { World } from './world.js';

/** A rule of domain.md that did not hold, and about which orders or SKUs. */
export class Violation extends Error {
  constructor(
    readonly rule: string,
    message: string,
    readonly about: readonly string[] = [],
  ) {
    super(`${rule}: ${message}`);
    this.name = 'Violation';
  }
}

/** What the rules remember of one order, from events and from the provider's doings, never from a service's own state. */
interface Story {
  placed: Placed | null;
  status: 'none' | 'pending' | 'confirmed' | 'cancelled';
  readonly heard: Set<string>;
  readonly announced: Set<string>;
  reservation: Reservation['status'];
  reservedLines: readonly StockLine[];
  readonly payment: Set<PaymentEvent['type']>;
  paymentStatus: Payment['status'];
  charges: number;
  refunds: number;
  chargedMinor: number;
  refundedMinor: number;
  declined: boolean;
}

/**
 * Rules of domain.md that hold at every moment. They are checked with every commit, every publish and every move of money,
 * and nothing else changes anything; final-rules.ts has those that hold when the dust has settled.
 */
export class Rules {
  readonly stories = new Map<string, Story>();
  /** Stock as the events tell it. */
  readonly levels = new Map<string, StockLevel>();
  readonly published = new Set<string>();
  readonly handled: Record<ServiceName, Set<string>> = { order: new Set(), inventory: new Set(), payment: new Set() };
  private readonly committed = new Set<string>();
  private readonly versions = new Map<string, number>();
  private readonly lastPublished = new Map<string, number>();

  constructor(private readonly world: World) {}

  committing(service: Service, transaction: Transaction, expired: boolean): void {
    if (expired)
      throw new Violation('leases', `${service.participant.name} commits for an owner whose lease has ended`);
    for (const row of transaction.appended) {
      this.mustBeNext(row);
      this.committed.add(row.id);
      this.world.history.mixText(row.event.type);
      if (service.participant.name === 'order') this.orderEvent(row.event as OrderEvent, row);
      else if (service.participant.name === 'inventory') this.inventoryEvent(row.event as InventoryEvent);
      else this.paymentEvent(row.event as PaymentEvent);
    }
    for (const [key, row] of transaction.rows) {
      if (key.startsWith('level-')) this.levelMustBe(key.slice('level-'.length), row as StockLevel);
      else if (service.participant.name === 'order') mustHaveEnded(row as Order);
    }
  }

  /** What must not be met with silence or a refusal: a deadline that has come, and a customer who cancels. */
  deciding(situation: string, command: Message, decided: readonly Message[] | Refusal, now: string): void {
    const { type, orderId = '' } = command as Partial<OrderCommand> & Message;
    if (type === 'Cancel' && situation !== 'none' && decided instanceof Refusal)
      throw new Violation('order', 'the cancellation of an order that exists is refused', [orderId]);
    const dueAt = this.stories.get(orderId)?.placed?.dueAt;
    if (type === 'TimeOut' && situation === 'pending' && dueAt !== undefined && now >= dueAt)
      if (Array.isArray(decided) && decided.length === 0)
        throw new Violation('order', 'a deadline that has come changes nothing', [orderId]);
    if (/^Record(Intent|Captured|Declined|NotCharged|Refunded)$/.test(type) && neverAsked.has(situation))
      if (!(decided instanceof Refusal))
        throw new Violation('payment', `${type} is taken for a payment that asked for nothing`, [orderId]);
    if (type === 'Place' && Array.isArray(decided) && decided[0]) {
      const { placedAt, dueAt } = decided[0] as Placed;
      if (Date.parse(dueAt) - Date.parse(placedAt) !== (command as Place).deadlineMs)
        throw new Violation('order', `placed at ${placedAt}, its deadline is ${dueAt}`, [orderId]);
    }
  }

  /** Rule 6: nothing is on the wire that is not in the log, and first copies come in their stream's order. */
  publishing(owner: ServiceName, event: PublicEvent, row: LogRow): void {
    const about = [event.subject];
    if (!this.committed.has(row.id))
      throw new Violation('rule 6', `${event.type} is on the wire and not in the log of ${owner}`, about);
    if (this.published.has(row.id)) return;
    this.published.add(row.id);
    if (row.version < (this.lastPublished.get(row.stream) ?? 0))
      throw new Violation('rule 6', `${event.type} is published after a later event of its stream`, about);
    this.lastPublished.set(row.stream, row.version);
    if (owner !== 'order') this.storyOf(event.subject).announced.add(nameOf(event.type));
  }

  /** Rule 5: while the inbox knows a message, it is not handled again. */
  handling(listener: ServiceName, { id, type, subject }: PublicEvent): void {
    if (this.handled[listener].has(id) && this.world.services[listener].database.inbox.has(id))
      throw new Violation('rule 5', `${listener} handled the same ${type} twice`, [subject]);
  }

  charging(orderId: string, amountMinor: number): void {
    const story = this.storyOf(orderId);
    story.charges++;
    story.chargedMinor += amountMinor;
    if (story.charges > 1) throw new Violation('rule 4', 'the order is charged twice', [orderId]);
    if (amountMinor !== story.placed?.totalMinor)
      throw new Violation('rule 4', `${amountMinor} is charged for an order of ${story.placed?.totalMinor}`, [orderId]);
  }

  refunding(orderId: string, amountMinor: number): void {
    const story = this.storyOf(orderId);
    story.refunds++;
    story.refundedMinor += amountMinor;
    if (story.refunds > 1) throw new Violation('rule 5', 'the order is refunded twice', [orderId]);
    if (story.refundedMinor > story.chargedMinor)
      throw new Violation('rule 4', 'more is refunded than was charged', [orderId]);
  }

  /** The provider declined, or cancelled what was not charged. */
  declining(orderId: string): void {
    this.storyOf(orderId).declined = true;
  }

  storyOf(orderId: string): Story {
    let story = this.stories.get(orderId);
    if (!story) {
      story = {
        placed: null,
        status: 'none',
        heard: new Set(),
        announced: new Set(),
        reservation: 'none',
        reservedLines: [],
        payment: new Set(),
        paymentStatus: 'none',
        charges: 0,
        refunds: 0,
        chargedMinor: 0,
        refundedMinor: 0,
        declined: false,
      };
      this.stories.set(orderId, story);
    }
    return story;
  }

  private mustBeNext({ stream, version, event }: LogRow): void {
    const expected = (this.versions.get(stream) ?? 0) + 1;
    if (version !== expected)
      throw new Violation('rule 6', `${event.type} is version ${version} of ${stream}, after ${expected - 1}`, [
        stream.replace(/^[a-z]+-/, ''),
      ]);
    this.versions.set(stream, version);
  }

  private orderEvent(event: OrderEvent, row: LogRow): void {
    const story = this.storyOf(event.orderId);
    const must = (holds: boolean, what: string) => {
      if (!holds) throw new Violation('order', what, [event.orderId]);
    };
    switch (event.type) {
      case 'Placed':
        must(story.status === 'none', 'an order is placed twice');
        story.placed = event;
        story.status = 'pending';
        return;
      case 'Confirmed':
        must(story.status === 'pending', `an order that is ${story.status} is confirmed`);
        must(story.payment.has('Captured'), 'an order is confirmed that nobody paid');
        story.status = 'confirmed';
        return;
      case 'Cancelled':
        must(story.status !== 'cancelled' && story.status !== 'none', `an order that is ${story.status} is cancelled`);
        must(
          story.status === 'pending' || event.reason === 'customer_request',
          `a confirmed order is cancelled: ${event.reason}`,
        );
        this.mustHaveReason(event, row.at, story, must);
        story.status = 'cancelled';
        return;
      case 'Noted':
        must(!story.heard.has(nameOf(event.fact.type)), `the timeline has ${event.fact.type} twice`);
        story.heard.add(nameOf(event.fact.type));
        return;
    }
  }

  private mustHaveReason(
    { reason, declineCode, orderId }: Extract<OrderEvent, { type: 'Cancelled' }>,
    at: string,
    story: Story,
    must: (holds: boolean, what: string) => void,
  ): void {
    switch (reason) {
      case 'out_of_stock':
        return must(story.reservation === 'rejected', 'an order is out of stock that inventory did not reject');
      case 'payment_declined':
        return must(story.declined && declineCode !== null, 'an order is declined that the provider did not decline');
      case 'timed_out':
        return must(story.placed !== null && at >= story.placed.dueAt, 'an order is timed out before its deadline');
      case 'customer_request':
        return must(this.world.clients.cancelAsked.has(orderId), 'an order is cancelled that nobody cancelled');
    }
  }

  private inventoryEvent(event: InventoryEvent): void {
    if (event.type === 'Received') return this.receive(event.sku, event.quantity);
    const story = this.storyOf(event.orderId);
    const must = (holds: boolean, what: string) => {
      if (!holds) throw new Violation('inventory', what, [event.orderId]);
    };
    switch (event.type) {
      case 'Reserved':
        must(story.reservation === 'none', `a reservation that is ${story.reservation} is made again`);
        must(sameLines(event.lines, story.placed?.lines ?? []), 'not all lines of the order are reserved');
        this.move(event.lines, 'available', 'held', event.orderId);
        story.reservation = 'held';
        story.reservedLines = event.lines;
        return;
      case 'Rejected':
        must(story.reservation === 'none', `a reservation that is ${story.reservation} is rejected`);
        must(!this.isThere(story.placed?.lines ?? []), 'an order is rejected whose stock is there');
        story.reservation = 'rejected';
        return;
      case 'Committed':
        must(story.reservation === 'held', `a reservation that is ${story.reservation} is committed`);
        must(sameLines(event.lines, story.reservedLines), 'other lines are committed than were reserved');
        this.move(event.lines, 'held', 'committed', event.orderId);
        story.reservation = 'committed';
        return;
      case 'Released':
        must(
          story.reservation === 'held' || story.reservation === 'committed',
          `a reservation that is ${story.reservation} is released`,
        );
        must(sameLines(event.lines, story.reservedLines), 'other lines are released than were reserved');
        this.move(event.lines, story.reservation === 'held' ? 'held' : 'committed', 'available', event.orderId);
        story.reservation = 'released';
        return;
      case 'Closed':
        must(story.reservation === 'none', `a reservation that is ${story.reservation} is closed`);
        story.reservation = 'closed';
        return;
    }
  }

  private paymentEvent(event: PaymentEvent): void {
    const story = this.storyOf(event.orderId);
    const must = (holds: boolean, what: string) => {
      if (!holds) throw new Violation('payment', what, [event.orderId]);
    };
    must(!story.payment.has(event.type), `${event.type} happens twice`);
    story.payment.add(event.type);
    story.paymentStatus = statusAfter[event.type] ?? story.paymentStatus;
    switch (event.type) {
      case 'ChargeRequested':
        must(story.reservation !== 'none' && story.reservedLines.length > 0, 'a charge is asked for without stock');
        must(
          event.amountMinor === story.placed?.totalMinor,
          'a charge is asked for that is not the amount of the order',
        );
        must(!story.payment.has('Closed'), 'a charge is asked for after the payment was closed');
        return;
      case 'Captured':
        must(event.amountMinor === 0 || story.charges > 0, 'a payment is captured that was never charged');
        return;
      case 'Declined':
        must(story.declined, 'a payment is declined that the provider did not decline');
        return;
      case 'Refunded':
        must(event.amountMinor === 0 || story.refunds > 0, 'a payment is refunded whose money did not go back');
        return;
      default:
    }
  }

  /** Rule 3, at every moment: the levels are what the events say, add up, and are never negative. */
  private levelMustBe(sku: string, level: StockLevel): void {
    const told = this.levelOf(sku);
    const { received, available, held, committed } = level;
    if (Math.min(available, held, committed) < 0)
      throw new Violation('rule 3', `${sku} is negative: ${JSON.stringify(level)}`, [sku]);
    if (available + held + committed !== received)
      throw new Violation('rule 3', `${sku} does not add up: ${JSON.stringify(level)}`, [sku]);
    if (received !== told.received || available !== told.available || held !== told.held)
      throw new Violation('rule 3', `${sku} is ${JSON.stringify(level)}, but its events say ${JSON.stringify(told)}`, [
        sku,
      ]);
  }

  private isThere(lines: readonly StockLine[]): boolean {
    const wanted = new Map<string, number>();
    for (const { sku, quantity } of lines) wanted.set(sku, (wanted.get(sku) ?? 0) + quantity);
    return [...wanted].every(([sku, quantity]) => quantity <= this.levelOf(sku).available);
  }

  private levelOf(sku: string): StockLevel {
    return this.levels.get(sku) ?? emptyLevel;
  }

  private receive(sku: string, quantity: number): void {
    const level = this.levelOf(sku);
    this.levels.set(sku, { ...level, received: level.received + quantity, available: level.available + quantity });
  }

  private move(
    lines: readonly StockLine[],
    from: 'available' | 'held' | 'committed',
    to: 'available' | 'held' | 'committed',
    orderId: string,
  ): void {
    for (const { sku, quantity } of lines) {
      const level = this.levelOf(sku);
      if (level[from] < quantity)
        throw new Violation('rule 3', `${quantity} of ${sku} leave ${from}, where ${level[from]} are`, [orderId, sku]);
      this.levels.set(sku, { ...level, [from]: level[from] - quantity, [to]: level[to] + quantity });
    }
  }
}

const statusAfter: Partial<Record<PaymentEvent['type'], Payment['status']>> = {
  AmountKnown: 'awaiting',
  StockKnown: 'awaiting',
  ChargeRequested: 'charging',
  Captured: 'captured',
  Declined: 'declined',
  CancelRequested: 'cancelling',
  RefundRequested: 'refunding',
  Refunded: 'refunded',
  Closed: 'closed',
};

/** Situations of a payment that asked the provider for nothing. */
const neverAsked = new Set(['none', 'awaiting amount', 'awaiting stock', 'closed']);

const endings = ['inventory.stock-rejected', 'payment.captured', 'payment.declined'];

/** A wire type without its version: all versions of a fact tell the same. */
function nameOf(type: string): string {
  return type.replace(/\.v\d+$/, '');
}

/** A pending order that has heard how it ends would wait for nothing. */
function mustHaveEnded(order: Order): void {
  if (order.status !== 'pending') return;
  const heard = order.noted.find((name) => endings.includes(name));
  if (heard) throw new Violation('order', `an order that heard ${heard} is still pending`, [order.id]);
}

function sameLines(some: readonly StockLine[], others: readonly StockLine[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ sku, quantity }, index) => others[index]?.sku === sku && others[index].quantity === quantity)
  );
}
