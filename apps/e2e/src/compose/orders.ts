import type { Client, PlacedOrder } from '../client.js';

const sku = 'SAMOVAR';
const ordersPerBurst = 20;
/** In turn. One in five is charged a second after the provider answered, so that something is under way whatever happens. */
const paymentMethods = ['pm_card_visa', 'pm_processing_1000', 'pm_card_visa', 'pm_card_chargeDeclined', 'pm_card_visa'];

/** Customers who place orders at the same moment, and wait for what becomes of them. */
export class Orders {
  readonly promised: string[] = [];

  constructor(private readonly client: Client) {}

  /** Enough for all of them, and for those of one order in ten that wants more than there will ever be. */
  async stock(bursts: number): Promise<void> {
    await this.client.supply(sku, bursts * ordersPerBurst);
  }

  /** Places a burst; `firstAnswer` is when the first order has been accepted, `ends` when all have ended. */
  burst(): { readonly firstAnswer: Promise<unknown>; readonly ends: Promise<readonly PlacedOrder[]> } {
    const placing = Array.from({ length: ordersPerBurst }, (_, index) => this.place(index));
    return {
      firstAnswer: Promise.any(placing),
      ends: Promise.all(placing.map(async (placed) => this.client.ended((await placed).id))),
    };
  }

  private async place(index: number): Promise<PlacedOrder> {
    const quantity = index % 10 === 9 ? 1_000_000 : 1;
    const paymentMethod = paymentMethods[index % paymentMethods.length] ?? 'pm_card_visa';
    const placed = await this.client.place({ lines: [{ sku, quantity }], paymentMethod });
    this.promised.push(placed.id);
    return placed;
  }
}
