import type { Narrator } from '@quadrille/cluster';
import { collectEvidence, type Sources } from '../evidence.js';
import { violations } from '../rules.js';
import { forms, heard } from '../world.js';

/** Checks the seven rules over everybody's books. Answers whether they hold. */
export async function tellRules(sources: Sources, promised: readonly string[], narrator: Narrator): Promise<boolean> {
  const evidence = await collectEvidence(sources);
  const found = violations(evidence, promised, { forms, heard });
  narrator.line();
  for (const { rule, orderId, what } of found) narrator.line(`✗ rule ${rule}: ${orderId ?? 'no order'} ${what}`);
  const ended = (status: string) => evidence.orders.filter((order) => order.status === status).length;
  const summary = `${evidence.orders.length} orders, ${ended('confirmed')} confirmed, ${ended('cancelled')} cancelled`;
  narrator.line(`${found.length === 0 ? '✓' : '✗'} the seven rules: ${summary}, ${found.length} violations`);
  return found.length === 0;
}
