/** Fixed for ever: a subject's slot is part of its routing key, so changing this number would split streams in flight. */
export const slotCount = 64;

/** The slot of a subject: FNV-1a (32 bit, http://www.isthe.com/chongo/tech/comp/fnv/) over its UTF-8 bytes, modulo 64. */
export function slotOf(subject: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(subject)) {
    hash ^= byte;
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return hash % slotCount;
}

/** Where an event goes on the exchange: `<type>.<slot>`. */
export function routingKeyOf(event: { readonly type: string; readonly subject: string }): string {
  return `${event.type}.${slotOf(event.subject)}`;
}

/** The partition of a slot when a service has `partitions` queues. */
export function partitionOf(slot: number, partitions: number): number {
  return slot % partitions;
}
