import { partitionOf, slotOf, type PublicEvent } from '@quadrille/contracts';
import type { ConfirmedChannel } from './confirmed-channel.js';
import { type EncodedEvent, messageFor } from './event-messages.js';

/** Which events share a message when they are published at the same moment. */
export interface Sharing {
  /** Those whose slots fall into the same one of so many partitions, and no others. */
  readonly partitions: number;
  readonly eventsMax: number;
}

const charactersMax = 65_536;

/** A message that takes further events until it is sent. */
interface OpenMessage {
  readonly events: [EncodedEvent, ...EncodedEvent[]];
  characters: number;
  readonly sent: Promise<void>;
  readonly settle: (sent: Promise<void>) => void;
}

/**
 * Publishes events so that success means: confirmed by the broker, and taken by at least one queue. What is published at the
 * same moment may share messages: events of one type and one partition. A reader with as many partitions, or a divisor of that
 * number, gets all of them in one queue, so that the broker's answer is true of each of them.
 */
export class ConfirmedPublisher {
  private readonly lastOfSubject = new Map<string, Promise<void>>();
  private readonly open = new Map<string, OpenMessage>();

  constructor(
    private readonly channel: ConfirmedChannel,
    private readonly sharing: Sharing = { partitions: 1, eventsMax: 1 },
  ) {}

  /**
   * Resolves when the broker has confirmed the event and no queue returned it; rejects with `PublishUnknown` when that is not
   * known, and then the same event may be published again. Many events are in flight at once, but of each subject only one:
   * a second one waits for the first, and is rejected unsent with it.
   */
  publish(event: PublicEvent): Promise<void> {
    const before = this.lastOfSubject.get(event.subject);
    const publishing = before ? before.then(() => this.join(event)) : this.join(event);
    this.lastOfSubject.set(event.subject, publishing);
    const forget = () => {
      if (this.lastOfSubject.get(event.subject) === publishing) this.lastOfSubject.delete(event.subject);
    };
    publishing.then(forget, forget);
    return publishing;
  }

  /** Sends what waits for others of its moment. */
  flush(): void {
    for (const group of [...this.open.keys()]) this.send(group);
  }

  private join(event: PublicEvent): Promise<void> {
    const encoded = { event, json: JSON.stringify(event) };
    const { length } = encoded.json;
    const { partitions, eventsMax } = this.sharing;
    const group = `${event.type} ${partitionOf(slotOf(event.subject), partitions)}`;
    const before = this.open.get(group);
    if (before && before.events.length < eventsMax && before.characters + length <= charactersMax) {
      before.events.push(encoded);
      before.characters += length;
      return before.sent;
    }
    this.send(group);
    // Behind everything that is still published in this turn of the event loop.
    if (this.open.size === 0) process.nextTick(() => this.flush());
    let settle!: OpenMessage['settle'];
    const sent = new Promise<void>((resolve) => (settle = resolve));
    this.open.set(group, { events: [encoded], characters: length, sent, settle });
    return sent;
  }

  private send(group: string): void {
    const message = this.open.get(group);
    if (!message) return;
    this.open.delete(group);
    message.settle(this.channel.send(messageFor(message.events)));
  }
}
