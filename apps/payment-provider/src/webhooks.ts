import { randomBytes } from 'node:crypto';
import { Stripe } from 'stripe';
import type { Books } from './books/books.js';
import type { Entry } from './books/entries.js';
import type { Faults } from './admin/faults.js';
import { renderCharge, renderIntent, renderRefund } from './stripe-api/objects.js';

const attemptsMax = 12;
const lateMs = 5_000;
const answerWithinMs = 10_000;

/**
 * Tells a URL what happened, signed as Stripe signs (https://docs.stripe.com/webhooks/signature), again and again with growing
 * waits until it answers 2xx. What waits is forgotten when the provider ends: a listener may not rely on webhooks alone.
 */
export class Webhooks {
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly target: { readonly url: string; readonly secret: string },
    private readonly faults: Faults,
    private readonly onFailure: (fields: object, message: string) => void,
  ) {}

  listenTo(books: Books): void {
    books.onRecorded((entry) => {
      for (const { type, object } of eventsOf(books, entry)) this.announce(type, object);
    });
  }

  beforeApplicationShutdown(): void {
    this.stopping.abort();
    for (const timer of this.timers) clearTimeout(timer);
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
    if (this.stopping.signal.aborted) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void this.deliver(payload, attempt);
    }, delayMs);
    this.timers.add(timer);
  }

  private async deliver(payload: string, attempt: number): Promise<void> {
    try {
      const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: this.target.secret });
      const response = await fetch(this.target.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature },
        body: payload,
        signal: AbortSignal.any([this.stopping.signal, AbortSignal.timeout(answerWithinMs)]),
      });
      await response.arrayBuffer();
      if (response.ok) return;
      this.retry(payload, attempt, `answered ${response.status}`);
    } catch (error) {
      this.retry(payload, attempt, (error as Error).message);
    }
  }

  private retry(payload: string, attempt: number, reason: string): void {
    if (this.stopping.signal.aborted) return;
    this.onFailure({ attempt, reason }, 'a webhook was not taken');
    if (attempt < attemptsMax) this.after(Math.random() * Math.min(60_000, 500 * 2 ** attempt), payload, attempt + 1);
  }
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
  return events;
}
