import { randomBytes } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import { text } from 'node:stream/consumers';
import { Stripe } from 'stripe';
import type { Books } from './books/books.js';
import type { Entry } from './books/entries.js';
import type { Faults } from './admin/faults.js';
import { renderCharge, renderIntent, renderRefund } from './stripe-api/objects.js';

const attemptsMax = 12;
const lateMs = 5_000;
const answerWithinMs = 10_000;
/** An address where nobody listens is left out for so long. */
const awayMs = 1_000;

/**
 * Tells somebody what happened, signed as Stripe signs (https://docs.stripe.com/webhooks/signature), again and again with growing
 * waits until the answer is 2xx. Several addresses take turns, but for those where nobody listens. What waits is forgotten when the provider ends: a listener
 * may not rely on webhooks alone.
 */
export class Webhooks {
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly agents = {
    plain: new http.Agent({ keepAlive: true }),
    secure: new https.Agent({ keepAlive: true }),
  };
  /** In turn: the next comes first. */
  private readonly addresses: { readonly url: URL; awayUntil: number }[];
  private isStopping = false;

  constructor(
    private readonly target: { readonly urls: readonly string[]; readonly secret: string },
    private readonly faults: Faults,
    private readonly onFailure: (fields: object, message: string) => void,
  ) {
    this.addresses = target.urls.map((url) => ({ url: new URL(url), awayUntil: 0 }));
  }

  listenTo(books: Books): void {
    books.onRecorded((entry) => {
      for (const { type, object } of eventsOf(books, entry)) this.announce(type, object);
    });
  }

  beforeApplicationShutdown(): void {
    this.isStopping = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const agent of Object.values(this.agents)) agent.destroy();
  }

  private announce(type: string, object: object): void {
    const mode = this.faults.current().webhooks;
    if (mode === 'off') return;
    const payload = JSON.stringify({
      id: `evt_${randomBytes(12).toString('hex')}`,
      object: 'event',
      api_version: null,
      created: Math.floor(Date.now() / 1000),
      data: { object },
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type,
    });
    this.after(mode === 'late' ? lateMs : 0, payload, 1);
    if (mode === 'double') this.after(0, payload, 1);
  }

  private after(delayMs: number, payload: string, attempt: number): void {
    if (this.isStopping) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void this.deliver(payload, attempt);
    }, delayMs);
    this.timers.add(timer);
  }

  private async deliver(payload: string, attempt: number, addressesLeft = this.addresses.length): Promise<void> {
    const address = this.next();
    try {
      const status = await this.post(address.url, payload);
      if (status < 200 || status > 299) this.retry(payload, attempt, `answered ${status}`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') {
        address.awayUntil = performance.now() + awayMs;
        const hasMore = addressesLeft > 1 && !this.isStopping && this.addresses.some(isThere);
        if (hasMore) return this.deliver(payload, attempt, addressesLeft - 1);
      }
      this.retry(payload, attempt, (error as Error).message);
    }
  }

  private next() {
    const there = this.addresses.findIndex(isThere);
    const [address] = this.addresses.splice(Math.max(there, 0), 1);
    if (!address) throw new Error('webhooks without an address');
    this.addresses.push(address);
    return address;
  }

  /** Not with `fetch`, which was two fifths of what a charge costs this process. */
  private post(url: URL, payload: string): Promise<number> {
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(payload),
      'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload, secret: this.target.secret }),
    };
    const isSecure = url.protocol === 'https:';
    const agent = isSecure ? this.agents.secure : this.agents.plain;
    return new Promise((resolve, reject) => {
      (isSecure ? https : http)
        .request(url, { method: 'POST', agent, headers, timeout: answerWithinMs })
        .on('response', (response) => {
          text(response).then(() => resolve(response.statusCode ?? 0), reject);
        })
        .on('timeout', function (this: http.ClientRequest) {
          this.destroy(new Error(`no answer within ${answerWithinMs} ms`));
        })
        .on('error', reject)
        .end(payload);
    });
  }

  private retry(payload: string, attempt: number, reason: string): void {
    if (this.isStopping) return;
    this.onFailure({ attempt, reason }, 'a webhook was not taken');
    if (attempt < attemptsMax) this.after(Math.random() * Math.min(60_000, 500 * 2 ** attempt), payload, attempt + 1);
  }
}

function isThere({ awayUntil }: { readonly awayUntil: number }): boolean {
  return performance.now() >= awayUntil;
}

function eventsOf(books: Books, { intent, refund, ledger }: Entry): { type: string; object: object }[] {
  const events: { type: string; object: object }[] = [];
  if (intent && ledger?.kind === 'charge')
    events.push({ type: 'payment_intent.succeeded', object: renderIntent(intent) });
  if (intent?.status === 'canceled') events.push({ type: 'payment_intent.canceled', object: renderIntent(intent) });
  if (intent?.status === 'requires_payment_method' && intent.decline)
    events.push({ type: 'payment_intent.payment_failed', object: renderIntent(intent) });
  if (ledger?.kind === 'refund') {
    const refunded = intent ?? books.intent(ledger.paymentIntent);
    if (refunded) events.push({ type: 'charge.refunded', object: renderCharge(refunded) });
  }
  if (refund) events.push({ type: 'refund.updated', object: renderRefund(refund) });
  if (refund?.status === 'failed') events.push({ type: 'refund.failed', object: renderRefund(refund) });
  return events;
}
