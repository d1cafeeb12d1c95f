import { type Books } from './books/books.js';
import type { Entry } from './books/entries.js';
import { type PaymentIntents } from './stripe-api/payment-intents.js';
import { type Refunds } from './stripe-api/refunds.js';

/** Ends what was promised for later: charges that land late, refunds that were pending or are going to fail. Takes them up again after a restart. */
export class Settlement {
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(
    private readonly books: Books,
    private readonly intents: PaymentIntents,
    private readonly refunds: Refunds,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  start(): void {
    for (const promise of this.books.unsettled())
      this.schedule('lands' in promise ? { intent: promise } : { refund: promise });
    this.books.onRecorded((entry) => this.schedule(entry));
  }

  beforeApplicationShutdown(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  private schedule({ intent, refund }: Pick<Entry, 'intent' | 'refund'>): void {
    if (intent?.lands)
      this.at(intent.lands.at, (now) => {
        const current = this.books.intent(intent.id);
        return current?.lands ? this.intents.land(current, now) : undefined;
      });
    if (refund?.ends)
      this.at(refund.ends.at, (now) => {
        const current = this.books.refund(refund.id);
        return current?.ends ? this.refunds.end(current, current.ends.as, now) : undefined;
      });
  }

  private at(due: string, settle: (now: Date) => Omit<Entry, 'at'> | undefined): void {
    const timer = setTimeout(
      () => {
        this.timers.delete(timer);
        const now = new Date();
        const entry = settle(now);
        if (entry) this.books.record({ at: now.toISOString(), ...entry }).catch(this.onFailure);
      },
      Math.max(0, Date.parse(due) - Date.now()),
    );
    this.timers.add(timer);
  }
}
