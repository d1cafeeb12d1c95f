import type { ServiceName } from '@quadrille/contracts';
import type { Evidence, LoggedEvent, WireEvent } from './evidence.js';

export interface Violation {
  /** The rule's number in "Rules that hold whatever fails" of docs/guarantees.md. */
  readonly rule: number;
  readonly orderId: string | null;
  readonly what: string;
}

/** Private events that have a public form, by service: the tables' `publishes`, as the checker was told independently. */
export interface PublicForms {
  readonly [service: string]: ReadonlySet<string>;
}

/** The public types that each service reacts to: the tables' `reactsTo`. */
export type Heard = Readonly<Record<ServiceName, ReadonlySet<string>>>;

/**
 * Checks the seven rules over everybody's books at rest. `promised` are the orders that clients were answered with 202 for;
 * `forms` says which private events must be on the wire, `heard` who must have handled what was there.
 */
export function violations(
  evidence: Evidence,
  promised: readonly string[],
  { forms, heard }: { readonly forms: PublicForms; readonly heard: Heard },
): Violation[] {
  return [
    ...everyOrderEnds(evidence, promised),
    ...everybodyAgrees(evidence),
    ...stockAddsUp(evidence),
    ...moneyAddsUp(evidence),
    ...nothingTwice(evidence),
    ...streamsAreWhole(evidence, forms),
    ...nothingVanished(evidence, heard),
  ];
}

const broken = (rule: number, orderId: string | null, what: string): Violation => ({ rule, orderId, what });

function everyOrderEnds({ orders }: Evidence, promised: readonly string[]): Violation[] {
  const known = new Set(orders.map(({ id }) => id));
  return [
    ...promised.filter((id) => !known.has(id)).map((id) => broken(1, id, 'was answered with 202 and does not exist')),
    ...orders
      .filter(({ status }) => status !== 'confirmed' && status !== 'cancelled')
      .map(({ id, status }) => broken(1, id, `is still ${status}`)),
  ];
}

function everybodyAgrees({ orders, reservations, payments }: Evidence): Violation[] {
  const reservationOf = new Map(reservations.map((row) => [row.order_id, row]));
  const paymentOf = new Map(payments.map((row) => [row.order_id, row]));
  const found: Violation[] = [];
  for (const { id, status, total_minor, lines } of orders) {
    const reservation = reservationOf.get(id);
    const payment = paymentOf.get(id);
    const states = `the reservation is ${reservation?.status ?? 'missing'} and the payment ${payment?.status ?? 'missing'}`;
    if (status === 'confirmed') {
      if (reservation?.status !== 'committed' || payment?.status !== 'captured')
        found.push(broken(2, id, `is confirmed, but ${states}`));
      if (payment && payment.amount_minor !== total_minor)
        found.push(broken(2, id, `costs ${total_minor}, but ${payment.amount_minor} was captured`));
      if (reservation && !sameLines(reservation.lines ?? [], lines))
        found.push(broken(2, id, 'is confirmed with other lines than were reserved'));
    }
    if (
      status === 'cancelled' &&
      (['held', 'committed'].includes(reservation?.status ?? '') ||
        !['none', 'declined', 'refunded', 'closed'].includes(payment?.status ?? 'none'))
    )
      found.push(broken(2, id, `is cancelled, but ${states}`));
  }
  const known = new Set(orders.map(({ id }) => id));
  for (const { order_id } of [...reservations, ...payments])
    if (!known.has(order_id)) found.push(broken(2, order_id, 'has a reservation or a payment, but no order'));
  return found;
}

function sameLines(
  a: readonly { sku: string; quantity: number }[],
  b: readonly { sku: string; quantity: number }[],
): boolean {
  const text = (lines: typeof a) =>
    lines
      .map(({ sku, quantity }) => `${sku} ${quantity}`)
      .sort()
      .join();
  return text(a) === text(b);
}

function stockAddsUp({ stock, reservations }: Evidence): Violation[] {
  const found: Violation[] = [];
  const sums = new Map<string, { held: number; committed: number }>();
  for (const { status, lines } of reservations)
    if (status === 'held' || status === 'committed')
      for (const { sku, quantity } of lines ?? []) {
        const sum = sums.get(sku) ?? { held: 0, committed: 0 };
        sum[status] += quantity;
        sums.set(sku, sum);
      }
  for (const { sku, received, available, held, committed } of stock) {
    if (available + held + committed !== received || Math.min(available, held, committed) < 0)
      found.push(broken(3, null, `${sku}: ${available} + ${held} + ${committed} of ${received} received`));
    const sum = sums.get(sku) ?? { held: 0, committed: 0 };
    if (sum.held !== held || sum.committed !== committed)
      found.push(
        broken(
          3,
          null,
          `${sku}: reservations hold ${sum.held} and committed ${sum.committed}, the level says ${held} and ${committed}`,
        ),
      );
  }
  return found;
}

