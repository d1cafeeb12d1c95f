import { buildEvent, fact, type Fact } from '@quadrille/contracts';
import { v7 as uuidv7 } from 'uuid';
import type { IncomingMessage, MessageStream } from '../src/deliveries.js';

interface Queued {
  readonly body: Uint8Array;
  deliveryCount: number;
}

/** One partition's queue with a single active consumer, as a quorum queue behaves: what is not acknowledged comes again. */
export class TestQueue {
  readonly setAside: string[] = [];
  /** Nothing can be published now. */
  isBlocked = false;
  readonly taken: IncomingMessage[] = [];
  private waiting: Queued[] = [];
  private readonly streams: TestStream[] = [];

  get length(): number {
    return this.waiting.length + this.streams.reduce((sum, { unacknowledged }) => sum + unacknowledged.size, 0);
  }

  get isConsumed(): boolean {
    return this.streams.length > 0;
  }

  send(body: Uint8Array | string, deliveryCount = 0): void {
    this.waiting.push({ body: Buffer.from(body), deliveryCount });
    this.deliver();
  }

  open(): MessageStream {
    const stream = new TestStream(this);
    this.streams.push(stream);
    return stream;
  }

  /** The connection is lost. */
  cut(): void {
    for (const stream of [...this.streams]) void stream.close();
  }

  deliver(): void {
    this.streams[0]?.wake();
  }

  next(stream: TestStream, max: number): Queued[] {
    return stream === this.streams[0] ? this.waiting.splice(0, max) : [];
  }

  closed(stream: TestStream): void {
    this.streams.splice(this.streams.indexOf(stream), 1);
    const back = [...stream.unacknowledged.values()];
    for (const queued of back) queued.deliveryCount += 1;
    this.waiting.unshift(...back);
    this.deliver();
  }
}

class TestStream implements MessageStream {
  readonly unacknowledged = new Map<IncomingMessage, Queued>();
  wake: () => void = () => undefined;
  private isClosed = false;

  constructor(private readonly queue: TestQueue) {}

  async take(max: number): Promise<readonly IncomingMessage[]> {
    while (!this.isClosed) {
      const ready = this.takeReady(max);
      if (ready.length > 0) return ready;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    return [];
  }

  takeReady(max: number): readonly IncomingMessage[] {
    const next = this.queue.next(this, max).map((queued): IncomingMessage => {
      const message = { body: queued.body, deliveryCount: queued.deliveryCount, headers: {} };
      this.unacknowledged.set(message, queued);
      return message;
    });
    this.queue.taken.push(...next);
    return next;
  }

  acknowledge(messages: readonly IncomingMessage[]): void {
    for (const message of messages) this.unacknowledged.delete(message);
  }

  async setAside(message: IncomingMessage, reason: string): Promise<void> {
    if (this.queue.isBlocked) throw new Error('blocked by the test');
    this.queue.setAside.push(reason);
    this.acknowledge([message]);
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.queue.closed(this);
    this.unacknowledged.clear();
    this.wake();
  }
}

/** A message that the test participant takes as a note; the note is the message's id. */
export function noteMessage(orderId: string): { id: string; body: string } {
  const id = uuidv7();
  return { id, body: bodyOf(fact('payment.declined.v1', { ...money(orderId), declineCode: 'x' }), id) };
}

/** A message that confirms the test participant's order. */
export function capturedMessage(orderId: string): string {
  return bodyOf(fact('payment.captured.v1', money(orderId)), uuidv7());
}

function money(orderId: string) {
  return { orderId, paymentId: uuidv7(), amountMinor: 1, currency: 'EUR' };
}

function bodyOf(announced: Fact, id: string): string {
  const context = { id, time: new Date().toISOString(), correlationId: 'c', causationId: 'c', sequence: 1 };
  return JSON.stringify(buildEvent('payment', announced, context));
}
