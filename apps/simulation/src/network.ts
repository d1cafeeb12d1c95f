import type { PublicEvent, ServiceName } from '@quadrille/contracts';
import type { Adversary } from './faults.js';
import type { Message, Participant, Participants } from './participants.js';
import type { Random } from './random.js';

/** One copy of a message on its way to one listener. */
export interface Delivery {
  readonly kind: 'delivery';
  readonly event: PublicEvent;
  readonly command: Message;
  /** It was handed out before, and came back because its consumer died or lost its lease. */
  readonly redelivered: boolean;
}

/** Carries every announcement to every listener, as late, as often and in as odd an order as the adversary likes. */
export class Network {
  private readonly queues: Record<ServiceName, Delivery[]> = { order: [], inventory: [], payment: [] };
  private readonly delayed: { listener: ServiceName; delivery: Delivery }[] = [];
  private readonly listeners = new Map<string, Participant[]>();

  constructor(
    private readonly random: Random,
    private readonly adversary: Adversary,
    private readonly participants: Participants,
  ) {}

  publish(event: PublicEvent): void {
    for (const listener of this.listenersOf(event.type)) {
      const command = listener.reactsTo[event.type]?.(event);
      if (!command) continue;
      const delivery: Delivery = { kind: 'delivery', event, command, redelivered: false };
      let copies = 1;
      while (copies < 5 && this.adversary.does('duplicate')) copies++;
      for (; copies > 0; copies--) {
        if (this.adversary.does('delay')) this.delayed.push({ listener: listener.name, delivery });
        else this.queues[listener.name].push(delivery);
      }
    }
  }

  waiting(listener: ServiceName): number {
    return this.queues[listener].length;
  }

  take(listener: ServiceName): Delivery {
    const queue = this.queues[listener];
    if (this.adversary.does('reorder')) return this.random.takeAny(queue);
    const oldest = queue.shift();
    if (!oldest) throw new Error(`nothing waits for ${listener}`);
    return oldest;
  }

  /** What was not acknowledged goes back to the head of its queue. */
  giveBack(listener: ServiceName, delivery: Delivery): void {
    this.queues[listener].unshift({ ...delivery, redelivered: true });
  }

  /** Lets one of the delayed messages go on, now and then. */
  step(): boolean {
    if (this.delayed.length === 0) return false;
    if (!this.random.chance(0.2)) return true;
    const { listener, delivery } = this.random.takeAny(this.delayed);
    this.queues[listener].push(delivery);
    return true;
  }

  listenersOf(type: string): readonly Participant[] {
    let listeners = this.listeners.get(type);
    if (!listeners) {
      listeners = Object.values(this.participants).filter(({ reactsTo }) => reactsTo[type]);
      this.listeners.set(type, listeners);
    }
    return listeners;
  }
}
