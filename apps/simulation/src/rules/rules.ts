import type { PublicEvent, Refusal, ServiceName } from '@quadrille/contracts';
import type { InventoryEvent, StockLevel } from '@quadrille/inventory/domain';
import type { Order, OrderCommand, OrderEvent } from '@quadrille/order/domain';
import type { PaymentCommand, PaymentEvent } from '@quadrille/payment/domain';
import type { LogRow, Transaction } from '../database.js';
import type { Message } from '../participants.js';
import type { Service } from '../service.js';
import type { World } from '../world.js';
import { checkInventoryEvent, StockBook } from './inventory-rules.js';
import { checkOrderDecision, checkOrderEvent, checkOrderState } from './order-rules.js';
import { checkPaymentDecision, checkPaymentEvent } from './payment-rules.js';
import { factName, Stories } from './story.js';
import { mustOf, Violation } from './violation.js';

/**
 * Rules of domain.md that hold at every moment. They are checked with every decision, commit and publish and with every move
 * of money, and nothing else changes anything; at-rest.ts has those that hold when the dust has settled.
 */
export class Rules {
  readonly stories = new Stories();
  readonly stock = new StockBook();
  readonly published = new Set<string>();
  readonly handled: Record<ServiceName, Set<string>> = { order: new Set(), inventory: new Set(), payment: new Set() };
  private readonly committed = new Set<string>();
  private readonly versions = new Map<string, number>();
  private readonly lastPublished = new Map<string, number>();

  constructor(private readonly world: World) {}

  deciding(
    service: ServiceName,
    command: Message,
    situation: string,
    decided: readonly Message[] | Refusal,
    now: string,
  ): void {
    if (service === 'order') {
      const asked = command as OrderCommand;
      const story = this.stories.get(asked.orderId);
      checkOrderDecision(asked, situation, decided as readonly OrderEvent[] | Refusal, story, now);
    }
    if (service === 'payment')
      checkPaymentDecision(command as PaymentCommand, situation, decided as readonly PaymentEvent[] | Refusal);
  }

  committing(service: Service, transaction: Transaction, expired: boolean): void {
    const { name } = service.participant;
    if (expired) throw new Violation('leases', `${name} commits for an owner whose lease has ended`);
    for (const row of transaction.appended) {
      this.checkVersion(row);
      this.committed.add(row.id);
      this.world.history.mixText(row.event.type);
      this.checkEvent(name, row);
    }
    for (const [key, row] of transaction.rows) {
      if (key.startsWith('level-')) this.stock.check(key.slice('level-'.length), row as StockLevel);
      else if (name === 'order') checkOrderState(row as Order);
    }
  }

  /** Rule 6: nothing is on the wire that is not in the log, and first copies come in their stream's order. */
  publishing(owner: ServiceName, { type, subject }: PublicEvent, { id, stream, version }: LogRow): void {
    const must = mustOf('rule 6', subject);
    must(this.committed.has(id), `${type} is on the wire and not in the log of ${owner}`);
    if (this.published.has(id)) return;
    this.published.add(id);
    must(version > (this.lastPublished.get(stream) ?? 0), `${type} is published after a later event of its stream`);
    this.lastPublished.set(stream, version);
    if (owner !== 'order') this.stories.of(subject).announced.add(factName(type));
  }

  /** Rule 5: while the inbox knows a message, it is not handled again. */
  handling(listener: ServiceName, { id, type, subject }: PublicEvent): void {
    const twice = this.handled[listener].has(id) && this.world.services[listener].database.inbox.has(id);
    mustOf('rule 5', subject)(!twice, `${listener} handled the same ${type} twice`);
  }

  /** Rules 4 and 5: the provider moves the price of the order, at most once. */
  charging(orderId: string, amountMinor: number): void {
    const story = this.stories.of(orderId);
    story.charges++;
    story.chargedMinor += amountMinor;
    const must = mustOf('rule 4', orderId);
    must(story.charges === 1, 'the order is charged twice');
    must(amountMinor === story.placed?.totalMinor, `${amountMinor} is charged for ${story.placed?.totalMinor}`);
  }

  /** Rules 4 and 5: what was charged goes back at most once; a refund that failed has given nothing back. */
  refunding(orderId: string, amountMinor: number, refundId: string): void {
    const story = this.stories.of(orderId);
    story.refunds++;
    story.refundIds.add(refundId);
    story.refundedMinor += amountMinor;
    const must = mustOf('rule 4', orderId);
    must(story.refunds === 1, 'the order is refunded twice');
    must(story.refundedMinor <= story.chargedMinor, 'more is refunded than was charged');
  }

  refundFailing(orderId: string, amountMinor: number): void {
    const story = this.stories.of(orderId);
    story.refunds--;
    story.refundedMinor -= amountMinor;
  }

  /** The provider declined, or cancelled what was not charged. */
  declining(orderId: string): void {
    this.stories.of(orderId).declined = true;
  }

  private checkEvent(service: ServiceName, { event: message, at }: LogRow): void {
    const storyOf = (orderId: string) => this.stories.of(orderId);
    switch (service) {
      case 'order': {
        const event = message as OrderEvent;
        const askedToCancel = this.world.clients.cancelAsked.has(event.orderId);
        return checkOrderEvent(event, storyOf(event.orderId), askedToCancel, at);
      }
      case 'inventory':
        return checkInventoryEvent(message as InventoryEvent, storyOf, this.stock);
      case 'payment': {
        const event = message as PaymentEvent;
        return checkPaymentEvent(event, storyOf(event.orderId));
      }
    }
  }

  private checkVersion({ stream, version, event }: LogRow): void {
    const before = this.versions.get(stream) ?? 0;
    mustOf('rule 6', stream.replace(/^[a-z]+-/, ''))(
      version === before + 1,
      `${event.type} is version ${version} of ${stream}, after ${before}`,
    );
    this.versions.set(stream, version);
  }
}
