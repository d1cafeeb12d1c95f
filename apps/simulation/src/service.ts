import { Refusal, type Given } from '@quadrille/contracts';
import { Database, Transaction } from './database.js';
import type { Delivery } from './network.js';
import type { Message, Participant } from './participants.js';
import { Relay } from './relay.js';
import type { World } from './world.js';

/** A command from HTTP. */
export interface Request {
  readonly kind: 'request';
  readonly command: Message;
  readonly circumstance: 'asked' | 'asked again';
  readonly key: string | null;
  /** What the caller is answered, now and for the same key again. */
  readonly answer: string;
  settled(outcome: Outcome): void;
  lost(): void;
}

/** A deadline that is due, a worker's answer or a webhook. It lives in the memory of one replica. */
export interface WakeUp {
  readonly kind: 'wake-up';
  readonly command: Message;
  readonly circumstance: string;
  settled?(outcome: Outcome): void;
  lost?(): void;
}

export type Item = Delivery | Request | WakeUp;

export type Outcome =
  /** `events` is how many there were. */
  | { readonly kind: 'decided'; readonly events: number; readonly answer: string | null }
  | { readonly kind: 'replayed'; readonly answer: string | null }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'duplicate' };

const replicaCount = 2;

/** One participant: its database, which nothing harms, and its replicas, which come and go. */
export class Service {
  readonly database = new Database();
  readonly replicas: readonly Replica[];
  readonly relay: Relay;

  constructor(
    readonly participant: Participant,
    world: World,
  ) {
    this.replicas = Array.from({ length: replicaCount }, (_, index) => new Replica(this, index + 1, world));
    this.relay = new Relay(this, world);
  }
}

type Stage = 'idle' | 'taken' | 'decided' | 'committed';

/**
 * One process of a service, in the middle of the reliable round: idle, it takes what waits; it decides with locks held;
 * it commits; it acknowledges. Between any two of these steps others go on, and it may die.
 */
export class Replica {
  readonly name: string;
  /** Requests and wake-ups that reached this process and are not in a round yet. */
  readonly waiting: (Request | WakeUp)[] = [];
  private stage: Stage = 'idle';
  private items: readonly Item[] = [];
  private outcomes: Outcome[] = [];
  private transaction: Transaction | null = null;
  private leaseEnded = false;

  constructor(
    private readonly service: Service,
    index: number,
    private readonly world: World,
  ) {
    this.name = `${service.participant.name}/${index}`;
  }

  step(): boolean {
    switch (this.stage) {
      case 'idle':
        return this.take();
      case 'taken':
        return this.decideAll();
      case 'decided':
        return this.commit();
      case 'committed':
        return this.acknowledge();
    }
  }

  /** Everything in memory is gone; the broker hands out again what was not acknowledged. */
  crash(): boolean {
    if (this.stage === 'idle' && this.waiting.length === 0) return false;
    this.world.history.note(this.name, () => `dies, ${this.stage}`, this.items);
    this.transaction?.rollback();
    const lost = [...this.waiting.splice(0), ...this.items];
    if (!this.leaseEnded && this.world.plumbing.acknowledgesAfterCommit) this.giveBack();
    this.reset();
    for (const item of lost) if (item.kind !== 'delivery') item.lost?.();
    return true;
  }

  /** Frozen for so long that its lease ended: its messages go to another, and it does not know. */
  loseLease(): boolean {
    if (this.stage === 'idle' || this.leaseEnded || !this.items.some(({ kind }) => kind === 'delivery')) return false;
    this.world.history.note(this.name, () => `loses its lease, ${this.stage}`, this.items);
    this.giveBack();
    this.leaseEnded = true;
    return true;
  }

  private take(): boolean {
    const { network, random } = this.world;
    const { name } = this.service.participant;
    const items: Item[] = [];
    const limit = random.between(1, 4);
    const deliveries = network.waiting(name);
    // A round is one partition's deliveries or what waits from HTTP and workers, never both.
    if (deliveries > 0 && (this.waiting.length === 0 || random.chance(0.5)))
      while (items.length < limit && network.waiting(name) > 0) items.push(network.take(name));
    else while (items.length < limit && this.waiting.length > 0) items.push(random.takeAny(this.waiting));
    if (items.length === 0) return false;
    this.items = items;
    this.stage = 'taken';
    this.world.history.note(this.name, () => `takes ${items.map(titleOf).join(', ')}`, items);
    return true;
  }

