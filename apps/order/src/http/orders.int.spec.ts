import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandGate } from '@quadrille/event-log';
import { DataSource } from 'typeorm';
import { heard } from '../../test/order-database.js';
import { bootOrderService, orderBody, place, setPrice, type OrderService } from '../../test/order-service.js';
import type { Order, OrderCommand } from '../domain/index.js';
import { orderShape } from './shapes.js';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
let service: OrderService;

beforeAll(async () => {
  service = await bootOrderService({ ORDER_DEADLINE_MS: '600000' });
  await setPrice(service, 'MUG-1', 1200);
  await setPrice(service, 'CUP-1', 350);
});

afterAll(() => service.stop());

describe('a placed order', () => {
  it('is accepted, priced by the price list, and there to be read at its Location', async () => {
    const lines = [
      { sku: 'MUG-1', quantity: 2 },
      { sku: 'CUP-1', quantity: 3 },
    ];
    const placed = await place(service, { lines });
    expect(placed.status).toBe(202);
    expect(orderShape.parse(placed.body)).toEqual({
      id: expect.any(String),
      status: 'pending',
      reason: null,
      declineCode: null,
      customerId: 'ada',
      currency: 'EUR',
      totalMinor: 3450,
      lines: [
        { sku: 'MUG-1', quantity: 2, unitMinor: 1200 },
        { sku: 'CUP-1', quantity: 3, unitMinor: 350 },
      ],
      version: 1,
      placedAt: expect.any(String),
      endedAt: null,
    });
    expect(placed.headers.get('location')).toBe(`/v1/orders/${placed.body.id}`);
    const read = await service.send('GET', placed.headers.get('location') ?? '');
    expect(read).toMatchObject({ status: 200, body: placed.body });
  });

  it('keeps its prices when the list changes', async () => {
    await setPrice(service, 'MOVING', 100);
    const placed = await place(service, { lines: [{ sku: 'MOVING', quantity: 1 }] });
    await setPrice(service, 'MOVING', 200);
    const read = await service.send('GET', `/v1/orders/${placed.body.id}`);
    expect(read.body).toMatchObject({ totalMinor: 100, lines: [{ unitMinor: 100 }] });
  });

  it('is given up when its deadline has passed, unless it has ended by then', async () => {
    const { body } = await place(service);
    const [deadline] = await query<{ dueAt: Date }>(`select due_at as "dueAt" from agenda where stream = $1`, [
      `order-${body.id}`,
    ]);
    expect(deadline?.dueAt.getTime()).toBe(Date.parse(body.placedAt) + 600_000);
    await service.send('POST', `/v1/orders/${body.id}/cancellation`);
    expect(await query(`select from agenda where stream = $1`, [`order-${body.id}`])).toEqual([]);
  });

  it('is found by its id in capital letters too', async () => {
    const placed = await place(service);
    const read = await service.send('GET', `/v1/orders/${placed.body.id.toUpperCase()}`);
    expect(read.body).toEqual(placed.body);
  });
});

describe('an idempotency key', () => {
  it('that comes again with the same body gets the same answer, to the letter, and no second order', async () => {
    const first = await place(service, { customerId: 'again' }, 'again-1');
    const second = await place(service, { customerId: 'again' }, 'again-1');
    expect(second.status).toBe(202);
    expect(JSON.stringify(second.body)).toBe(JSON.stringify(first.body));
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(await ordersOf('again')).toHaveLength(1);
  });

  it('that comes again when prices have changed gets the first answer all the same', async () => {
    await setPrice(service, 'FLEETING', 100, 'EUR');
    const body = { customerId: 'later', lines: [{ sku: 'FLEETING', quantity: 1 }] };
    const first = await place(service, body, 'later-1');
    await setPrice(service, 'FLEETING', 200, 'EUR');
    expect((await place(service, body, 'later-1')).body).toEqual(first.body);
    await setPrice(service, 'FLEETING', 200, 'USD');
    expect(await place(service, body, 'later-1')).toMatchObject({ status: 202, body: first.body });
    expect((await place(service, body, 'later-2')).body.code).toBe('currency_mismatch');
  });

  it('that comes again with another body is refused, and with another address too', async () => {
    const contact = { email: 'ada@example.org' };
    await place(service, { customerId: 'other', contact }, 'other-1');
    for (const changed of [
      { lines: [{ sku: 'MUG-1', quantity: 3 }], contact },
      { contact: { email: 'bob@example.org' } },
      {},
    ]) {
      const again = await place(service, { customerId: 'other', ...changed }, 'other-1');
      expect(again).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    }
    expect((await place(service, { customerId: 'other', contact }, 'other-1')).status).toBe(202);
    expect(await ordersOf('other')).toHaveLength(1);
  });

  it('that comes twice at once makes one order', async () => {
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => place(service, { customerId: 'twins' }, 'twins-1')),
    );
    expect(replies.map(({ status }) => status)).toEqual(Array(8).fill(202));
    expect(new Set(replies.map(({ body }) => body.id)).size).toBe(1);
    expect(await ordersOf('twins')).toHaveLength(1);
  });

  it('belongs to its customer: another one may use the same', async () => {
    const [mine, hers] = [
      await place(service, { customerId: 'me' }, 'shared'),
      await place(service, { customerId: 'her' }, 'shared'),
    ];
    expect([mine.status, hers.status]).toEqual([202, 202]);
    expect(mine.body.id).not.toBe(hers.body.id);
  });

  it('whose request was refused is free for the mended one', async () => {
    expect((await place(service, { lines: [{ sku: 'MENDED', quantity: 1 }] }, 'mended')).status).toBe(422);
    await setPrice(service, 'MENDED', 1);
    expect((await place(service, { lines: [{ sku: 'MENDED', quantity: 1 }] }, 'mended')).status).toBe(202);
  });
});

