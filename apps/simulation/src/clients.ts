import type { OrderCommand } from '@quadrille/order/domain';
import type { InventoryCommand } from '@quadrille/inventory/domain';
import { decliningMethod, unknownMethod } from './provider.js';
import type { Message } from './participants.js';
import type { Outcome, Service } from './service.js';
import type { World } from './world.js';

/** Something a client wants, and asks for under one key until it hears that it is so. */
interface Wish {
  readonly key: string | null;
  readonly to: Service;
  /** Every attempt may name its thing anew, as an HTTP edge does. */
  readonly command: () => Message & { readonly orderId?: string };
  readonly answered: (outcome: Outcome) => void;
  attempts: number;
  state: 'open' | 'asked' | 'done';
}

/** What clients were promised, by their own list. */
export interface Promises {
  /** The order that each placing was answered with. */
  readonly orders: Map<string, string>;
  readonly cancelled: Set<string>;
  readonly received: Map<string, number>;
}

const good = 'pm_card_visa';
const paymentMethods = [
  good,
  good,
  good,
  good,
  good,
  good,
  good,
  good,
  decliningMethod,
  decliningMethod,
  unknownMethod,
];

/** Shops: receives stock, places orders, cancels some, and asks again when an answer is lost. */
export class Clients {
  readonly promises: Promises = { orders: new Map(), cancelled: new Set(), received: new Map() };
  readonly cancelAsked = new Set<string>();
  private readonly wishes: Wish[] = [];
  /** Orders whose customer will cancel, sooner or later. */
  private readonly regretted: string[] = [];
  private readonly skus: readonly string[];
  private unplaced: number;

  constructor(
    private readonly world: World,
    orderCount: number,
  ) {
    const { random, adversary } = world;
    this.unplaced = orderCount;
    this.skus = adversary.does('hot-sku') ? ['HOT'] : ['TEAPOT', 'CUP', 'SPOON', 'TRAY'];
    const scarce = this.skus.length === 1;
    for (const sku of this.skus)
      this.receive(sku, scarce ? random.between(1, orderCount) : random.between(orderCount, 3 * orderCount));
  }

  get done(): boolean {
    return this.unplaced === 0 && this.wishes.length === 0 && this.regretted.length === 0;
  }

  step(): boolean {
    const { random } = this.world;
    if (this.unplaced > 0 && (this.wishes.length === 0 || random.chance(0.5))) {
      this.unplaced--;
      this.place();
      if (random.chance(0.01)) this.cancel(this.world.newId());
      if (random.chance(0.02)) this.receive(random.pick(this.skus), random.between(1, 3));
      return true;
    }
    if (this.regretted.length > 0 && random.chance(0.1)) {
      this.cancel(random.takeAny(this.regretted));
      return true;
    }
    if (this.wishes.length === 0) return this.regretted.length > 0;
    const index = random.below(this.wishes.length);
    const wish = this.wishes[index];
    if (!wish || wish.state === 'asked') return false;
    if (wish.state === 'done') this.wishes.splice(index, 1);
    else this.ask(wish);
    return true;
  }

  /** Also one that was never placed, now and then. */
  private cancel(orderId: string): void {
    this.cancelAsked.add(orderId);
    this.wishes.push({
      key: null,
      to: this.world.services.order,
      command: (): OrderCommand => ({ type: 'Cancel', orderId }),
      answered: (outcome) => {
        if (outcome.kind === 'decided') this.promises.cancelled.add(orderId);
      },
      attempts: 0,
      state: 'open',
    });
  }

  private place(): void {
    const { random, services } = this.world;
    const name = `order-${this.unplaced}`;
    // A caller without a key who names the order itself depends on the decider alone.
    const chosenId = random.chance(0.1) ? this.world.newId() : null;
    const free = random.chance(0.03);
    const skus = this.skus.filter(() => random.chance(0.5));
    // HTTP refuses to name a SKU twice, a decider must not rely on it.
    if (random.chance(0.15)) skus.push(random.pick(this.skus));
    const lines = (skus.length > 0 ? skus : [random.pick(this.skus)]).map((sku) => ({
      sku,
      quantity: random.between(1, 3),
      unitMinor: free ? 0 : 100,
    }));
    const terms = {
      customerId: 'ada',
      currency: 'EUR',
      lines,
      totalMinor: lines.reduce((sum, { quantity, unitMinor }) => sum + quantity * unitMinor, 0),
      paymentMethod: random.pick(paymentMethods),
      deadlineMs: random.chance(0.2) ? random.between(1, 2_000) : 600_000,
    };
    this.wishes.push({
      key: chosenId === null ? name : null,
      to: services.order,
      command: (): OrderCommand => ({ type: 'Place', orderId: chosenId ?? this.world.newId(), ...terms }),
      answered: (outcome) => {
        if (outcome.kind !== 'decided' && outcome.kind !== 'replayed') return;
        const orderId = outcome.answer ?? '';
        this.promises.orders.set(name, orderId);
        while (this.world.adversary.does('cancel')) this.regretted.push(orderId);
      },
      attempts: 0,
      state: 'open',
    });
  }

  private receive(sku: string, quantity: number): void {
    const { promises } = this;
    this.wishes.push({
      key: `receipt-${this.world.newId()}`,
      to: this.world.services.inventory,
      command: (): InventoryCommand => ({ type: 'Receive', sku, quantity }),
      answered: () => promises.received.set(sku, (promises.received.get(sku) ?? 0) + quantity),
      attempts: 0,
      state: 'open',
    });
  }

  private ask(wish: Wish): void {
    const { random, adversary, history } = this.world;
    const command = wish.command();
    const replica = random.pick(wish.to.replicas);
    wish.state = 'asked';
    history.note('client', () => `asks ${replica.name} to ${command.type}${wish.attempts > 0 ? ' again' : ''}`, [
      { command },
    ]);
    replica.waiting.push({
      kind: 'request',
      command,
      circumstance: wish.attempts++ > 0 ? 'asked again' : 'asked',
      key: wish.key,
      answer: command.orderId ?? '',
      settled: (outcome) => {
        wish.state = 'open';
        if (adversary.does('lost-request')) return;
        wish.state = 'done';
        wish.answered(outcome);
      },
      lost: () => {
        wish.state = 'open';
      },
    });
  }
}
