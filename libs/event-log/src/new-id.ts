import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const idBytes = 16;
const drawn = new Uint8Array(idBytes * 256);
let used = drawn.length;

/**
 * A UUIDv7: ids of different milliseconds sort by time, those of the same one in any order. Random bytes are drawn for many ids
 * at once, for the draw costs more than everything else about an id.
 */
export function newId(): string {
  return v7({ rng: nextBytes });
}

function nextBytes(): Uint8Array {
  if (used === drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  return drawn.subarray(used, (used += idBytes));
}
