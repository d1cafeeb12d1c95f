/** One message of a partition queue, as the consumer sees it. */
export interface IncomingMessage {
  readonly body: Uint8Array;
  /** What the body says, where it has been read already: several events came together. */
  readonly json?: unknown;
  /** How often the broker has tried before: 0 at first (`x-delivery-count`). */
  readonly deliveryCount: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

/**
 * What a partition consumer needs of a broker: one partition's queue, in order.
 * `take` waits for at least one message and answers with up to `max` of those that are there, or with an empty list once
 * the stream is closed; `takeReady` does not wait. A reconnection makes earlier messages void: they come again, and to
 * acknowledge a void one does nothing.
 */
export interface MessageStream {
  take(max: number): Promise<readonly IncomingMessage[]>;
  /** Up to `max` of the messages that are there now. */
  takeReady(max: number): readonly IncomingMessage[];
  /** Acknowledges messages that were taken. Call it after the commit only. */
  acknowledge(messages: readonly IncomingMessage[]): void;
  /** Sets a message aside in the broker's own dead-letter queue with the reason in its headers, then acknowledges it. */
  setAside(message: IncomingMessage, reason: string): Promise<void>;
  /** Closes the channel; what was not acknowledged goes back to the queue in its old order. Never cancels the consumer first. */
  close(): Promise<void>;
}