function moneyAddsUp({ orders, ledger }: Evidence): Violation[] {
  const kept = new Map<string, number>();
  for (const { orderId, kind, amountMinor } of ledger)
    kept.set(orderId, (kept.get(orderId) ?? 0) + (kind === 'charge' ? amountMinor : -amountMinor));
  const due = new Map(orders.map(({ id, status, total_minor }) => [id, status === 'confirmed' ? total_minor : 0]));
  return [...new Set([...kept.keys(), ...due.keys()])]
    .filter((id) => (kept.get(id) ?? 0) !== (due.get(id) ?? 0))
    .map((id) => broken(4, id, `the provider keeps ${kept.get(id) ?? 0}, but ${due.get(id) ?? 0} is due`));
}

const onlyOnce: Readonly<Record<ServiceName, readonly string[]>> = {
  order: ['Placed', 'Confirmed', 'Cancelled'],
  inventory: ['Reserved', 'Rejected', 'Committed', 'Released'],
  payment: ['ChargeRequested', 'Captured', 'Declined', 'RefundRequested', 'Refunded'],
};

function nothingTwice({ ledger, logs }: Evidence): Violation[] {
  const found: Violation[] = [];
  const seen = new Set<string>();
  for (const { orderId, kind } of ledger) {
    if (seen.has(`${kind} ${orderId}`)) found.push(broken(5, orderId, `has a second ${kind} at the provider`));
    seen.add(`${kind} ${orderId}`);
  }
  for (const [service, events] of Object.entries(logs) as [ServiceName, readonly LoggedEvent[]][])
    for (const { stream, type } of events) {
      if (!onlyOnce[service].includes(type)) continue;
      if (seen.has(`${stream} ${type}`)) found.push(broken(5, idOf(stream), `has a second ${type}`));
      seen.add(`${stream} ${type}`);
    }
  return found;
}

function streamsAreWhole({ logs, wire }: Evidence, forms: PublicForms): Violation[] {
  const found: Violation[] = [];
  const versions = new Map<string, number>();
  const announced = new Map<string, string>();
  for (const [service, events] of Object.entries(logs))
    for (const { id, stream, version, type } of events) {
      if (version !== (versions.get(stream) ?? 0) + 1)
        found.push(broken(6, idOf(stream), `version ${version} of ${stream} follows ${versions.get(stream) ?? 0}`));
      versions.set(stream, version);
      if (forms[service]?.has(type)) announced.set(id, idOf(stream));
    }
  if (wire === null) return found;
  const seen = new Set<string>();
  const lastSequence = new Map<string, number>();
  for (const { id, type, source, subject, sequence } of wire) {
    if (!announced.has(id)) found.push(broken(6, subject, `${type} ${id} is on the wire, but in no log`));
    // Versions of one fact share its id: each is a copy of the same event.
    if (seen.has(id)) continue;
    seen.add(id);
    const stream = `${source} ${subject}`;
    if (sequence <= (lastSequence.get(stream) ?? 0))
      found.push(broken(6, subject, `${type} with sequence ${sequence} came after ${lastSequence.get(stream) ?? 0}`));
    lastSequence.set(stream, sequence);
  }
  for (const [id, orderId] of announced)
    if (!seen.has(id)) found.push(broken(6, orderId, `event ${id} never reached the wire`));
  return found;
}

function nothingVanished({ held, wire, inbox }: Evidence, heard: Heard): Violation[] {
  const open = Object.entries(held).flatMap(([service, messages]) =>
    messages.map(({ key, status, type, reason }) => broken(7, key, `${service} has ${type} ${status}: ${reason}`)),
  );
  const vanished = unheard(wire ?? [], inbox, heard).map(({ service, subject, type, id }) =>
    broken(7, subject, `${type} ${id} was published, and ${service} has neither handled nor set it aside`),
  );
  return [...open, ...vanished];
}

/** What was on the wire and has not reached the inbox of a service that reacts to it. */
export function unheard(
  wire: readonly WireEvent[],
  inbox: Evidence['inbox'],
  heard: Heard,
): (WireEvent & { readonly service: ServiceName })[] {
  return (Object.keys(heard) as ServiceName[]).flatMap((service) => {
    const missing = wire.filter(({ id, type }) => heard[service].has(type) && !inbox[service].has(id));
    return [...new Map(missing.map((event) => [event.id, { ...event, service }])).values()];
  });
}

function idOf(stream: string): string {
  return stream.slice(stream.indexOf('-') + 1);
}
