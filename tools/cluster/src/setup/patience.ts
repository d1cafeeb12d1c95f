import { setTimeout as delay } from 'node:timers/promises';

/** Tries again while the server cannot be reached or is not ready yet. Any other failure ends it at once, and so does time. */
export async function withPatience(what: string, waitMs: number, attempt: () => Promise<void>): Promise<void> {
  const end = Date.now() + waitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (cause) {
      if (!isPassing(cause)) throw cause;
      if (Date.now() > end) throw new Error(`${what} did not answer within ${waitMs / 1000} s.`, { cause });
      await delay(250);
    }
  }
}

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'UND_ERR_SOCKET',
]);
/** PostgreSQL that starts or stops (https://www.postgresql.org/docs/current/errcodes-appendix.html, class 57P). */
const comingUpCodes = new Set(['57P01', '57P02', '57P03']);

function isPassing(error: unknown): boolean {
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    const { code } = one as NodeJS.ErrnoException;
    if (code !== undefined && (networkCodes.has(code) || comingUpCodes.has(code))) return true;
    if (one instanceof AggregateError && one.errors.some(isPassing)) return true;
    if (one.message.startsWith('Connection terminated')) return true;
  }
  return false;
}
