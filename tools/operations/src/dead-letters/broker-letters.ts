import {
  deadLetterQueue,
  listenerDeadLetterQueue,
  listSetAside,
  replaySetAside,
  type SetAsideMessage,
} from '@quadrille/messaging';
import { Failure } from '../command-line/ends.js';
import type { System } from '../system/system.js';
import type { BrokerPlace, LetterDetails, LetterFilter, Replayed } from './letter.js';

const queues = { broker: deadLetterQueue, listener: listenerDeadLetterQueue } satisfies Record<BrokerPlace, unknown>;

/** One of the broker's dead-letter queues. */
export class BrokerLetters {
  private readonly queue: string;

  constructor(
    readonly place: BrokerPlace,
    readonly service: string,
    private readonly system: Pick<System, 'amqpUrl'>,
  ) {
    this.queue = queues[place](service);
  }

  /** Oldest first, with their bodies: the queue gives no message without its body. */
  async list(filter: LetterFilter): Promise<{ letters: LetterDetails[]; problems: string[] }> {
    const { amqpUrl } = this.system;
    const { messages, areAll } = await this.atQueue(() => listSetAside(amqpUrl, this.queue, { max: Infinity }));
    return {
      letters: messages.map((message) => this.letterOf(message)).filter((letter) => matches(letter, filter)),
      problems: areAll ? [] : [this.notAll],
    };
  }

  /** Those with the ids, by one look at the queue. */
  async find(messageIds: readonly string[]): Promise<{ letters: LetterDetails[]; problems: string[] }> {
    const wanted = new Set(messageIds.map((messageId) => this.idOf(messageId)));
    const { letters, problems } = await this.list({});
    const found = letters.filter(({ id }) => wanted.has(id));
    const met = new Set(found.map(({ id }) => id));
    const missing = messageIds.filter((messageId) => !met.has(this.idOf(messageId)));
    if (missing.length === 0) return { letters: found, problems: [] };
    const sentences = missing.map(
      (messageId) => `There is no message ${messageId} in the broker's queue ${this.queue}.`,
    );
    return { letters: found, problems: [...sentences, ...problems] };
  }

  /**
   * Sends those with the ids to where they had failed, each when `turn` says so, and tells of each what became of it. Who was
   * handled after all is not handled twice: a replay goes through the inbox like any message.
   */
  async replay(messageIds: readonly string[], turn: () => Promise<void>): Promise<Replayed> {
    const { amqpUrl } = this.system;
    const ids = messageIds.map((messageId) => this.idOf(messageId));
    const wanted = new Set(ids);
    const tried: SetAsideMessage[] = [];
    const { failed, sawAll } = await this.atQueue(() =>
      replaySetAside(amqpUrl, this.queue, {
        which: ({ messageId }) => wanted.has(this.idOf(messageId)),
        beforeEach: async (message) => {
          await turn();
          tried.push(message);
        },
      }),
    );
    const stayed = new Set(failed.map(({ message }) => message));
    const replayed = tried.filter((message) => !stayed.has(message)).map(({ messageId }) => this.idOf(messageId));
    const told = failed.map(({ message, reason }) => ({ id: this.idOf(message.messageId), reason }));
    const met = new Set([...replayed, ...told.map(({ id }) => id)]);
    const missing = ids.filter((id) => !met.has(id));
    if (sawAll) return { replayed, gone: missing, failed: told };
    return { replayed, gone: [], failed: [...told, ...missing.map((id) => ({ id, reason: this.notAll }))] };
  }

  private get notAll(): string {
    return `The broker's queue ${this.queue} may have more: it gives 65,535 at a time, and none that somebody else has taken.`;
  }

  idOf(messageId: string | undefined): string {
    return `${this.place}:${this.service}:${messageId ?? '-'}`;
  }

  private letterOf(message: SetAsideMessage): LetterDetails {
    return {
      id: this.idOf(message.messageId),
      service: this.service,
      status: 'dead',
      type: message.type ?? null,
      key: subjectOf(message.body),
      messageId: message.messageId ?? null,
      code: 'set_aside',
      reason: message.reason,
      attempts: message.attempt ?? 0,
      traceId: message.traceId ?? null,
      firstAt: message.firstFailedAt ?? null,
      lastAt: message.setAsideAt ?? null,
      nextAt: null,
      body: message.body,
      stack: message.stack ?? null,
      edited: null,
      replayed: null,
      closed: null,
    };
  }

  private async atQueue<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw new Failure(`The broker's queue ${this.queue}: ${(error as Error).message}.`, { cause: error });
    }
  }
}

export function matches(letter: LetterDetails, { status, key, type, code, olderThan }: LetterFilter): boolean {
  return (
    (status === undefined || letter.status === status) &&
    (key === undefined || letter.key === key) &&
    (type === undefined || letter.type === type) &&
    (code === undefined || letter.code === code) &&
    (olderThan === undefined || (letter.firstAt !== null && Date.parse(letter.firstAt) < Date.parse(olderThan)))
  );
}

/** What looks like a key in a body that is no usable envelope. */
function subjectOf(body: string): string | null {
  try {
    const { subject } = JSON.parse(body) as { subject?: unknown };
    return typeof subject === 'string' ? subject : null;
  } catch {
    // Most garbage is no JSON and has no key.
    return null;
  }
}
