import type { Answer, Entry, Intent, LedgerItem, Refund } from './entries.js';
import type { Journal } from './journal.js';

/** Stripe forgets idempotency keys after 24 hours. */
const keyLifeMs = 24 * 60 * 60 * 1000;

export interface StoredAnswer extends Answer {
  readonly entry: Entry;
}

/**
 * All that the provider knows: the fold of its journal. Decisions are made on what is in memory, at once and one after the
 * other; `record` applies a change there and resolves when it is on disk.
 */
export class Books {
  private readonly intents = new Map<string, Intent>();
  private readonly refunds = new Map<string, Refund>();
  private readonly refundsByIntent = new Map<string, Set<string>>();
  private readonly balances = new Map<string, number>();
  private readonly answers = new Map<string, StoredAnswer>();
  private readonly positions = new Map<string, number>();
  private readonly ledger: LedgerItem[] = [];
  private readonly listeners: ((entry: Entry) => void)[] = [];

  constructor(private readonly journal: Journal) {
    for (const entry of journal.entries) this.apply(entry);
  }

  intent(id: string): Intent | undefined {
    return this.intents.get(id);
  }

  refund(id: string): Refund | undefined {
    return this.refunds.get(id);
  }

  /** Undefined: the method was given no balance, and is not limited. */
  balanceMinor(paymentMethod: string): number | undefined {
    return this.balances.get(paymentMethod);
  }

  answer(key: string, now: Date): StoredAnswer | undefined {
    this.forgetAnswers(now);
    return this.answers.get(key);
  }

  /** The ledger after an item's id (from the start for null), or undefined when there is no such item. */
  ledgerAfter(id: string | null, limit: number): { items: LedgerItem[]; more: boolean } | undefined {
    const position = id === null ? -1 : this.positions.get(id);
    if (position === undefined) return undefined;
    const items = this.ledger.slice(position + 1, position + 1 + limit);
    return { items, more: position + 1 + items.length < this.ledger.length };
  }

  /** Newest first, as Stripe lists. */
  listIntents(): Intent[] {
    return [...this.intents.values()].reverse();
  }

  /** Newest first, of one intent or of all. */
  listRefunds(intentId: string | undefined): Refund[] {
    const ids = intentId === undefined ? this.refunds.keys() : (this.refundsByIntent.get(intentId) ?? []);
    return [...ids].flatMap((id) => this.refunds.get(id) ?? []).reverse();
  }

  /** Charges and refunds that were promised for later. */
  unsettled(): (Intent | Refund)[] {
    const intents = [...this.intents.values()].filter(({ lands }) => lands !== null);
    const refunds = [...this.refunds.values()].filter(({ ends }) => ends !== null);
    return [...intents, ...refunds];
  }

  async record(entry: Entry): Promise<void> {
    this.apply(entry);
    await this.journal.append(entry);
    for (const listener of this.listeners) listener(entry);
  }

  /** Calls back after each change that is on disk. */
  onRecorded(listener: (entry: Entry) => void): void {
    this.listeners.push(listener);
  }

  /** Resolves when everything that can be read here is on disk. */
  settled(): Promise<void> {
    return this.journal.settled();
  }

  private apply(entry: Entry): void {
    const { intent, refund, ledger, method, answer } = entry;
    if (intent) this.intents.set(intent.id, intent);
    if (refund) {
      this.refunds.set(refund.id, refund);
      const ofIntent = this.refundsByIntent.get(refund.intentId) ?? new Set();
      this.refundsByIntent.set(refund.intentId, ofIntent.add(refund.id));
    }
    if (method) this.balances.set(method.id, method.balanceMinor);
    if (answer) this.answers.set(answer.key, { ...answer, entry });
    if (ledger) {
      this.positions.set(ledger.id, this.ledger.length);
      this.ledger.push(ledger);
    }
  }

  private forgetAnswers(now: Date): void {
    for (const [key, answer] of this.answers) {
      if (now.getTime() - Date.parse(answer.at) < keyLifeMs) return;
      this.answers.delete(key);
    }
  }
}
