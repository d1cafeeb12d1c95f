import type { ServiceName } from '@quadrille/contracts';
import type { Payment } from '@quadrille/payment/domain';
import { Clients } from './clients.js';
import { Clock } from './clock.js';
import { Coverage } from './coverage.js';
import { Adversary, type Fault } from './faults.js';
import { checkAtRest, checkNothingIsPending } from './rules/at-rest.js';
import { History } from './history.js';
import { Network, type Delivery } from './network.js';
import { shippedParticipants, type Participants } from './participants.js';
import { soundPlumbing, type Plumbing } from './plumbing.js';
import { Provider } from './provider.js';
import { Random } from './random.js';
import { Rules } from './rules/rules.js';
import { Violation } from './rules/violation.js';
import { Service, type Item, type WakeUp } from './service.js';
import { strayAnswer, strayEvent } from './stray.js';
import { commandOf, Worker } from './worker.js';

export interface Setting {
  readonly seed: number;
  readonly orders: number;
  readonly faults: ReadonlySet<Fault>;
  readonly record?: boolean;
  readonly participants?: Participants;
  readonly plumbing?: Plumbing;
}

export interface Run {
  readonly violation: Violation | null;
  readonly steps: number;
  readonly hash: string;
  readonly history: History;
  readonly coverage: Coverage;
}

/** One run: the same setting gives the same steps, the same history and the same end. */
export function simulate(setting: Setting): Run {
  const world = new World(setting);
  const violation = world.run();
  const { history, coverage } = world;
  return { violation, steps: history.step, hash: history.hash, history, coverage };
}

type Actor = () => boolean;

/** Everybody in one process; each step lets one of them, by chance, do one thing. */
export class World {
  readonly random: Random;
  readonly adversary: Adversary;
  readonly clock = new Clock();
  readonly coverage = new Coverage();
  readonly history: History;
  readonly plumbing: Plumbing;
  readonly network: Network;
  readonly rules: Rules;
  readonly provider: Provider;
  readonly services: Readonly<Record<ServiceName, Service>>;
  readonly clients: Clients;
  /** The provider cannot be reached. */
  outage: boolean;
  private readonly workers: readonly Worker[];
  private readonly actors: readonly Actor[];
  private readonly newestHandled = new Map<string, number>();
  private tickMs: number;
  private readonly stepsMax: number;
  private ids = 0;

  constructor({ seed, orders, faults, record, participants, plumbing }: Setting) {
    this.random = new Random(seed);
    this.adversary = new Adversary(this.random, faults);
    this.history = new History(record ?? false);
    this.plumbing = plumbing ?? soundPlumbing;
    const parts = participants ?? shippedParticipants;
    this.network = new Network(this.random, this.adversary, parts);
    this.rules = new Rules(this);
    this.provider = new Provider(this.rules);
    this.services = {
      order: new Service(parts.order, this),
      inventory: new Service(parts.inventory, this),
      payment: new Service(parts.payment, this),
    };
    this.clients = new Clients(this, orders);
    const { payment } = this.services;
    this.workers = payment.replicas.map((replica) => new Worker(payment, replica, this));
    this.tickMs = this.random.pick([1, 5, 40]);
    this.outage = this.adversary.does('outage');
    this.stepsMax = 5_000 + orders * 2_000;
    this.actors = this.cast();
  }