describe('the address in an order', () => {
  it('is nowhere in the database but sealed, and not in any answer', async () => {
    const email = 'nobody.should.read@example.org';
    const placed = await place(service, { customerId: 'secretive', contact: { email } });
    const timeline = await service.send('GET', `/v1/orders/${placed.body.id}/timeline`);
    expect(JSON.stringify([placed.body, timeline.body])).not.toContain(email);
    expect(timeline.body.items[0].data.contact.email).toEqual({
      keyId: expect.any(String),
      iv: expect.any(String),
      tag: expect.any(String),
      text: expect.any(String),
    });
    for (const { table } of await query<{ table: string }>(
      `select format('%I', relname) as table from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace`,
    )) {
      const [found] = await query(`select count(*)::int as rows from ${table} row where row::text like $1`, [
        `%${email}%`,
      ]);
      expect({ table, ...found }).toEqual({ table, rows: 0 });
    }
  });
});

describe('waiting for the end of an order', () => {
  it('is answered when the order ends', async () => {
    const { body } = await place(service);
    const waiting = Promise.all(Array.from({ length: 20 }, () => service.send('GET', `/v1/orders/${body.id}?wait=30`)));
    await decide({ type: 'RecordPaymentCaptured', orderId: body.id, fact: heard(body.id, 'payment.captured.v1') });
    for (const read of await waiting) expect(read.body).toMatchObject({ id: body.id, status: 'confirmed', version: 3 });
  });

  it('is answered with the pending order when the time has passed', async () => {
    const { body } = await place(service);
    const read = await service.send('GET', `/v1/orders/${body.id}?wait=1`);
    expect(read).toMatchObject({ status: 200, body });
  });

  it('does not wait for an order that has ended', async () => {
    const { body } = await place(service);
    await service.send('POST', `/v1/orders/${body.id}/cancellation`);
    const read = await service.send('GET', `/v1/orders/${body.id}?wait=30`);
    expect(read.body.status).toBe('cancelled');
  });
});

describe('a cancellation', () => {
  it('of a pending order is accepted, and once it is cancelled there is nothing to do', async () => {
    const { body } = await place(service);
    const first = await service.send('POST', `/v1/orders/${body.id}/cancellation`);
    expect(first).toMatchObject({
      status: 202,
      body: { id: body.id, status: 'cancelled', reason: 'customer_request', declineCode: null, version: 2 },
    });
    const second = await service.send('POST', `/v1/orders/${body.id}/cancellation`);
    expect(second).toMatchObject({ status: 200, body: first.body });
    expect((await service.send('GET', `/v1/orders/${body.id}`)).body).toEqual(first.body);
  });

  it('of a confirmed order is accepted', async () => {
    const { body } = await place(service);
    await decide({ type: 'RecordPaymentCaptured', orderId: body.id, fact: heard(body.id, 'payment.captured.v1') });
    const cancelled = await service.send('POST', `/v1/orders/${body.id}/cancellation`);
    expect(cancelled).toMatchObject({ status: 202, body: { status: 'cancelled', reason: 'customer_request' } });
  });

  it('that comes many times at once cancels once', async () => {
    const { body } = await place(service);
    const replies = await Promise.all(
      Array.from({ length: 5 }, () => service.send('POST', `/v1/orders/${body.id}/cancellation`)),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 202]);
    expect(replies.map((reply) => reply.body.version)).toEqual(Array(5).fill(2));
  });
});

