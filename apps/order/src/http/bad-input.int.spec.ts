import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { bootOrderService, orderBody, place, setPrice, type OrderService } from '../../test/order-service.js';

let service: OrderService;

beforeAll(async () => {
  service = await bootOrderService({ HTTP_BODY_BYTES_MAX: '20000' });
  await setPrice(service, 'MUG-1', 1200);
  await setPrice(service, 'DOLLAR', 100, 'USD');
});

afterAll(() => service.stop());

const body = orderBody;
const line = { sku: 'MUG-1', quantity: 1 };
const lines = (count: number) => Array.from({ length: count }, (_, index) => ({ sku: `SKU-${index}`, quantity: 1 }));
const withKey = { 'idempotency-key': 'bad-input' };

describe('an order that is not in order is a problem with its code and field, and nothing of it is stored', () => {
  it.each([
    ['malformed JSON', '{"customerId": "ada",', 400, 'malformed_json', null],
    ['no body at all', '', 422, 'validation_failed', ''],
    ['a list', '[]', 422, 'validation_failed', ''],
    ['a text', '"order"', 422, 'validation_failed', ''],
    ['null', 'null', 422, 'validation_failed', ''],
    ['a prototype', `{"__proto__": {"customerId": "ada"}}`, 400, 'malformed_json', null],
    ['too much', { ...body, lines: [{ sku: 'X'.repeat(30_000), quantity: 1 }] }, 413, 'body_too_large', null],
    ['no customer', { ...body, customerId: undefined }, 422, 'validation_failed', 'customerId'],
    ['a customer of the wrong type', { ...body, customerId: 7 }, 422, 'validation_failed', 'customerId'],
    ['a customer with a blank', { ...body, customerId: 'a b' }, 422, 'validation_failed', 'customerId'],
    ['a NUL character', { ...body, customerId: 'a\0b' }, 422, 'validation_failed', 'customerId'],
    ['a currency in small letters', { ...body, currency: 'eur' }, 422, 'validation_failed', 'currency'],
    ['no lines', { ...body, lines: [] }, 422, 'validation_failed', 'lines'],
    ['lines of the wrong type', { ...body, lines: { 0: line } }, 422, 'validation_failed', 'lines'],
    ['101 lines', { ...body, lines: lines(101) }, 422, 'validation_failed', 'lines'],
    ['a line of the wrong type', { ...body, lines: [null] }, 422, 'validation_failed', 'lines.0'],
    ['a malformed SKU', { ...body, lines: [{ ...line, sku: 'mug 1' }] }, 422, 'validation_failed', 'lines.0.sku'],
    ['quantity zero', { ...body, lines: [{ ...line, quantity: 0 }] }, 422, 'validation_failed', 'lines.0.quantity'],
    [
      'a negative quantity',
      { ...body, lines: [{ ...line, quantity: -1 }] },
      422,
      'validation_failed',
      'lines.0.quantity',
    ],
    ['half a piece', { ...body, lines: [{ ...line, quantity: 1.5 }] }, 422, 'validation_failed', 'lines.0.quantity'],
    ['1001 pieces', { ...body, lines: [{ ...line, quantity: 1001 }] }, 422, 'validation_failed', 'lines.0.quantity'],
    [
      'a huge quantity',
      { ...body, lines: [{ ...line, quantity: 1e300 }] },
      422,
      'validation_failed',
      'lines.0.quantity',
    ],
    [
      'a quantity in text',
      { ...body, lines: [{ ...line, quantity: '1' }] },
      422,
      'validation_failed',
      'lines.0.quantity',
    ],
    ['the same SKU twice', { ...body, lines: [line, line] }, 422, 'validation_failed', 'lines.1.sku'],
    ['an unknown field', { ...body, coupon: 'FREE' }, 422, 'validation_failed', 'coupon'],
    [
      'a price by the client',
      { ...body, lines: [{ ...line, unitMinor: 1 }] },
      422,
      'validation_failed',
      'lines.0.unitMinor',
    ],
    ['no payment method', { ...body, paymentMethod: '' }, 422, 'validation_failed', 'paymentMethod'],
    ['a malformed address', { ...body, contact: { email: 'ada' } }, 422, 'validation_failed', 'contact.email'],
    [
      'a SKU without a price',
      { ...body, lines: [line, { sku: 'FREE', quantity: 1 }] },
      422,
      'unknown_sku',
      'lines.1.sku',
    ],
    [
      'a SKU without a price, from a customer with an address',
      { ...body, customerId: 'new', contact: { email: 'new@example.org' }, lines: [{ sku: 'FREE', quantity: 1 }] },
      422,
      'unknown_sku',
      'lines.0.sku',
    ],
    ['another currency', { ...body, currency: 'USD' }, 422, 'currency_mismatch', 'currency'],
    [
      'mixed currencies',
      { ...body, lines: [line, { sku: 'DOLLAR', quantity: 1 }] },
      422,
      'currency_mismatch',
      'currency',
    ],
  ])('%s', async (_, sent, status, code, path) => {
    const before = await stored();
    const reply = await service.send('POST', '/v1/orders', sent, withKey);
    expect(reply).toMatchObject({
      status,
      body: { status, code, type: expect.any(String), title: expect.any(String) },
    });
    expect(reply.headers.get('content-type')).toMatch('application/problem+json');
    if (path !== null) expect(reply.body.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect(await stored()).toEqual(before);
  });

  it('the same SKU twice has a code of its own at its field', async () => {
    const reply = await service.send('POST', '/v1/orders', { ...body, lines: [line, line] }, withKey);
    expect(reply.body.errors).toEqual([
      { path: 'lines.1.sku', code: 'duplicate_sku', message: expect.stringContaining('MUG-1 has a line already') },
    ]);
  });

  it('the wrong media type', async () => {
    const before = await stored();
    const headers = { ...withKey, 'content-type': 'text/plain' };
    const reply = await service.send('POST', '/v1/orders', JSON.stringify(body), headers);
    expect(reply).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
    expect(await stored()).toEqual(before);
  });

  it.each([
    ['no idempotency key', {}, 'idempotency_key_required'],
    ['an empty key', { 'idempotency-key': '' }, 'idempotency_key_required'],
    ['a key with a blank inside', { 'idempotency-key': 'a b' }, 'idempotency_key_invalid'],
    ['a key of 256 characters', { 'idempotency-key': 'k'.repeat(256) }, 'idempotency_key_invalid'],
  ])('%s', async (_, headers, code) => {
    const before = await stored();
    const reply = await service.send('POST', '/v1/orders', body, headers);
    expect(reply).toMatchObject({ status: 422, body: { code, errors: [{ path: 'Idempotency-Key' }] } });
    expect(await stored()).toEqual(before);
  });
});

describe('a query that is not in order is a problem with its field', () => {
  it.each([
    ['/v1/orders?limit=0', 'validation_failed', 'limit'],
    ['/v1/orders?limit=201', 'validation_failed', 'limit'],
    ['/v1/orders?limit=ten', 'validation_failed', 'limit'],
    ['/v1/orders?limit=1&limit=2', 'validation_failed', 'limit'],
    ['/v1/orders?status=lost', 'validation_failed', 'status'],
    ['/v1/orders?customerId=a%20b', 'validation_failed', 'customerId'],
    ['/v1/orders?page=2', 'validation_failed', 'page'],
    ['/v1/orders?cursor=rubbish', 'invalid_cursor', 'cursor'],
    ['/v1/orders?cursor=%22%27%3B', 'invalid_cursor', 'cursor'],
    [`/v1/orders?cursor=${Buffer.from('"not an id"').toString('base64url')}`, 'invalid_cursor', 'cursor'],
    [`/v1/orders?cursor=${Buffer.from('{"id":1}').toString('base64url')}`, 'invalid_cursor', 'cursor'],
    ['/v1/prices?limit=-1', 'validation_failed', 'limit'],
    ['/v1/prices?cursor=rubbish', 'invalid_cursor', 'cursor'],
  ])('%s', async (path, code, field) => {
    const reply = await service.send('GET', path);
    expect(reply).toMatchObject({ status: 422, body: { code, errors: [{ path: field }] } });
  });

  it.each(['31', '-1', '1.5', 'long', ''])('waiting for "%s" seconds', async (wait) => {
    const { body: order } = await place(service);
    const reply = await service.send('GET', `/v1/orders/${order.id}?wait=${wait}`);
    expect(reply).toMatchObject({ status: 422, body: { code: 'validation_failed', errors: [{ path: 'wait' }] } });
  });
});

describe('a price that is not in order changes nothing', () => {
  const price = { amountMinor: 1, currency: 'EUR' };

  it.each([
    ['zero', { ...price, amountMinor: 0 }, 'amountMinor'],
    ['below zero', { ...price, amountMinor: -1 }, 'amountMinor'],
    ['a fraction', { ...price, amountMinor: 0.5 }, 'amountMinor'],
    ['more than 100,000,000', { ...price, amountMinor: 100_000_001 }, 'amountMinor'],
    ['in text', { ...price, amountMinor: '1' }, 'amountMinor'],
    ['without a currency', { amountMinor: 1 }, 'currency'],
    ['in a currency that is none', { ...price, currency: 'EURO' }, 'currency'],
    ['with an unknown field', { ...price, from: '2026-01-01' }, 'from'],
  ])('%s', async (_, sent, path) => {
    const reply = await service.send('PUT', '/v1/prices/MUG-1', sent, service.asAdmin);
    expect(reply).toMatchObject({ status: 422, body: { code: 'validation_failed', errors: [{ path }] } });
    await expectOldPrice();
  });

  it.each([
    ['nobody', {}, 401],
    ['somebody with another scheme', { authorization: 'Basic YTph' }, 401],
    ['somebody with a wrong token', { authorization: 'Bearer not-the-administrator' }, 403],
  ])('by %s', async (_, headers, status) => {
    const reply = await service.send('PUT', '/v1/prices/MUG-1', price, headers);
    expect(reply).toMatchObject({ status, body: { status } });
    await expectOldPrice();
  });

  it.each(['mug', 'A'.repeat(65), 'A%20B', '%00'])('of a SKU that cannot exist: %s', async (sku) => {
    const reply = await service.send('PUT', `/v1/prices/${sku}`, price, service.asAdmin);
    expect(reply).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  async function expectOldPrice(): Promise<void> {
    const { body } = await service.send('GET', '/v1/prices');
    expect(body.items).toContainEqual({ sku: 'MUG-1', amountMinor: 1200, currency: 'EUR' });
  }
});

/** How much there is of everything that an order could leave behind. */
async function stored(): Promise<unknown> {
  const [counts] = await service.app.get(DataSource).query<unknown[]>(
    `select (select count(*)::int from log) as events, (select count(*)::int from stream_head) as streams,
       (select count(*)::int from order_view) as orders, (select count(*)::int from idempotency) as keys,
       (select count(*)::int from agenda) as deadlines, (select count(*)::int from contact_key) as contacts`,
  );
  return counts;
}