  run(): Violation | null {
    try {
      this.goOn();
      this.adversary.retire();
      if (this.outage) this.sitOutTheOutage();
      this.goOn();
      checkNothingIsPending(this, 'nothing is in its way, and an order stays pending');
      checkAtRest(this);
      return null;
    } catch (error) {
      if (error instanceof Violation) return error;
      return new Violation('fault', error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }

  /** UUIDv7-shaped, numbered, and the same in every run of the seed. */
  newId(): string {
    return `01890a5d-0000-7000-8000-${String(++this.ids).padStart(12, '0')}`;
  }

  /** What is odd about a delivery, as far as its listener could know; `before` came before it in the same batch. */
  circumstanceOf(listener: ServiceName, { event, redelivered }: Delivery, before: readonly Item[]): string {
    if (this.rules.handled[listener].has(event.id)) return 'again';
    const overtakes = (item: Item) =>
      item.kind === 'delivery' &&
      item.event.subject === event.subject &&
      item.event.source === event.source &&
      item.event.sequence > event.sequence;
    const newest = this.newestHandled.get(`${listener}${event.source}${event.subject}`) ?? 0;
    if (newest > event.sequence || before.some(overtakes)) return 'overtaken';
    return redelivered ? 'after a crash' : 'in order';
  }

  handled(listener: ServiceName, { event }: Delivery): void {
    this.rules.handled[listener].add(event.id);
    const stream = `${listener}${event.source}${event.subject}`;
    this.newestHandled.set(stream, Math.max(event.sequence, this.newestHandled.get(stream) ?? 0));
  }

  /** Until nobody has anything to do. */
  private goOn(): void {
    let idle = 0;
    while (idle < this.actors.length || this.anybodyActs()) {
      if (++this.history.step > this.stepsMax) throw new Violation('rule 1', 'the dust does not settle');
      this.clock.advance(this.random.below(this.tickMs + 1));
      if (this.random.chance(0.1)) this.strike();
      const turn = this.random.below(this.actors.length);
      this.history.mix(turn);
      idle = this.actors[turn]?.() ? 0 : idle + 1;
    }
  }

  private anybodyActs(): boolean {
    return this.actors.some((act) => act());
  }

  private sitOutTheOutage(): void {
    this.goOn();
    for (;;) {
      // Time stands still, so that a deadline is met to the millisecond.
      this.tickMs = 0;
      const [next] = [...this.services.order.database.deadlines.values()].map(({ dueAt }) => dueAt).sort();
      if (next === undefined) break;
      this.clock.advanceTo(next);
      this.goOn();
    }
    checkNothingIsPending(this, 'every deadline has passed, and an order stays pending');
    this.tickMs = 1;
    this.outage = false;
  }

  private cast(): readonly Actor[] {
    const services = Object.values(this.services);
    return [
      ...services.flatMap(({ replicas }) => replicas.map((replica) => () => replica.step())),
      ...services.map(
        ({ relay }) =>
          () =>
            relay.step(),
      ),
      ...this.workers.map((worker) => () => worker.step()),
      () => this.clients.step(),
      () => this.fireDeadlines(),
      () => this.landCall(),
      () => this.sendWebhook(),
      () => this.network.step(),
    ];
  }

  private fireDeadlines(): boolean {
    const now = this.clock.now();
    let fired = false;
    for (const { dueAt, command } of this.services.order.database.deadlines.values()) {
      if (dueAt > now || this.adversary.does('late-deadline')) continue;
      this.wake('order', { kind: 'wake-up', command, circumstance: 'due' });
      fired = true;
    }
    return fired;
  }

  private landCall(): boolean {
    if (this.provider.landing.length === 0) return false;
    this.provider.call(this.random.takeAny(this.provider.landing));
    return true;
  }

  private sendWebhook(): boolean {
    const { webhooks } = this.provider;
    if (webhooks.length === 0) return false;
    const webhook = this.random.takeAny(webhooks);
    if (!webhook.insistent && !this.adversary.does('webhook')) return true;
    if (this.adversary.does('duplicate')) webhooks.push(webhook);
    const again = () => {
      if (webhook.insistent) webhooks.push(webhook);
    };
    // A webhook about an intent that is not known here is answered 503.
    const payment = this.services.payment.database.rows.get(`payment-${webhook.orderId}`) as Payment;
    if (!('intentId' in payment) || payment.intentId !== webhook.answer.intentId) {
      again();
      return true;
    }
    this.wake('payment', {
      kind: 'wake-up',
      command: commandOf(webhook.orderId, webhook.answer),
      circumstance: 'webhook',
      settled: (outcome) => {
        if (outcome.kind === 'refused') again();
      },
      lost: again,
    });
    return true;
  }

  private wake(name: ServiceName, wakeUp: WakeUp): void {
    this.random.pick(this.services[name].replicas).waiting.push(wakeUp);
  }

  /** One blow of the adversary, if it feels like it. */
  private strike(): void {
    const { random, adversary } = this;
    const service = random.pick(Object.values(this.services));
    const index = random.below(service.replicas.length);
    switch (random.below(8)) {
      case 0:
        if (!adversary.does('crash')) return;
        service.replicas[index]?.crash();
        if (service === this.services.payment) this.workers[index]?.crash();
        return;
      case 1:
        if (adversary.does('crash')) service.relay.crash();
        return;
      case 2:
        if (adversary.does('takeover')) service.replicas[index]?.loseLease();
        return;
      case 3:
        if (!adversary.does('forget')) return;
        service.database.inbox.clear();
        if (this.workers.every(({ isIdle }) => isIdle)) this.provider.forgetKeys();
        return;
      case 4:
        if (adversary.does('early-deadline')) this.fireEarly();
        return;
      case 5:
        if (adversary.does('reversal')) this.provider.reverse(random);
        return;
      case 6:
        if (adversary.does('stray')) this.stray();
        return;
      case 7:
        if (adversary.does('refund-failure')) this.provider.failRefund(random);
        return;
    }
  }

  private stray(): void {
    const { random, network } = this;
    if (random.chance(0.5)) return network.publish(strayEvent(random, this.newId(), this.clock.now()));
    const { rows } = this.services.payment.database;
    const orderId =
      rows.size > 0 && random.chance(0.9) ? random.pick([...rows.keys()]).slice('payment-'.length) : this.newId();
    const command = strayAnswer(random, orderId, rows.get(`payment-${orderId}`) as Payment | undefined);
    this.wake('payment', { kind: 'wake-up', command, circumstance: 'stray' });
  }

  private fireEarly(): void {
    const now = this.clock.now();
    for (const { dueAt, command } of this.services.order.database.deadlines.values()) {
      if (dueAt > now && this.random.chance(0.3))
        this.wake('order', { kind: 'wake-up', command, circumstance: 'early' });
    }
  }
}
