/**
 * Our own counting of attempts always comes first. The limit is said all the same, because RabbitMQ 4 limits deliveries to
 * 20 where none is said, every lost connection counts as one, and what exceeds the limit is dropped.
 */
const deliveryLimit = 1_000_000_000;

const durableQuorum = { 'x-queue-type': 'quorum', 'x-delivery-limit': deliveryLimit };

/** At-least-once dead-lettering asks for reject-publish, which is also the only overflow that never drops a confirmed message. */
function deadLettersTo(exchange: string, routingKey: string): Record<string, unknown> {
  return {
    'x-dead-letter-exchange': exchange,
    'x-dead-letter-routing-key': routingKey,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  };
}

/** A replicated queue that keeps its messages until somebody acknowledges them. */
export const lastingQueue = { durable: true, arguments: durableQuorum } as const;

/** A queue from which what the broker itself gives up goes to `exchange` with `routingKey`. */
export function queueWithDeadLetters(exchange: string, routingKey: string) {
  return { durable: true, arguments: { ...durableQuorum, ...deadLettersTo(exchange, routingKey) } };
}

/** One consumer at a time: a second net below the leases, so that two owners never interleave a partition. */
export function partitionQueueOptions(exchange: string, routingKey: string) {
  const { durable, arguments: options } = queueWithDeadLetters(exchange, routingKey);
  return { durable, arguments: { ...options, 'x-single-active-consumer': true } };
}

/** Messages wait `delayMs` here and then go to `queue` through the default exchange. */
export function waitingQueue(queue: string, delayMs: number) {
  return {
    durable: true,
    arguments: { ...durableQuorum, ...deadLettersTo('', queue), 'x-message-ttl': delayMs },
  };
}
