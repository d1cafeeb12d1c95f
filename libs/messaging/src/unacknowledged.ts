import type { ConsumeMessage } from 'amqplib';

export interface Acknowledgement {
  readonly message: ConsumeMessage;
  /** Also everything that was delivered before it on the same channel. */
  readonly allUpTo: boolean;
}

/** What one channel delivered and nobody acknowledged yet, in the order of delivery. */
export class Unacknowledged {
  private readonly tags = new Set<number>();

  add(message: ConsumeMessage): void {
    this.tags.add(message.fields.deliveryTag);
  }

  /**
   * The fewest acknowledgements that settle `messages` and nothing else. A message that is settled already is left out:
   * acknowledging it again would cost the channel.
   */
  settle(messages: readonly ConsumeMessage[]): Acknowledgement[] {
    const due = messages.filter((message) => this.tags.delete(message.fields.deliveryTag)).sort(byTag);
    const [oldestLeft = Infinity] = this.tags;
    const behindAll = due.filter((message) => message.fields.deliveryTag < oldestLeft);
    const last = behindAll.at(-1);
    const single = due.slice(behindAll.length).map((message) => ({ message, allUpTo: false }));
    return last ? [{ message: last, allUpTo: behindAll.length > 1 }, ...single] : single;
  }
}

function byTag(a: ConsumeMessage, b: ConsumeMessage): number {
  return a.fields.deliveryTag - b.fields.deliveryTag;
}
