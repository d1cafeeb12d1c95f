import type { Client, PlacedOrder } from '../client.js';

const sku = 'SAMOVAR';
/** Of one line, as order's API has it. */
const quantityMax = 1000;
/** In turn. One in five is charged a second after the provider answered, so that something is under way whatever happens. */
const paymentMethods = ['pm_card_visa', 'pm_processing_1000', 'pm_card_visa', 'pm_card_chargeDeclined', 'pm_card_visa'];

/** Customers who place orders at the same moment, and wait for what becomes of them. */
export class Orders {
  readonly promised: string[] = [];

  constructor(
    private readonly client: Client,
    private readonly ordersPerBurst = 20,
  ) {}

  /** Enough for all but one order in ten, which wants more than there ever is. */
  async stock(bursts: number): Promise<void> {
    await this.client.supply(sku, Math.min(bursts * this.ordersPerBurst, quantityMax - 1));
  }

  /** Places a burst, does the work as soon as one order of it is accepted, and waits until all have ended. */
  async during<Value>(work: () => Promise<Value>): Promise<Value> {
    const placing = Array.from({ length: this.ordersPerBurst }, (_, index) => this.place(index));
    const working = Promise.any(placing).then(work);
    await Promise.all([working, ...placing.map(async (placed) => this.client.ended((await placed).id))]);
    return working;
  }

  private async place(index: number): Promise<PlacedOrder> {
    const quantity = index % 10 === 9 ? quantityMax : 1;
    const paymentMethod = paymentMethods[index % paymentMethods.length] ?? 'pm_card_visa';
    const placed = await this.client.place({ lines: [{ sku, quantity }], paymentMethod });
    this.promised.push(placed.id);
    return placed;
  }
}
