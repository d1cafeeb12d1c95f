import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { bootPaymentService, type PaymentService } from '../../test/payment-service.js';
import { intentEvent, refundEvent, signatureOf } from '../../test/webhook-events.js';

let service: PaymentService;

beforeAll(async () => {
  service = await bootPaymentService();
});

afterAll(() => service.stop());

const payments = (query: string) => service.send('GET', `/v1/payments${query}`);

/** A payment that stays `charging`, its intent known: the provider never answers its confirmation. */
async function stuck(): Promise<{ orderId: string; intentId: string }> {
  const orderId = await service.order('pm_silent');
  return { orderId, intentId: await intentOf(orderId) };
}

async function intentOf(orderId: string): Promise<string> {
  const payment = await service.becomes(orderId, (found) => 'intentId' in found && found.intentId !== null);
  return ('intentId' in payment && payment.intentId) || '';
}

/** Waits until there is one. */
async function deadLettersOf(orderId: string): Promise<{ id: string }[]> {
  for (const end = Date.now() + 40_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const { body } = await service.send('GET', `/v1/dead-letters?key=${orderId}`, undefined, { ...service.asAdmin });
    const { items } = body as { items: { id: string }[] };
    if (items.length > 0 || Date.now() > end) return items;
  }
}

async function statusOf(orderId: string): Promise<string> {
  return (await service.payment(orderId)).status;
}

describe('the service', () => {
  it('charges by itself, and lists the payment of an order', async () => {
    const orderId = await service.order('pm_card_visa', 1999);
    await service.becomes(orderId, ({ status }) => status === 'captured');
    expect(await payments(`?orderId=${orderId}`)).toMatchObject({
      status: 200,
      body: {
        items: [
          {
            id: expect.any(String),
            orderId,
            status: 'captured',
            amountMinor: 1999,
            currency: 'EUR',
            refundedMinor: 0,
            declineCode: null,
          },
        ],
        nextCursor: null,
      },
    });
    await service.tell({ type: 'Abandon', orderId });
    await service.becomes(orderId, ({ status }) => status === 'refunded');
    expect((await payments(`?orderId=${orderId}`)).body.items).toMatchObject([{ refundedMinor: 1999 }]);
    expect(await service.provider.ledgerOf(orderId)).toHaveLength(2);
  });

  it('shows what is not known yet as null, and a decline with its code', async () => {
    const waiting = uuidv7();
    await service.tell({ type: 'RememberStock', orderId: waiting });
    expect((await payments(`?orderId=${waiting.toUpperCase()}`)).body.items).toEqual([
      {
        id: null,
        orderId: waiting,
        status: 'awaiting',
        amountMinor: null,
        currency: null,
        refundedMinor: 0,
        declineCode: null,
      },
    ]);
    const declined = await service.order('pm_card_chargeDeclinedLostCard');
    await service.becomes(declined, ({ status }) => status === 'declined');
    expect((await payments(`?orderId=${declined}`)).body.items).toMatchObject([{ declineCode: 'lost_card' }]);
  });

  it('has no payment of an unknown order', async () => {
    expect(await payments(`?orderId=${uuidv7()}`)).toMatchObject({
      status: 200,
      body: { items: [], nextCursor: null },
    });
  });

  it('lists all payments in pages, the newest orders first', async () => {
    for (let count = 0; count < 3; count++) await service.tell({ type: 'RememberStock', orderId: uuidv7() });
    const all = (await payments('?limit=200')).body.items.map(({ orderId }: { orderId: string }) => orderId);
    const first = (await payments('?limit=2')).body;
    const second = (await payments(`?limit=200&cursor=${first.nextCursor}`)).body;
    const paged = [...first.items, ...second.items].map(({ orderId }: { orderId: string }) => orderId);
    expect(paged).toEqual(all);
    expect(all).toEqual([...all].sort().reverse());
  });

  it.each([
    ['?orderId=12', 'orderId'],
    ['?orderId=', 'orderId'],
    ['?limit=0', 'limit'],
    ['?limit=201', 'limit'],
    ['?cursor=nonsense', 'cursor'],
    ['?colour=red', 'colour'],
  ])('refuses %s', async (query, path) => {
    expect(await payments(query)).toMatchObject({ status: 422, body: { errors: [{ path }] } });
  });
});

