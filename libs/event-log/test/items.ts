import { buildEvent, fact, type PublicEvent, type PublicEventType, type Fact } from '@quadrille/contracts';
import { v7 as uuidv7 } from 'uuid';
import type { Cause, DeliveryItem, RequestItem, WakeUpItem } from '../src/round-types.js';
import type { Account, AccountCommand } from './account.js';

export function cause(): Cause {
  return { correlationId: uuidv7(), causationId: uuidv7() };
}

/** An order's payment into the account of its name. */
export function placed(account: string, amount: number): DeliveryItem {
  return delivery(
    fact('order.placed.v1', {
      orderId: account,
      customerId: 'c-1',
      currency: 'EUR',
      totalMinor: amount,
      lines: [{ sku: 'A', quantity: 1, unitMinor: amount }],
      paymentMethod: 'pm_card_visa',
    }),
  );
}

/** Takes one from the account. */
export function confirmed(account: string): DeliveryItem {
  return delivery(fact('order.confirmed.v1', { orderId: account }));
}

export function delivery<Type extends PublicEventType>(announced: Fact<Type>): DeliveryItem {
  const owner = announced.type.startsWith('order') ? 'order' : 'inventory';
  const event: PublicEvent = buildEvent(owner, announced as Fact, {
    id: uuidv7(),
    time: new Date().toISOString(),
    ...cause(),
    sequence: 1,
  });
  return {
    kind: 'delivery',
    messageId: event.id,
    key: event.subject,
    partition: 0,
    type: event.type,
    message: { body: Buffer.from(JSON.stringify(event)) },
    content: { kind: 'event', event },
    cause: { correlationId: event.correlationid, causationId: event.id },
  };
}

/** A message whose data this build does not understand. */
export function unreadable(account: string): DeliveryItem {
  const item = placed(account, 1);
  const envelope = JSON.parse(Buffer.from(item.message.body).toString()) as Record<string, unknown>;
  return {
    ...item,
    message: { body: Buffer.from(JSON.stringify({ ...envelope, data: { orderId: account } })) },
    content: { kind: 'unreadable', code: 'invalid_data', reason: 'no amount' },
  };
}

/** The same message in a version that this build does not know: the sender announces both. */
export function inNewerVersion(item: DeliveryItem): DeliveryItem {
  const type = item.type.replace(/v1$/, 'v99');
  const envelope = JSON.parse(Buffer.from(item.message.body).toString()) as Record<string, unknown>;
  return {
    ...item,
    type,
    message: { body: Buffer.from(JSON.stringify({ ...envelope, type })) },
    content: { kind: 'unreadable', code: 'unknown_type', reason: `${type} is not known here` },
  };
}

export function request(
  command: AccountCommand,
  idempotency?: { scope: string; key: string; bodyHash: string },
): RequestItem<AccountCommand, Account> {
  return {
    kind: 'request',
    command,
    idempotency,
    answer: ({ balance }, version) => ({ version, balance }),
    cause: cause(),
  };
}

export function wakeUp(command: AccountCommand): WakeUpItem<AccountCommand, Account> {
  return { kind: 'wake-up', command, cause: cause() };
}
