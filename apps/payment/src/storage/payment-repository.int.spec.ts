import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Round } from '@quadrille/event-log';
import { v7 as uuidv7 } from 'uuid';
import { paymentsOnDatabase, type TestPayments } from '../../test/payments-on.js';
import type { Payment, PaymentCommand } from '../domain/index.js';
import { paymentParticipant } from '../participant.js';
import { PaymentRow } from './payment-row.js';

let payments: TestPayments;

beforeAll(async () => {
  payments = await paymentsOnDatabase();
});

afterAll(() => payments.close());

const amount = { amountMinor: 10_000_000_000_000, currency: 'EUR', paymentMethod: 'pm_card_visa' };

/** The commands that lead to each state, and what is then read. */
const histories: [string, (orderId: string) => PaymentCommand[], Partial<Payment> & { status: string }][] = [
  ['awaiting its stock', (orderId) => [remember(orderId)], { status: 'awaiting', amount, stocked: false }],
  ['awaiting its amount', (orderId) => [stock(orderId)], { status: 'awaiting', amount: null, stocked: true }],
  ['charging', charging, { status: 'charging', intentId: null }],
  ['charging an intent', (orderId) => [...charging(orderId), intent(orderId)], { status: 'charging' }],
  ['captured', captured, { status: 'captured' }],
  [
    'declined',
    (orderId) => [...charging(orderId), declined(orderId)],
    { status: 'declined', declineCode: 'lost_card' },
  ],
  ['cancelling', (orderId) => [...charging(orderId), abandon(orderId)], { status: 'cancelling', intentId: null }],
  ['refunding', (orderId) => [...captured(orderId), abandon(orderId)], { status: 'refunding' }],
  ['refunded', refunded, { status: 'refunded', failedRefunds: [] }],
  ['refunding again', refundFailed, { status: 'refunding', refundId: expect.any(String) as never }],
  [
    'refunded by another refund',
    (orderId) => [...refundFailed(orderId), { type: 'RecordRefunded', orderId, refundId: `re_${orderId}_2` }],
    { status: 'refunded', failedRefunds: [expect.any(String)] as never },
  ],
  ['closed before a charge', (orderId) => [abandon(orderId)], { status: 'closed', charge: null, intentId: null }],
  [
    'closed after a charge was asked for',
    (orderId) => [...charging(orderId), intent(orderId), abandon(orderId), { type: 'RecordNotCharged', orderId }],
    { status: 'closed', charge: expect.objectContaining(amount) as never },
  ],
];

describe('a payment', () => {
  it.each(histories)('that is %s is read as it was written', async (_, commandsOf, expected) => {
    const orderId = uuidv7();
    const outcomes = await payments.send(...commandsOf(orderId));
    const last = outcomes.at(-1);
    const written = last?.kind === 'decided' ? last.answer : last;
    const read = await payments.payments.ofOrder(orderId);
    expect(read).toEqual(written);
    expect(read).toMatchObject(expected);
    // And as the round reads it: the same command changes nothing twice.
    expect(await payments.send(...commandsOf(orderId).slice(-1))).toMatchObject([{ kind: 'decided', events: 0 }]);
  });

  it('has the version of its stream, and is found by its intent', async () => {
    const orderId = uuidv7();
    await payments.send(...captured(orderId));
    const row = await payments.dataSource.getRepository(PaymentRow).findOneByOrFail({ orderId });
    expect(row).toMatchObject({ version: 4, stockKnown: true, refundedMinor: 0 });
    expect(await payments.payments.ofIntent(`pi_${orderId}`)).toMatchObject({
      orderId,
      payment: { status: 'captured' },
    });
    expect(await payments.payments.ofIntent('pi_none')).toBeUndefined();
  });

  it('that costs nothing needs neither intent nor refund', async () => {
    const orderId = uuidv7();
    await payments.send({ ...remember(orderId), amountMinor: 0 } as PaymentCommand, stock(orderId), abandon(orderId));
    expect(await payments.payments.ofOrder(orderId)).toMatchObject({ status: 'refunded', refundId: null });
  });
});