describe('the timeline', () => {
  it('has the public events of all services in wire types', async () => {
    const { body } = await place(service);
    const captured = heard(body.id, 'payment.captured.v1', { amountMinor: 2400 });
    await decide({ type: 'RecordPaymentCaptured', orderId: body.id, fact: captured });
    const { status, body: timeline } = await service.send('GET', `/v1/orders/${body.id}/timeline`);
    expect(status).toBe(200);
    expect(timeline.items).toEqual([
      {
        at: body.placedAt,
        service: 'order',
        type: 'order.placed.v1',
        id: expect.any(String),
        data: { orderId: body.id, ...orderBody, lines: body.lines, totalMinor: 2400 },
      },
      captured,
      expect.objectContaining({ service: 'order', type: 'order.confirmed.v1', data: { orderId: body.id } }),
    ]);
  });
});

describe('the list of orders', () => {
  it('is read page by page, newest first, to the end', async () => {
    const placed: string[] = [];
    for (let count = 0; count < 5; count++) placed.push((await place(service, { customerId: 'pages' })).body.id);
    const pages: string[][] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body }: { body: { items: { id: string }[]; nextCursor: string | null } } = await service.send(
        'GET',
        `/v1/orders?customerId=pages&limit=2${cursor && `&cursor=${cursor}`}`,
      );
      pages.push(body.items.map(({ id }) => id));
      cursor = body.nextCursor;
    }
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(pages.flat()).toEqual(placed.reverse());
  });

  it('has orders of one state, or without filters all of them', async () => {
    const { body: order } = await place(service, { customerId: 'filters' });
    const ids = async (query: string) =>
      (await service.send('GET', `/v1/orders?${query}`)).body.items.map(({ id }: { id: string }) => id);
    expect(await ids('customerId=filters&status=pending')).toEqual([order.id]);
    expect(await ids('customerId=filters&status=confirmed')).toEqual([]);
    expect(await ids('customerId=unheard-of')).toEqual([]);
    expect(await ids('')).toContain(order.id);
  });
});

describe('the price list', () => {
  it('has each SKU with its latest price', async () => {
    await setPrice(service, 'LISTED', 1);
    await setPrice(service, 'LISTED', 99_999);
    const { body } = await service.send('GET', '/v1/prices?limit=200');
    expect(body.items).toContainEqual({ sku: 'LISTED', amountMinor: 99_999, currency: 'EUR' });
    expect(body.items.map(({ sku }: { sku: string }) => sku)).toEqual(
      body.items.map(({ sku }: { sku: string }) => sku).toSorted(),
    );
  });

  it('is read page by page', async () => {
    const { body: first } = await service.send('GET', '/v1/prices?limit=1');
    const { body: second } = await service.send('GET', `/v1/prices?limit=1&cursor=${first.nextCursor}`);
    expect(second.items[0].sku > first.items[0].sku).toBe(true);
  });
});

it.each([
  ['GET', nobody],
  ['GET', `${nobody}?wait=30`],
  ['GET', `${nobody}/timeline`],
  ['POST', `${nobody}/cancellation`],
  ['GET', 'not-an-id'],
  ['GET', `${nobody}0`],
  ['GET', "1' or '1'='1"],
  ['GET', 'not-an-id/timeline'],
  ['POST', 'not-an-id/cancellation'],
])('%s of an order that does not exist is 404: %s', async (method, path) => {
  const reply = await service.send(method, `/v1/orders/${path}`);
  expect(reply).toMatchObject({ status: 404, body: { status: 404, code: 'not_found' } });
  expect(reply.headers.get('content-type')).toMatch('application/problem+json');
});

it('is described by OpenAPI', async () => {
  const { body } = await service.send('GET', '/docs-json');
  expect(Object.keys(body.paths)).toEqual(
    expect.arrayContaining([
      '/v1/orders',
      '/v1/orders/{id}',
      '/v1/orders/{id}/timeline',
      '/v1/orders/{id}/cancellation',
      '/v1/prices',
      '/v1/prices/{sku}',
    ]),
  );
  expect(Object.keys(body.paths['/v1/orders/{id}/cancellation'].post.responses)).toEqual(['200', '202', 'default']);
});

async function decide(command: OrderCommand): Promise<void> {
  const gate = service.app.get<CommandGate<OrderCommand, Order>>(CommandGate);
  const cause = { correlationId: 'spec', causationId: 'spec' };
  await gate.send(command, { cause, answer: () => null });
}

async function ordersOf(customerId: string): Promise<unknown[]> {
  return (await service.send('GET', `/v1/orders?customerId=${customerId}`)).body.items;
}

function query<Row = { rows: number }>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
  return service.app.get(DataSource).query<Row[]>(sql, parameters);
}
