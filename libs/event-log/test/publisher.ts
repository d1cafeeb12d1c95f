import type { PublicEvent } from '@quadrille/contracts';
import type { EventPublisher } from '../src/publisher.js';

interface InFlight {
  readonly event: PublicEvent;
  readonly confirm: () => void;
  readonly reject: () => void;
}

/** A broker's publishing side that confirms when it is told to. */
export class TestPublisher implements EventPublisher {
  /** Everything that was ever sent, copies included. */
  readonly sent: PublicEvent[] = [];
  readonly inFlight: InFlight[] = [];

  /** `answer` decides at once; without an answer the event stays in flight. */
  constructor(private answer: (event: PublicEvent) => 'confirm' | 'reject' | undefined = () => undefined) {}

  /** The connection is closed: nothing is confirmed any more. */
  close(): void {
    this.answer = () => 'reject';
    for (const { reject } of [...this.inFlight]) reject();
  }

  publish(event: PublicEvent): Promise<void> {
    this.sent.push(event);
    const answer = this.answer(event);
    if (answer === 'confirm') return Promise.resolve();
    if (answer === 'reject') return Promise.reject(new Error('rejected by the test'));
    return new Promise((resolve, reject) => {
      const settle = (how: () => void) => () => {
        this.inFlight.splice(this.inFlight.indexOf(inFlight), 1);
        how();
      };
      const inFlight: InFlight = {
        event,
        confirm: settle(resolve),
        reject: settle(() => reject(new Error('rejected by the test'))),
      };
      this.inFlight.push(inFlight);
    });
  }
}