describe('a batch', () => {
  it('takes one statement to load and one to save, however many payments it has', async () => {
    const statements: string[] = [];
    const { repository } = paymentParticipant;
    const watched = new Round({
      dataSource: payments.dataSource,
      participant: {
        ...paymentParticipant,
        repository: {
          load: async (tx, commands) => {
            const noting: typeof tx = {
              manager: tx.manager,
              query: (sql, parameters) => {
                statements.push(sql.trim().slice(0, 6));
                return tx.query(sql, parameters);
              },
            };
            const workingSet = await repository.load(noting, commands);
            return {
              read: (command) => workingSet.read(command),
              write: (...written) => workingSet.write(...written),
              save: () => workingSet.save(noting),
            };
          },
        },
      },
    });
    const cause = { correlationId: 'spec', causationId: 'spec' };
    const orders = Array.from({ length: 100 }, () => uuidv7());
    const commands = orders.flatMap((orderId) => charging(orderId));
    await watched.run(commands.map((command) => ({ kind: 'request', command, cause, answer: () => null })));
    expect(statements).toEqual(['select', 'insert']);
    const rows = await payments.payments.page({}, undefined, 200);
    const charged = rows.filter(({ orderId }) => orders.includes(orderId)).map(({ status }) => status);
    expect(charged).toEqual(Array(100).fill('charging'));
  });
});

describe('the table', () => {
  it('is updated in place, and writes its indexes again only when an intent is known', async () => {
    // One connection, which tells what it has changed when it is asked.
    const { send, dataSource, close } = await paymentsOnDatabase({ poolSize: 1 });
    for (const command of captured(uuidv7())) await send(command);
    await dataSource.query('select pg_stat_force_next_flush()');
    const updates = await dataSource.query<object[]>(
      `select n_tup_upd::int as all, n_tup_hot_upd::int as "inPlace" from pg_stat_user_tables where relname = 'payment'`,
    );
    await close();
    expect(updates).toEqual([{ all: 3, inPlace: 2 }]);
  });

  it.each([
    ['a negative amount', `amount_minor = -1`],
    ['half an amount', `currency = null`],
    ['a status nobody knows', `status = 'paid'`],
    ['captured money without an intent', `intent_id = null`],
    ['a charge that nobody asked for', `payment_id = null`],
    ['a refund that is not the whole', `status = 'refunded', refunded_minor = 1`],
    ['a refund of what is only captured', `refunded_minor = amount_minor`],
    ['a failed refund of what is only captured', `failed_refunds = '{re_1}'`],
    ['a decline without its code', `status = 'declined'`],
    ['the intent of another order', `intent_id = 'pi_taken'`],
  ])('refuses %s, whoever writes it', async (_, change) => {
    const [orderId, other] = [uuidv7(), uuidv7()];
    await payments.send(...captured(orderId));
    if (change.includes('pi_taken')) {
      await payments.send(...charging(other), { type: 'RecordIntent', orderId: other, intentId: 'pi_taken' });
    }
    const update = payments.dataSource.query(`update payment set ${change} where order_id = $1`, [orderId]);
    await expect(update).rejects.toThrow(/violates (check|unique|not-null) constraint|duplicate key/);
  });
});

function remember(orderId: string): PaymentCommand {
  return { type: 'RememberAmount', orderId, ...amount };
}

function stock(orderId: string): PaymentCommand {
  return { type: 'RememberStock', orderId };
}

function charging(orderId: string): PaymentCommand[] {
  return [remember(orderId), stock(orderId)];
}

function intent(orderId: string): PaymentCommand {
  return { type: 'RecordIntent', orderId, intentId: `pi_${orderId}` };
}

function captured(orderId: string): PaymentCommand[] {
  return [...charging(orderId), intent(orderId), { type: 'RecordCaptured', orderId, intentId: `pi_${orderId}` }];
}

function refunded(orderId: string): PaymentCommand[] {
  return [...captured(orderId), abandon(orderId), { type: 'RecordRefunded', orderId, refundId: `re_${orderId}` }];
}

function refundFailed(orderId: string): PaymentCommand[] {
  return [...refunded(orderId), { type: 'RecordRefundFailed', orderId, refundId: `re_${orderId}` }];
}

function declined(orderId: string): PaymentCommand {
  return { type: 'RecordDeclined', orderId, declineCode: 'lost_card' };
}

function abandon(orderId: string): PaymentCommand {
  return { type: 'Abandon', orderId };
}