describe('a refund that the provider refuses for good', () => {
  it('waits as a dead letter on its order for a person, and the payment stays to be refunded', async () => {
    const orderId = await service.order('pm_refund_fails');
    await service.becomes(orderId, ({ status }) => status === 'captured');
    await service.tell({ type: 'Abandon', orderId });

    const letters = await deadLettersOf(orderId);

    expect(letters).toEqual([
      expect.objectContaining({
        key: orderId,
        status: 'dead',
        reason: expect.stringContaining('refund the rest at the provider'),
      }),
    ]);
    expect(await statusOf(orderId)).toBe('refunding');
    expect((await service.provider.ledgerOf(orderId)).map(({ kind }) => kind)).toEqual(['charge']);
  });
});

describe('a refund that fails after it had succeeded', () => {
  const amount = 2500;

  async function refunded(method: string): Promise<{ orderId: string; intentId: string; refundId: string }> {
    const orderId = await service.order(method, amount);
    await service.becomes(orderId, ({ status }) => status === 'captured');
    await service.tell({ type: 'Abandon', orderId });
    await service.becomes(orderId, ({ status }) => status === 'refunded');
    const { intentId, refundId } = (await service.payment(orderId)) as { intentId: string; refundId: string };
    return { orderId, intentId, refundId };
  }

  async function eventsOf(orderId: string): Promise<string[]> {
    const logged = await service.app
      .get(DataSource)
      .query<{ type: string }[]>('select type from log where stream = $1 order by version', [`payment-${orderId}`]);
    return logged.map(({ type }) => type);
  }

  it('is a dead letter until a person has refunded another way and replays it, and is announced once', async () => {
    const { orderId, intentId, refundId } = await refunded('pm_refund_fails_later_1_times');
    await service.provider.refundFails(refundId);
    const failed = (type: string) => refundEvent(intentId, 'failed', amount, { id: refundId, type });
    // Twice, in both forms, and then that it had succeeded.
    for (const type of ['refund.failed', 'refund.updated', 'refund.failed'])
      expect((await service.webhook(failed(type))).status).toBe(200);
    await service.webhook(refundEvent(intentId, 'succeeded', amount, { id: refundId }));

    expect(await statusOf(orderId)).toBe('refunding');
    expect((await payments(`?orderId=${orderId}`)).body.items).toMatchObject([{ refundedMinor: 0 }]);
    const [letter] = await deadLettersOf(orderId);
    expect(letter).toMatchObject({ status: 'dead', reason: expect.stringContaining(`${refundId} failed`) });

    await service.provider.dashboard.refunds.create({ payment_intent: intentId });
    const by = { by: 'a person' };
    await service.send('POST', `/v1/dead-letters/${letter?.id}/replay`, by, { ...service.asAdmin });
    await service.becomes(orderId, ({ status }) => status === 'refunded');

    expect((await payments(`?orderId=${orderId}`)).body.items).toMatchObject([{ refundedMinor: amount }]);
    expect((await eventsOf(orderId)).slice(-4)).toEqual([
      'RefundRequested',
      'Refunded',
      'RefundFailed',
      'RefundMended',
    ]);
    expect((await service.provider.ledgerOf(orderId)).map(({ kind }) => kind)).toEqual(['charge', 'refund']);
  });

  it.each(['refund.created', 'refund.updated'])('is none of it while %s says that it is pending', async (type) => {
    const { orderId, intentId, refundId } = await refunded('pm_card_visa');
    await service.webhook(refundEvent(intentId, 'pending', amount, { id: refundId, type }));
    expect(await statusOf(orderId)).toBe('refunded');
  });

  it('is heard when it was cancelled at the provider as well', async () => {
    const { orderId, intentId, refundId } = await refunded('pm_card_refundFail');
    await service.provider.refundFails(refundId);
    await service.webhook(refundEvent(intentId, 'canceled', amount, { id: refundId }));
    expect(await statusOf(orderId)).toBe('refunding');
  });
});

