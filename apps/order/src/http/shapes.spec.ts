import { describe, expect, it } from '@jest/globals';
import { ordersQuery, placeOrderBody, priceBody, waitQuery } from './shapes.js';

const body = {
  customerId: 'ada_1',
  currency: 'EUR',
  lines: [{ sku: 'MUG-1', quantity: 2 }],
  paymentMethod: 'pm_card_visa',
};
const lines = (count: number) => Array.from({ length: count }, (_, index) => ({ sku: `SKU-${index}`, quantity: 1 }));

describe('the body of a new order', () => {
  it.each([
    ['the least', body],
    ['with an address', { ...body, contact: { email: 'ada@example.org' } }],
    ['without an address in its contact field', { ...body, contact: undefined }],
    ['of 100 lines', { ...body, lines: lines(100) }],
    ['of 1000 pieces', { ...body, lines: [{ sku: 'MUG-1', quantity: 1000 }] }],
    ['with the longest names', { ...body, customerId: 'c'.repeat(64), paymentMethod: 'p'.repeat(255) }],
  ])('is taken: %s', (_, given) => {
    expect(placeOrderBody.safeParse(given).success).toBe(true);
  });

  it.each([
    ['nothing', undefined, ''],
    ['a list', [], ''],
    ['no customer', { ...body, customerId: undefined }, 'customerId'],
    ['an empty customer', { ...body, customerId: '' }, 'customerId'],
    ['a customer with a blank', { ...body, customerId: 'a b' }, 'customerId'],
    ['a customer that ends with a line feed', { ...body, customerId: 'ada\n' }, 'customerId'],
    ['a customer of 65 characters', { ...body, customerId: 'c'.repeat(65) }, 'customerId'],
    ['a small currency', { ...body, currency: 'eur' }, 'currency'],
    ['a numeric currency', { ...body, currency: 978 }, 'currency'],
    ['no lines', { ...body, lines: [] }, 'lines'],
    ['101 lines', { ...body, lines: lines(101) }, 'lines'],
    ['a SKU in small letters', { ...body, lines: [{ sku: 'mug', quantity: 1 }] }, 'lines.0.sku'],
    ['quantity zero', { ...body, lines: [{ sku: 'MUG-1', quantity: 0 }] }, 'lines.0.quantity'],
    ['a negative quantity', { ...body, lines: [{ sku: 'MUG-1', quantity: -1 }] }, 'lines.0.quantity'],
    ['half a piece', { ...body, lines: [{ sku: 'MUG-1', quantity: 0.5 }] }, 'lines.0.quantity'],
    ['a quantity of text', { ...body, lines: [{ sku: 'MUG-1', quantity: '1' }] }, 'lines.0.quantity'],
    ['1001 pieces', { ...body, lines: [{ sku: 'MUG-1', quantity: 1001 }] }, 'lines.0.quantity'],
    ['a huge quantity', { ...body, lines: [{ sku: 'MUG-1', quantity: 1e300 }] }, 'lines.0.quantity'],
    ['a price from the client', { ...body, lines: [{ sku: 'MUG-1', quantity: 1, unitMinor: 1 }] }, 'lines.0'],
    ['the same SKU again', { ...body, lines: [...body.lines, ...body.lines] }, 'lines.1.sku'],
    ['a total from the client', { ...body, totalMinor: 1 }, ''],
    ['a prototype', JSON.parse(JSON.stringify(body).replace('{', '{"__proto__":{"currency":"USD"},')), ''],
    ['no payment method', { ...body, paymentMethod: '' }, 'paymentMethod'],
    ['a payment method with a blank', { ...body, paymentMethod: 'pm card' }, 'paymentMethod'],
    ['a payment method of 256 characters', { ...body, paymentMethod: 'p'.repeat(256) }, 'paymentMethod'],
    ['no address in its contact', { ...body, contact: {} }, 'contact.email'],
    ['an address without a domain', { ...body, contact: { email: 'ada@' } }, 'contact.email'],
    ['a telephone number', { ...body, contact: { email: 'ada@example.org', telephone: '1' } }, 'contact'],
  ])('is refused at its field: %s', (_, given, path) => {
    expect(placeOrderBody.safeParse(given).error?.issues.map((issue) => issue.path.join('.'))).toContain(path);
  });
});

describe('a price', () => {
  it.each([1, 100_000_000])('may be %d', (amountMinor) => {
    expect(priceBody.safeParse({ amountMinor, currency: 'EUR' }).success).toBe(true);
  });

  it.each([0, -1, 0.5, 100_000_001, '1', null])('may not be %j', (amountMinor) => {
    expect(priceBody.safeParse({ amountMinor, currency: 'EUR' }).success).toBe(false);
  });
});

describe('the time a read may wait', () => {
  it.each([
    [undefined, 0],
    ['0', 0],
    ['9', 9],
    ['30', 30],
  ])('%s is %d seconds', (wait, seconds) => {
    expect(waitQuery.parse({ wait })).toEqual({ wait: seconds });
  });

  it.each(['31', '-1', '1.5', '1e1', 'a', '', ['1', '2']])('is not %j', (wait) => {
    expect(waitQuery.safeParse({ wait }).success).toBe(false);
  });
});

describe('the query of the list of orders', () => {
  it('takes filters, a cursor and a limit', () => {
    expect(ordersQuery.parse({ customerId: 'ada', status: 'pending', cursor: 'x', limit: '3' })).toEqual({
      customerId: 'ada',
      status: 'pending',
      cursor: 'x',
      limit: 3,
    });
  });

  it.each([{ status: 'lost' }, { customerId: '' }, { limit: '0' }, { limit: '201' }, { page: '2' }])(
    'refuses %j',
    (query) => {
      expect(ordersQuery.safeParse(query).success).toBe(false);
    },
  );
});