  private decideAll(): boolean {
    const { database, participant } = this.service;
    const transaction = new Transaction(database, this.world.plumbing);
    for (const item of this.items) {
      const keys = participant.keysOf(item.command, transaction);
      if (item.kind === 'request' && item.key !== null) keys.push(`key-${item.key}`);
      if (transaction.lock(keys)) continue;
      transaction.rollback();
      return false;
    }
    this.transaction = transaction;
    this.outcomes = this.items.map((item, index) => this.decide(item, this.items.slice(0, index), transaction));
    this.stage = 'decided';
    if (!this.world.plumbing.answersAfterCommit)
      this.items.forEach((item, index) => item.kind === 'request' && item.settled(this.outcomeAt(index)));
    if (!this.world.plumbing.publishesOnlyCommitted)
      for (const row of transaction.appended) this.service.relay.publish(row);
    return true;
  }

  private decide(item: Item, before: readonly Item[], transaction: Transaction): Outcome {
    const { world } = this;
    const { plumbing } = world;
    if (item.kind === 'delivery') {
      if (plumbing.checksInbox && transaction.knows(item.event.id)) return { kind: 'duplicate' };
      transaction.inbox.add(item.event.id);
    }
    if (item.kind === 'request' && item.key !== null && plumbing.keepsIdempotencyKeys) {
      const answer = transaction.answerTo(item.key) as string | undefined;
      if (answer !== undefined) return { kind: 'replayed', answer };
    }
    const { participant } = this.service;
    const { decider } = participant;
    const rows = plumbing.seesPredecessors ? transaction : this.service.database.rows;
    const state = participant.read(item.command, rows as Transaction);
    const given: Given = { now: world.clock.now(), id: world.newId() };
    world.coverage.visit(
      participant.name,
      participant.situationOf(state),
      item.command.type,
      item.kind === 'delivery' ? world.circumstanceOf(participant.name, item, before) : item.circumstance,
    );
    const decided = decider.decide(item.command, state, given);
    world.rules.deciding(participant.name, item.command, participant.situationOf(state), decided, given.now);
    world.history.note(
      this.name,
      () => `decides ${titleOf(item)} on ${participant.situationOf(state)}: ${namesOf(decided)}`,
      [item],
    );
    if (decided instanceof Refusal) return { kind: 'refused', code: decided.code };
    if (decided.length > 0) {
      const stream = decider.streamOf(item.command);
      const after = decided.reduce((current, event) => decider.evolve(current, event), state);
      for (const event of decided) transaction.append({ id: world.newId(), stream, event, at: given.now });
      participant.write(item.command, after, transaction);
      transaction.await(stream, decider.awaits?.(after) ?? null);
    }
    const events = decided.length;
    if (item.kind !== 'request') return { kind: 'decided', events, answer: null };
    if (item.key !== null) transaction.answers.set(item.key, item.answer);
    return { kind: 'decided', events, answer: item.answer };
  }

  private commit(): boolean {
    const { transaction, world } = this;
    if (!transaction) throw new Error(`${this.name} has nothing to commit`);
    if (this.leaseEnded && world.plumbing.checksLease) {
      world.history.note(this.name, () => 'rolls back: its lease has ended', this.items);
      transaction.rollback();
      this.reset();
      return true;
    }
    const { name } = this.service.participant;
    const handled = this.items.filter(
      (item, index) => item.kind === 'delivery' && this.outcomes[index]?.kind !== 'duplicate',
    ) as Delivery[];
    world.rules.committing(this.service, transaction, this.leaseEnded);
    for (const { event } of handled) world.rules.handling(name, event);
    transaction.commit();
    for (const delivery of handled) world.handled(name, delivery);
    world.history.note(this.name, () => 'commits', this.items);
    this.transaction = null;
    this.stage = 'committed';
    return true;
  }

  private acknowledge(): boolean {
    const { items, outcomes } = this;
    this.world.history.note(this.name, () => 'acknowledges', items);
    this.reset();
    items.forEach((item, index) => {
      const outcome = outcomes[index];
      if (item.kind !== 'delivery' && outcome) item.settled?.(outcome);
    });
    return true;
  }

  private giveBack(): void {
    const { network } = this.world;
    for (const item of this.items.toReversed())
      if (item.kind === 'delivery') network.giveBack(this.service.participant.name, item);
  }

  private outcomeAt(index: number): Outcome {
    const outcome = this.outcomes[index];
    if (!outcome) throw new Error(`${this.name} has decided nothing about item ${index}`);
    return outcome;
  }

  private reset(): void {
    this.stage = 'idle';
    this.items = [];
    this.outcomes = [];
    this.transaction = null;
    this.leaseEnded = false;
  }
}

export function titleOf(item: Item): string {
  if (item.kind === 'delivery') return `${item.command.type} (${item.event.type})`;
  return `${item.command.type} (${item.circumstance})`;
}

function namesOf(decided: readonly Message[] | Refusal): string {
  if (decided instanceof Refusal) return `refused, ${decided.code}`;
  return decided.map(({ type }) => type).join(', ') || 'nothing';
}
