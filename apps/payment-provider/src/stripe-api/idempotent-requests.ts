import { createHash } from 'node:crypto';
import { type Books } from '../books/books.js';
import type { Entry } from '../books/entries.js';
import { ApiError, Unanswered } from './errors.js';
import { renderIntent, renderRefund } from './objects.js';

/** What a request comes to: what changes, and what its caller hears. */
export interface Change {
  readonly entry: Omit<Entry, 'at' | 'answer'>;
  readonly shows: 'intent' | 'refund';
  /** The caller hears this error, whatever changed. */
  readonly error?: ApiError;
  /** The caller hears nothing, though the answer is kept for the key. */
  readonly withheld?: 'reset' | 'silence';
}

export interface ApiRequest {
  readonly key: string | null;
  readonly method: string;
  readonly path: string;
  readonly form: unknown;
}

export interface Reply {
  readonly status: number;
  readonly body: object;
  readonly replayed: boolean;
}

/**
 * Idempotency as https://docs.stripe.com/api/idempotent_requests describes it: the first answer of a key, an error 500
 * included, is kept for 24 hours and given again; other parameters are an error; two at once are a conflict. An error
 * that `work` throws came before anything ran, and is not kept.
 */
export class IdempotentRequests {
  private readonly running = new Set<string>();

  constructor(private readonly books: Books) {}

  async run(request: ApiRequest, work: () => Change | Promise<Change>): Promise<Reply> {
    const { key } = request;
    if (key === null) return this.execute(request, work);
    const stored = this.books.answer(key, new Date());
    if (stored) {
      if (stored.fingerprint !== fingerprintOf(request)) throw reused(key);
      await this.books.settled();
      return { status: stored.status, body: stored.error ?? shown(stored.entry, stored.shows), replayed: true };
    }
    if (this.running.has(key)) throw inUse(key);
    this.running.add(key);
    try {
      return await this.execute(request, work);
    } finally {
      this.running.delete(key);
    }
  }

  private async execute(request: ApiRequest, work: () => Change | Promise<Change>): Promise<Reply> {
    const { entry, shows, error, withheld } = await work();
    const status = error?.status ?? 200;
    const at = new Date().toISOString();
    const answer = request.key === null ? {} : { answer: answerOf(request, request.key, at, status, error, shows) };
    await this.books.record({ at, ...entry, ...answer });
    if (withheld) throw new Unanswered(withheld);
    return { status, body: error?.body ?? shown(entry, shows), replayed: false };
  }
}

function answerOf(
  request: ApiRequest,
  key: string,
  at: string,
  status: number,
  error: ApiError | undefined,
  shows: 'intent' | 'refund',
) {
  return { key, fingerprint: fingerprintOf(request), at, status, error: error?.body ?? null, shows };
}

function fingerprintOf({ method, path, form }: ApiRequest): string {
  const fields = Object.entries((form ?? {}) as object).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([method, path, fields]))
    .digest('hex');
}

function shown(entry: Omit<Entry, 'at'>, shows: 'intent' | 'refund'): object {
  if (shows === 'intent' && entry.intent) return renderIntent(entry.intent);
  if (shows === 'refund' && entry.refund) return renderRefund(entry.refund);
  throw new Error(`the entry has no ${shows} to show`);
}

function reused(key: string): ApiError {
  return new ApiError(400, {
    type: 'idempotency_error',
    message:
      'Keys for idempotent requests can only be used with the same parameters they were first used with. ' +
      `Try using a key other than '${key}' if you meant to execute a different request.`,
  });
}

function inUse(key: string): ApiError {
  return new ApiError(409, {
    type: 'idempotency_error',
    code: 'idempotency_key_in_use',
    message: `There is currently another in-progress request using this Idempotent Key (${key}). Please try again later.`,
  });
}
