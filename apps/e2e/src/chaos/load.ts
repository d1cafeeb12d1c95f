import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client, NewOrder, PlacedOrder } from '../client.js';
import type { Random } from './random.js';

/** One client's order: what it asked for, and what it was told. */
export interface Purchase {
  /** Of this order alone, so that a second one of the same client would be seen. */
  readonly customerId: string;
  readonly key: string;
  readonly order: NewOrder;
  readonly hot: boolean;
  /** The answer of 202. */
  promised?: PlacedOrder;
  /** The order's id when it was placed once more with the same key. */
  promisedAgain?: string;
  cancellation?: 'asked' | 'answered';
  /** The end that the client saw. */
  seen?: PlacedOrder;
  /** What the client could not make sense of, or that it gave up. */
  failure?: string;
}

export interface LoadOptions {
  readonly client: Client;
  readonly orders: number;
  /** How many of them are of buyers of the hot SKU. */
  readonly buyers: number;
  /** How many faults are planned. Each finds orders to strike, however late it comes. */
  readonly faults: number;
  readonly random: Random;
}

export const ordinarySkus = Array.from({ length: 20 }, (_, index) => `CHAOS-${index + 1}`);

/** A client's way to pay, and how often: mostly well. */
const paymentMethods: readonly (readonly [share: number, method: string])[] = [
  [0.8, 'pm_card_visa'],
  [0.06, 'pm_card_chargeDeclined'],
  [0.03, 'pm_reset_after_charge'],
  [0.03, 'pm_error_after_charge'],
  [0.02, 'pm_error_before_charge_1_times'],
  [0.02, 'pm_slow_800'],
  [0.02, 'pm_processing_1500'],
  [0.01, 'pm_late_charge'],
  [0.01, 'pm_card_pendingRefund'],
];

/** The part of all orders that comes in bursts, so that a fault meets work in flight. */
const burstShare = 0.3;
/** A fault may strike more than once, such as a restart of one replica after the other. */
const burstsPerFault = 2;
const burstMax = 10;
const cancelShare = 0.1;
const twiceShare = 0.05;
const watchShare = 0.1;
/** Clients that wait for an answer at the same time. While all do, nobody else comes. */
const clientsMax = 150;

/** Clients that place orders at a steady rate, and cancel some of them. */
export class Load {
  readonly purchases: Purchase[] = [];
  private readonly following: Promise<void>[] = [];
  private burstSize: number;
  private waiting = 0;
  private left: number;
  private faultsLeft: number;
  private endsAt = Infinity;
  private stopped = false;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: LoadOptions) {
    const { orders, buyers, faults } = options;
    this.left = orders - buyers;
    this.faultsLeft = faults;
    this.burstSize = Math.min(burstMax, Math.max(1, Math.floor((this.left * burstShare) / (faults * burstsPerFault))));
  }

  start(forMs: number): void {
    this.endsAt = Date.now() + forMs;
    this.running = this.steadily();
  }

  /** The run lasts longer than planned, so the orders that are left come at a lower rate. */
  lastUntil(endsAt: number): void {
    this.endsAt = Math.max(this.endsAt, endsAt);
  }

  /** Some clients at once, on top of the steady ones, so that there is work under way. */
  burst(): void {
    for (let size = this.burstSize; size > 0; size--) this.placeOne();
  }

  /** One client more, while none has to be kept for the faults to come. */
  another(): void {
    if (this.left > this.keptFor(this.faultsLeft - 1)) this.placeOne();
  }

  /** More faults are to come than were planned: their orders come on top of all others, as many at once as may be. */
  expectMore(faults: number): void {
    this.burstSize = burstMax;
    this.left += faults * burstsPerFault * burstMax;
    this.faultsLeft += faults;
  }

  /** What was kept for a fault is free now. */
  faultIsOver(): void {
    this.faultsLeft -= 1;
  }

  /** All want the same SKU, one piece each. */
  async buyers(sku: string): Promise<void> {
    for (let buyer = 0; buyer < this.options.buyers && !this.stopped; buyer++) {
      await this.room();
      this.place({ ...this.newPurchase({ lines: [{ sku, quantity: 1 }] }), hot: true });
    }
  }

  /** Nobody comes any more. */
  stop(): void {
    this.stopped = true;
  }

  /** Resolves when every order is placed, those that were kept too, and every client has gone home. */
  async finish(): Promise<void> {
    this.endsAt = Math.min(this.endsAt, Date.now());
    this.faultsLeft = 0;
    await this.running;
    while (this.following.length > 0) await Promise.all(this.following.splice(0));
  }

  private async steadily(): Promise<void> {
    while (this.left > 0 && !this.stopped) {
      await this.room();
      const free = this.left - this.keptFor(this.faultsLeft);
      if (free > 0) this.placeOne();
      await pause(free > 0 ? Math.min(5000, Math.max(5, (this.endsAt - Date.now()) / free)) : 100);
    }
  }

  private keptFor(faults: number): number {
    return Math.max(0, faults) * burstsPerFault * this.burstSize;
  }

  private placeOne(): void {
    if (this.left === 0 || this.stopped) return;
    this.left -= 1;
    this.place(this.draw());
  }

  private async room(): Promise<void> {
    while (this.waiting >= clientsMax && !this.stopped) await pause(20);
  }

  private draw(): Purchase {
    const { random } = this.options;
    const skus = random.shuffle(ordinarySkus).slice(0, random.between(1, 3));
    let draw = random.next();
    const [, paymentMethod] = paymentMethods.find(([share]) => (draw -= share) < 0) ?? [0, 'pm_card_visa'];
    return this.newPurchase({ lines: skus.map((sku) => ({ sku, quantity: random.between(1, 3) })), paymentMethod });
  }

  private newPurchase(order: NewOrder): Purchase {
    const customerId = `client-${this.purchases.length + 1}`;
    return { customerId, key: randomUUID(), order: { ...order, customerId }, hot: false };
  }

  private place(purchase: Purchase): void {
    this.purchases.push(purchase);
    this.following.push(
      this.follow(purchase).catch((error: unknown) => {
        purchase.failure = error instanceof Error ? error.message : String(error);
      }),
    );
  }

  private async follow(purchase: Purchase): Promise<void> {
    const { client, random } = this.options;
    const [cancels, twice, watches] = [cancelShare, twiceShare, watchShare].map((share) => random.chance(share));
    const cancelAfterMs = random.between(0, 3000);
    const place = () => client.place(purchase.order, purchase.key);
    this.waiting += 1;
    try {
      const [placed, again] = await Promise.all([place(), twice ? place() : undefined]);
      purchase.promised = placed;
      if (again) purchase.promisedAgain = again.id;
    } finally {
      this.waiting -= 1;
    }
    const { id } = purchase.promised;
    if (cancels) {
      await pause(cancelAfterMs);
      purchase.cancellation = 'asked';
      await client.cancel(id);
      purchase.cancellation = 'answered';
    }
    if (watches) purchase.seen = await client.ended(id);
  }
}
