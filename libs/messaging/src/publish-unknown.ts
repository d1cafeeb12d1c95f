/**
 * - `nack`: the broker refused the message (a full queue, for example).
 * - `returned`: no queue is bound for it.
 * - `timeout`: no confirm came within our own deadline.
 * - `closed`: the channel or connection was, or went, away.
 * - `blocked`: the broker takes nothing now (a memory or disk alarm).
 */
export type UnknownReason = 'nack' | 'returned' | 'timeout' | 'closed' | 'blocked';

/** Whether the message reached its queues is not known: publish it again with the same id, or never forget it. */
export class PublishUnknown extends Error {
  constructor(
    readonly reason: UnknownReason,
    message: string,
  ) {
    super(message);
    this.name = 'PublishUnknown';
  }
}
