import { routingKeyOf, type PublicEvent } from '@quadrille/contracts';
import type { ConfirmedChannel } from './confirmed-channel.js';
import { eventsExchange } from './names.js';

/** Publishes events so that success means: confirmed by the broker, and taken by at least one queue. */
export class ConfirmedPublisher {
  private readonly lastOfSubject = new Map<string, Promise<void>>();

  constructor(private readonly channel: ConfirmedChannel) {}

  /**
   * Resolves when the broker has confirmed the event and no queue returned it; rejects with `PublishUnknown` when that is not
   * known, and then the same event may be published again. Many events are in flight at once, but of each subject only one:
   * a second one waits for the first, and is rejected unsent with it.
   */
  publish(event: PublicEvent): Promise<void> {
    const before = this.lastOfSubject.get(event.subject);
    const publishing = before ? before.then(() => this.send(event)) : this.send(event);
    this.lastOfSubject.set(event.subject, publishing);
    const forget = () => {
      if (this.lastOfSubject.get(event.subject) === publishing) this.lastOfSubject.delete(event.subject);
    };
    publishing.then(forget, forget);
    return publishing;
  }

  private send(event: PublicEvent): Promise<void> {
    return this.channel.send({
      exchange: eventsExchange,
      routingKey: routingKeyOf(event),
      body: Buffer.from(JSON.stringify(event)),
      messageId: event.id,
      type: event.type,
      // CloudEvents' structured content mode.
      contentType: 'application/cloudevents+json',
      correlationId: event.correlationid,
      headers: {
        correlationid: event.correlationid,
        causationid: event.causationid,
        ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
      },
    });
  }
}
