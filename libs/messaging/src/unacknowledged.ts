import type { ConsumeMessage } from 'amqplib';

export interface Acknowledgement {
  readonly message: ConsumeMessage;
  /** Also everything that was delivered before it on the same channel. */
  readonly allUpTo: boolean;
}

/** What one channel delivered and nobody acknowledged yet, in the order of delivery. */
export class Unacknowledged {
  /** By delivery tag, what is left of the message: itself, or those of its events that are not settled. */
  private readonly left = new Map<number, Set<ConsumeMessage>>();

  /** One message: as it is, or its events. */
  add(parts: readonly ConsumeMessage[]): void {
    const [first] = parts;
    if (first) this.left.set(first.fields.deliveryTag, new Set(parts));
  }

  /**
   * The fewest acknowledgements that settle `parts` and nothing else: a message is acknowledged with the last of its parts.
   * What is settled already is left out: acknowledging it again would cost the channel.
   */
  settle(parts: readonly ConsumeMessage[]): Acknowledgement[] {
    const due = parts.filter((part) => this.ends(part)).sort(byTag);
    const [oldestLeft = Infinity] = this.left.keys();
    const behindAll = due.filter((message) => message.fields.deliveryTag < oldestLeft);
    const last = behindAll.at(-1);
    const single = due.slice(behindAll.length).map((message) => ({ message, allUpTo: false }));
    return last ? [{ message: last, allUpTo: behindAll.length > 1 }, ...single] : single;
  }

  /** Forgets the whole message of this part, unless it was settled: it comes again with all that is in it. */
  giveBack({ fields }: ConsumeMessage): boolean {
    return this.left.delete(fields.deliveryTag);
  }

  private ends(part: ConsumeMessage): boolean {
    const { deliveryTag } = part.fields;
    const left = this.left.get(deliveryTag);
    return left !== undefined && left.delete(part) && left.size === 0 && this.left.delete(deliveryTag);
  }
}

function byTag(a: ConsumeMessage, b: ConsumeMessage): number {
  return a.fields.deliveryTag - b.fields.deliveryTag;
}
