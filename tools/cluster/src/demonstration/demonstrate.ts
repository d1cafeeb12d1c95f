import type { Narrator } from '../narrator.js';
import { type Order, PublicApi, type PublicApiOptions } from './public-api.js';
import { followTimeline } from './follow-timeline.js';

interface Story {
  readonly title: string;
  readonly quantity: number;
  readonly paymentMethod: string;
  readonly endsAs: Pick<Order, 'status' | 'reason' | 'declineCode'>;
  /** The last fact of the story, which may come after the order's own end. */
  readonly lastType: string;
}

const sku = 'TEAPOT';
const stockMin = 10;

const stories: readonly Story[] = [
  {
    title: 'an order that is paid and confirmed',
    quantity: 1,
    paymentMethod: 'pm_card_visa',
    endsAs: { status: 'confirmed', reason: null, declineCode: null },
    lastType: 'inventory.stock-committed.v1',
  },
  {
    title: 'an order for more than there is',
    quantity: 1000,
    paymentMethod: 'pm_card_visa',
    endsAs: { status: 'cancelled', reason: 'out_of_stock', declineCode: null },
    lastType: 'order.cancelled.v1',
  },
  {
    title: 'an order whose card is declined',
    quantity: 1,
    paymentMethod: 'pm_card_chargeDeclinedInsufficientFunds',
    endsAs: { status: 'cancelled', reason: 'payment_declined', declineCode: 'insufficient_funds' },
    lastType: 'inventory.stock-released.v1',
  },
];

/**
 * Three orders through the public API, each told as it happens. Answers whether each ended as it should.
 */
export async function demonstrate(system: PublicApiOptions, narrator: Narrator): Promise<boolean> {
  const api = new PublicApi(system);
  await narrator.step('prices and stock', async () => {
    await api.setPrice(sku, 2490, 'EUR');
    const { available } = await api.stock(sku);
    if (available < stockMin) await api.receive(sku, stockMin - available);
  });
  let asExpected = true;
  for (const story of stories) if (!(await tell(story, api, narrator))) asExpected = false;
  return asExpected;
}

async function tell(story: Story, api: PublicApi, narrator: Narrator): Promise<boolean> {
  const { quantity, paymentMethod, endsAs, lastType } = story;
  const { id } = await api.place({
    customerId: 'demonstration',
    currency: 'EUR',
    lines: [{ sku, quantity }],
    paymentMethod,
  });
  narrator.line();
  narrator.line(`${story.title}: ${quantity} × ${sku}, ${paymentMethod}, order ${id}`);
  await followTimeline(api, id, lastType, (line) => narrator.line(`  ${line}`));
  const { status, reason, declineCode } = await api.order(id);
  const asExpected = status === endsAs.status && reason === endsAs.reason && declineCode === endsAs.declineCode;
  narrator.line(`  ${asExpected ? '✓' : '✗'} ${wordsFor({ status, reason, declineCode })}`);
  if (!asExpected) narrator.line(`    expected: ${wordsFor(endsAs)}`);
  return asExpected;
}

function wordsFor({ status, reason, declineCode }: Story['endsAs']): string {
  return [status, reason, declineCode].filter((word) => word !== null).join(', ');
}
