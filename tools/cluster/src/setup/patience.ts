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

const passing = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'UND_ERR_SOCKET'],
  // PostgreSQL that starts or stops (https://www.postgresql.org/docs/current/errcodes-appendix.html).
  ...['57P01', '57P02', '57P03'],
]);

/** The reason may lie below, and a name with several addresses fails with one error for each. */
function isPassing(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message, cause, errors } = error as Partial<NodeJS.ErrnoException & AggregateError>;
  if (code !== undefined && passing.has(code)) return true;
  if (message?.startsWith('Connection terminated')) return true;
  return isPassing(cause) || (errors ?? []).some(isPassing);
}
