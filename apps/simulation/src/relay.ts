import { buildEvent } from '@quadrille/contracts';
import type { LogRow } from './database.js';
import type { Service } from './service.js';
import type { World } from './world.js';

/** Tails the log of one service, publishes what has a public form, and moves the checkpoint behind it. */
export class Relay {
  /** Where it reads; in memory, so a death sets it back to the checkpoint. */
  private cursor = 0;

  constructor(
    private readonly service: Service,
    private readonly world: World,
  ) {}

  step(): boolean {
    const { log, checkpoint } = this.service.database;
    const { plumbing, random } = this.world;
    if (!plumbing.publishesBeforeCheckpoint && checkpoint < log.length) {
      this.service.database.checkpoint = log.length;
      return true;
    }
    if (
      this.cursor < log.length &&
      (this.cursor === checkpoint || random.chance(0.8) || !plumbing.publishesBeforeCheckpoint)
    ) {
      this.publishNext();
      return true;
    }
    if (checkpoint >= this.cursor) return false;
    this.service.database.checkpoint = this.cursor;
    return true;
  }

  /** The standby takes over at the checkpoint: it may repeat, never skip. */
  crash(): boolean {
    if (this.cursor === this.service.database.checkpoint) return false;
    this.world.history.note(`${this.service.participant.name} relay`, () => 'dies and is taken over');
    this.cursor = this.service.database.checkpoint;
    return true;
  }

  publish(row: LogRow): void {
    const { participant } = this.service;
    const facts = participant.publishes[row.event.type]?.(row.event);
    if (!facts) return;
    for (const fact of [facts].flat()) {
      const event = buildEvent(participant.name, fact, {
        id: row.id,
        time: row.at,
        correlationId: row.stream,
        causationId: row.stream,
        sequence: row.version,
      });
      this.world.rules.publishing(participant.name, event, row);
      this.world.network.publish(event);
    }
  }

  private publishNext(): void {
    const { log } = this.service.database;
    const { plumbing, adversary, history } = this.world;
    const count = plumbing.publishesInOrder ? 1 : Math.min(3, log.length - this.cursor);
    const rows = log.slice(this.cursor, this.cursor + count);
    if (!plumbing.publishesInOrder) rows.reverse();
    const lost = adversary.does('unconfirmed');
    for (const row of rows) {
      if (!row) continue;
      history.note(
        `${this.service.participant.name} relay`,
        () => `publishes ${row.event.type}${lost ? ', unconfirmed' : ''}`,
        [row],
      );
      // Unconfirmed means unknown: it may have arrived or not.
      if (!lost || this.world.random.chance(0.5)) this.publish(row);
    }
    if (!lost || !plumbing.repeatsUnconfirmed) this.cursor += count;
  }
}
