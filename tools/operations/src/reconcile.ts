import { runCommand, say, UsageError } from './command-line/ends.js';
import { helpOf, parse, type Usage } from './command-line/options.js';
import { durationMs } from './command-line/values.js';
import { readBooks } from './reconciliation/books.js';
import { differences, type Difference } from './reconciliation/differences.js';
import { watch } from './reconciliation/watch.js';
import { System, systemNote, systemOptions } from './system/system.js';

const usage: Usage = {
  line: 'reconcile -- [options]',
  summary:
    "Compares the provider's ledger with payments, orders and reservations, and reports differences by order.\n" +
    'It changes nothing. Exit code: 0 when nothing is wrong, 1 when something is, 2 for a wrong command line.',
  options: {
    'in-flight': {
      value: 'duration',
      help: 'how long after its last change somebody may still be at work on an order (20m)',
    },
    patience: { value: 'duration', help: 'how long it looks again before something counts as wrong (5s)' },
    json: { help: 'answer with JSON' },
    ...systemOptions,
  },
  notes: [
    'What a service knows that it still has to do, by its agenda, its held messages and its log, is in flight and not wrong.',
    systemNote,
  ],
};

await runCommand('reconcile', async (args) => {
  const given = parse(usage, args);
  if (given.has('help')) {
    say(helpOf(usage));
    return 0;
  }
  const [unexpected] = given.positionals;
  if (unexpected !== undefined) throw new UsageError(`${JSON.stringify(unexpected)} is more than is expected here.`);
  const inFlightMs = durationMs('in-flight', given.text('in-flight') ?? '20m');
  const patienceMs = durationMs('patience', given.text('patience') ?? '5s');
  const system = new System(given);
  let orders = 0;
  const found = await watch(async () => {
    const books = await readBooks(system);
    orders = books.orders.length;
    return differences(books, { now: new Date(), inFlightMs });
  }, patienceMs);
  const wrong = found.filter(({ inFlight }) => !inFlight);
  const inFlight = found.filter((one) => one.inFlight);
  if (given.has('json')) say(JSON.stringify({ orders, wrong, inFlight }, null, 2));
  else for (const line of report(orders, wrong, inFlight)) say(line);
  return wrong.length > 0 ? 1 : 0;
});

function report(orders: number, wrong: readonly Difference[], inFlight: readonly Difference[]): string[] {
  return [
    ...wrong.flatMap(({ orderId, kind, what, because }) => [
      `${orderId ?? 'no order'}  ${kind}: ${what}`,
      ...because.map((reason) => `    ${reason}`),
    ]),
    `${orders} orders, ${wrong.length} differences, ${new Set(inFlight.map(({ orderId }) => orderId)).size} orders in flight.`,
  ];
}