describe('a webhook', () => {
  it('is taken as the answer that did not come, and twice is once', async () => {
    const { orderId, intentId } = await stuck();
    const event = intentEvent('succeeded', intentId, 'succeeded');
    expect(await service.webhook(event)).toMatchObject({ status: 200, body: { received: true } });
    expect(await statusOf(orderId)).toBe('captured');
    expect((await service.webhook(event)).status).toBe(200);
    expect(await statusOf(orderId)).toBe('captured');
  });

  it('that comes out of order changes nothing any more', async () => {
    const { orderId, intentId } = await stuck();
    await service.webhook(intentEvent('succeeded', intentId, 'succeeded'));
    const failure = { last_payment_error: { code: 'card_declined', decline_code: 'lost_card' } };
    expect(
      await service.webhook(intentEvent('payment_failed', intentId, 'requires_payment_method', failure)),
    ).toMatchObject({ status: 200 });
    expect((await service.webhook(intentEvent('canceled', intentId, 'canceled'))).status).toBe(200);
    expect(await statusOf(orderId)).toBe('captured');
  });

  it('of a capture after a decline sends the money back', async () => {
    const { orderId, intentId } = await stuck();
    await service.webhook(intentEvent('payment_failed', intentId, 'requires_payment_method'));
    expect(await statusOf(orderId)).toBe('declined');
    await service.webhook(intentEvent('succeeded', intentId, 'succeeded'));
    expect(await statusOf(orderId)).toBe('refunding');
  });

  it('is heard before the response of the call that caused it', async () => {
    const orderId = await service.order('pm_slow_1000');
    const intentId = await intentOf(orderId);
    await service.webhook(intentEvent('succeeded', intentId, 'succeeded'));
    expect(await statusOf(orderId)).toBe('captured');
  });

  it('of an intent that was cancelled ends the payment', async () => {
    const { orderId, intentId } = await stuck();
    const reason = { cancellation_reason: 'abandoned' };
    await service.webhook(intentEvent('canceled', intentId, 'canceled', reason));
    expect(await service.payment(orderId)).toMatchObject({
      status: 'declined',
      declineCode: 'authentication_required',
    });
  });

  it('of a refund is heard when all of the money went back', async () => {
    const orderId = await service.order('pm_refund_fails');
    await service.becomes(orderId, ({ status }) => status === 'captured');
    await service.tell({ type: 'Abandon', orderId });
    const intentId = await intentOf(orderId);
    expect((await service.webhook(refundEvent(intentId, 'succeeded', 2499))).status).toBe(200);
    expect((await service.webhook(refundEvent(intentId, 'pending', 2500))).status).toBe(200);
    expect(await statusOf(orderId)).toBe('refunding');
    expect((await service.webhook(refundEvent(intentId, 'succeeded', 2500))).status).toBe(200);
    expect(await statusOf(orderId)).toBe('refunded');
  });

  it('of an intent that is not known here is asked for again', async () => {
    expect(await service.webhook(intentEvent('succeeded', 'pi_unknown', 'succeeded'))).toMatchObject({
      status: 503,
      body: { code: 'unknown_intent' },
    });
  });

  it('about anything else is taken and ignored', async () => {
    expect((await service.webhook({ object: 'event', type: 'customer.created', data: { object: {} } })).status).toBe(
      200,
    );
    expect((await service.webhook({ object: 'event', type: 'charge.refunded', data: { object: {} } })).status).toBe(
      200,
    );
  });
});

describe('a forged webhook', () => {
  it.each([
    'another secret',
    'an old timestamp',
    'no signature',
    'nonsense for a signature',
    'a changed body',
  ] as const)('with %s is refused, and nothing changes', async (forgery) => {
    const { orderId, intentId } = await stuck();
    const event = intentEvent('succeeded', intentId, 'succeeded');
    const anHourAgo = Math.floor(Date.now() / 1000) - 3600;
    const headers = {
      'another secret': signatureOf(event, { secret: 'whsec_of_somebody_else' }),
      'an old timestamp': signatureOf(event, { timestamp: anHourAgo }),
      'no signature': {},
      'nonsense for a signature': { 'stripe-signature': 't=1,v1=nonsense' },
      'a changed body': signatureOf({ ...event, type: 'payment_intent.canceled' }),
    };
    expect(await service.send('POST', '/v1/provider/webhooks', event, headers[forgery])).toMatchObject({
      status: 400,
      body: { code: 'invalid_signature' },
    });
    expect(await statusOf(orderId)).toBe('charging');
  });

  it('without a body, or with one that is not JSON, is a 400', async () => {
    expect((await service.send('POST', '/v1/provider/webhooks')).status).toBe(400);
    expect(await service.webhook('not json')).toMatchObject({ status: 400, body: { code: 'malformed_json' } });
  });
});
