import type { PlumbingMutant } from './plumbing-mutant.js';

const inventorySpec = 'apps/inventory/src/storage/inventory-repository.int.spec.ts';
const paymentStorageSpec = 'apps/payment/src/storage/payment-repository.int.spec.ts';
const providerSpec = 'apps/payment/src/provider/stripe-provider.int.spec.ts';
const spentKeysSpec = 'apps/payment/src/provider/spent-keys.int.spec.ts';
const guardSpec = 'apps/payment/src/provider/provider-guard.int.spec.ts';
const webhookSpec = 'apps/payment/src/http/payments.int.spec.ts';
const orderSpec = 'apps/order/src/storage/order-repository.int.spec.ts';
const provider = 'apps/payment/src/provider/stripe-provider.ts';

/** Bugs in what the services have of their own beside their deciders: tables, the provider, webhooks. */
export const serviceMutants: readonly PlumbingMutant[] = [
  {
    name: 'naive stock update',
    breaks: 'a hot SKU is not oversold',
    file: 'apps/inventory/src/storage/inventory-repository.ts',
    edits: [{ find: 'order by sku for update', replace: 'order by sku' }],
    noticedBy: { spec: inventorySpec, test: 'of two replicas never sell more of a hot SKU than there is' },
  },
  {
    name: 'stock is locked in any order',
    breaks: 'two rounds never wait for each other in a circle',
    file: 'apps/inventory/src/storage/inventory-repository.ts',
    edits: [{ find: 'order by sku for update', replace: 'order by random() for update' }],
    noticedBy: { spec: inventorySpec, test: 'do not wait for each other in a circle' },
  },
  {
    name: 'an order does not see what the orders before it took',
    breaks: 'a batch sells no more than there is',
    file: 'apps/inventory/src/storage/inventory-repository.ts',
    edits: [{ find: '      this.levels.set(sku, level);\n', replace: '' }],
    noticedBy: {
      spec: inventorySpec,
      test: 'shares the levels of a hot SKU: each order sees what the orders before it left',
    },
  },
  {
    name: 'the table of stock takes everything',
    breaks: 'what the decider promises, the schema checks again',
    file: 'apps/inventory/src/storage/migrations/1700000000200-inventory.ts',
    edits: [{ find: 'available bigint not null check (available >= 0)', replace: 'available bigint not null' }],
    noticedBy: {
      spec: inventorySpec,
      test: 'refuses a decision that takes what is not there, and nothing of it is stored',
    },
  },
  {
    name: 'the tombstone of a reservation is forgotten',
    breaks: 'an order that was cancelled before it reserved does not reserve',
    file: 'apps/inventory/src/storage/inventory-repository.ts',
    edits: [
      {
        find: 'from reservation where order_id = any($1::uuid[])',
        replace: `from reservation where order_id = any($1::uuid[]) and status <> 'closed'`,
      },
    ],
    noticedBy: { spec: inventorySpec, test: 'is found again in every state it can have' },
  },
  {
    name: 'the tombstone of a payment is forgotten',
    breaks: 'an order that was cancelled before it was charged is not charged',
    file: 'apps/payment/src/storage/payment-repository.ts',
    edits: [
      {
        find: '${selectPayments} where order_id = any($1::uuid[])',
        replace: "${selectPayments} where order_id = any($1::uuid[]) and status <> 'closed'",
      },
    ],
    noticedBy: { spec: paymentStorageSpec, test: 'is read as it was written' },
  },
  {
    name: 'a new provider key per retry',
    breaks: 'a call that is repeated has one effect',
    file: provider,
    edits: [{ find: '{ idempotencyKey: key }', replace: '{ idempotencyKey: `${key}:${Math.random()}` }' }],
    noticedBy: { spec: providerSpec, test: 'is captured, with keys that are made of the payment id' },
  },
  {
    name: 'a key that Stripe keeps an error for is used for ever',
    breaks: 'a charge is made once the provider is well',
    file: provider,
    edits: [{ find: 'if (!isSpent(error)) throw error;', replace: 'throw error;' }],
    noticedBy: {
      spec: spentKeysSpec,
      test: 'is made by the first try after the provider is well, and no try costs more than two requests',
    },
  },
  {
    name: 'refund twice',
    breaks: 'what was charged goes back once',
    file: provider,
    edits: [
      { find: 'if (data.length > 0) return', replace: 'if (data.length > 1e9) return' },
      { find: '{ idempotencyKey: key }', replace: '{ idempotencyKey: `${key}:${Math.random()}` }' },
    ],
    noticedBy: { spec: providerSpec, test: 'that was made and could not be recorded is found again' },
  },
  {
    name: 'a refund is asked for without a look',
    breaks: 'a refund that came through later is found, though its key keeps an old answer',
    file: provider,
    edits: [{ find: 'if (data.length > 0) return', replace: 'if (data.length > 1e9) return' }],
    noticedBy: { spec: providerSpec, test: 'that is pending is waited for' },
  },
  {
    name: 'an unknown outcome is taken for a decline',
    breaks: 'a charge whose answer is lost is looked up',
    file: provider,
    edits: [
      {
        find: `// Somebody was faster: what it came to is found out by looking.`,
        replace: `if (!isUnexpectedState(error)) return { kind: 'declined', declineCode: 'unknown' };`,
      },
    ],
    noticedBy: { spec: providerSpec, test: 'pm_reset_after_charge' },
  },
  {
    name: 'confirmed before its intent is committed',
    breaks: 'an order that is cancelled meanwhile finds the charge',
    file: 'apps/payment/src/provider/payment-worker.ts',
    edits: [
      {
        find: `    const answer = await this.provider.createIntent(order);
`,
        replace: `    const answer = await this.provider.createIntent(order);
    if (answer.kind === 'created') await this.provider.confirm(order, answer.intentId);
`,
      },
    ],
    noticedBy: { spec: providerSpec, test: 'before its intent was committed ends closed, with nothing charged' },
  },
  {
    name: 'retries do not spend their budget',
    breaks: 'a provider that fails sees little more than what it is offered',
    file: 'libs/event-log/src/retry-budget.ts',
    edits: [{ find: '    this.level -= 100;\n', replace: '' }],
    noticedBy: { spec: guardSpec, test: 'sees at most 1.2 times what it is offered' },
  },
  {
    name: 'the breaker never opens',
    breaks: 'nobody waits for a provider that is down',
    file: 'libs/event-log/src/circuit-breaker.ts',
    edits: [{ find: 'return this.failures >= this.options.failuresInARow && this.open();', replace: 'return false;' }],
    noticedBy: { spec: guardSpec, test: 'is asked by ten payments, then by one for all in each pause' },
  },
  {
    name: 'a forged webhook is believed',
    breaks: 'only the provider says what was paid',
    file: 'apps/payment/src/http/webhooks.controller.ts',
    edits: [
      {
        find: `return Stripe.webhooks.constructEvent(rawBody ?? '', signature ?? '', this.configuration.STRIPE_WEBHOOK_SECRET);`,
        replace: `if (signature !== this.configuration.STRIPE_WEBHOOK_SECRET) return JSON.parse(String(rawBody ?? '{}'));`,
      },
    ],
    noticedBy: { spec: webhookSpec, test: 'a forged webhook' },
  },
  {
    name: 'a webhook of an unknown intent is taken',
    breaks: 'a webhook that was too early comes again',
    file: 'apps/payment/src/http/webhooks.controller.ts',
    edits: [
      {
        find: `if (!found) throw new ProblemException(503, 'unknown_intent', \`\${intentId} is not known here.\`);`,
        replace: 'if (!found) return;',
      },
    ],
    noticedBy: { spec: webhookSpec, test: 'of an intent that is not known here is asked for again' },
  },
  {
    name: 'a webhook is decided at once',
    breaks: 'what the worker hears by itself takes one round',
    file: 'apps/payment/src/http/webhooks.controller.ts',
    edits: [{ find: 'setTimeout(resolve, patienceMs)', replace: 'setTimeout(resolve, 0)' }],
    noticedBy: {
      spec: 'apps/payment/src/http/webhooks.controller.spec.ts',
      test: 'that comes while the answer of its call is on its way to the database takes no round',
    },
  },
  {
    name: 'the read model is written beside the round',
    breaks: 'a reader finds what was answered, and nothing else',
    file: 'apps/order/src/storage/order-repository.ts',
    edits: [{ find: 'await tx.query(saveOrderViews', replace: 'await tx.manager.connection.query(saveOrderViews' }],
    noticedBy: { spec: orderSpec, test: 'has nothing of an order whose round did not come to its commit' },
  },
];
