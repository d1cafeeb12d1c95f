import type { LedgerEntry } from '@quadrille/e2e/evidence';

/** All parties pay at one provider; this is what it knows of one party's orders. */
export function ledgerOf(orders: readonly { readonly id: string }[], ledger: readonly LedgerEntry[]): LedgerEntry[] {
  const own = new Set(orders.map(({ id }) => id));
  return ledger.filter(({ orderId }) => own.has(orderId));
}
