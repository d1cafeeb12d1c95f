import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { CommandGate, migrate } from '@quadrille/event-log';
import { declareTopology, startService, tableOf } from '@quadrille/service-host';
import { bootService, type Reply, type ServiceWorld } from '@quadrille/testing';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Inventory, InventoryCommand } from '../domain/index.js';
import { InventoryModule } from '../inventory.module.js';
import { inventoryParticipant } from '../participant.js';

let service: ServiceWorld<INestApplication>;

beforeAll(async () => {
  const listener = { service: 'listener', hears: inventoryParticipant.choreography.announces, announces: [] };
  const tables = [tableOf(inventoryParticipant), listener];
  service = await bootService(
    {
      migrate: (url) => migrate(url, inventoryParticipant),
      declareTopology: (url) => declareTopology({ url, tables, partitions: 1 }),
      start: () => startService(InventoryModule, inventoryParticipant),
    },
    { PARTITIONS: '1' },
  );
});

afterAll(() => service.stop());

describe('a receipt', () => {
  it('adds to the level of its SKU and answers with it', async () => {
    expect(await receive('BOX', 5)).toMatchObject({
      status: 201,
      body: { sku: 'BOX', received: 5, available: 5, held: 0, committed: 0 },
    });
    expect((await receive('BOX', 7)).body).toEqual({ sku: 'BOX', received: 12, available: 12, held: 0, committed: 0 });
    expect(await service.send('GET', '/v1/stock/BOX')).toMatchObject({
      status: 200,
      body: { sku: 'BOX', received: 12, available: 12, held: 0, committed: 0 },
    });
  });

  it('that comes again under its key gets the first answer, to the letter, and adds nothing', async () => {
    const first = await receive('TWICE', 5, 'twice');
    await receive('TWICE', 1);
    const again = await receive('TWICE', 5, 'twice');
    expect([again.status, JSON.stringify(again.body)]).toEqual([201, JSON.stringify(first.body)]);
    expect((await service.send('GET', '/v1/stock/TWICE')).body.received).toBe(6);
  });

  it('that comes many times at once adds once', async () => {
    const replies = await Promise.all(Array.from({ length: 8 }, () => receive('ONCE', 5, 'once')));
    expect(replies.map(({ status }) => status)).toEqual(Array(8).fill(201));
    expect((await service.send('GET', '/v1/stock/ONCE')).body.received).toBe(5);
  });

  it('of another quantity under the same key is refused, and of another SKU is not', async () => {
    await receive('MINE', 5, 'shared');
    expect(await receive('MINE', 6, 'shared')).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect((await receive('OTHERS', 6, 'shared')).status).toBe(201);
    expect((await service.send('GET', '/v1/stock/MINE')).body.received).toBe(5);
  });
});

describe('the level of a SKU', () => {
  it('tells what is held and what is gone', async () => {
    await receive('MIXED', 10);
    const [held, committed] = [uuidv7(), uuidv7()];
    await decide({ type: 'Reserve', orderId: held, lines: [{ sku: 'MIXED', quantity: 2 }] });
    await decide({ type: 'Reserve', orderId: committed, lines: [{ sku: 'MIXED', quantity: 3 }] });
    await decide({ type: 'Commit', orderId: committed });
    const { body } = await service.send('GET', '/v1/stock/MIXED');
    expect(body).toEqual({ sku: 'MIXED', received: 10, available: 5, held: 2, committed: 3 });
  });

  it.each(['NEVER', 'mug', 'A'.repeat(65), 'A%20B', '%00'])('that does not exist is 404: %s', async (sku) => {
    expect(await service.send('GET', `/v1/stock/${sku}`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});

describe('the list of levels', () => {
  it('is read page by page, in SKU order, to the end', async () => {
    for (const sku of ['PAGE-3', 'PAGE-1', 'PAGE-2']) await receive(sku, 1);
    const { body: all } = await service.send('GET', '/v1/stock?limit=200');
    const pages: unknown[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body }: Reply = await service.send('GET', `/v1/stock?limit=2${cursor && `&cursor=${cursor}`}`);
      pages.push(...body.items);
      cursor = body.nextCursor;
    }
    expect(all.items).toContainEqual({ sku: 'PAGE-2', received: 1, available: 1, held: 0, committed: 0 });
    expect(all.items.map(skuOf)).toEqual(all.items.map(skuOf).toSorted());
    expect(pages).toEqual(all.items);
  });

  it.each([
    ['limit=0', 'validation_failed', 'limit'],
    ['limit=201', 'validation_failed', 'limit'],
    ['limit=1.5', 'validation_failed', 'limit'],
    ['sku=BOX', 'validation_failed', 'sku'],
    ['cursor=rubbish', 'invalid_cursor', 'cursor'],
    [`cursor=${Buffer.from('{}').toString('base64url')}`, 'invalid_cursor', 'cursor'],
  ])('refuses %s with its field', async (query, code, path) => {
    const reply = await service.send('GET', `/v1/stock?${query}`);
    expect(reply).toMatchObject({ status: 422, body: { code, errors: [{ path }] } });
  });
});

describe('a receipt that is not in order is a problem with its code and field, and nothing of it is stored', () => {
  it.each([
    ['malformed JSON', '{"quantity": 5', 400, 'malformed_json', null],
    ['no body at all', '', 422, 'validation_failed', ''],
    ['too much', `{"quantity": 5${' '.repeat(200_000)}}`, 413, 'body_too_large', null],
    ['a number', '5', 422, 'validation_failed', ''],
    ['no quantity', {}, 422, 'validation_failed', 'quantity'],
    ['zero', { quantity: 0 }, 422, 'validation_failed', 'quantity'],
    ['below zero', { quantity: -5 }, 422, 'validation_failed', 'quantity'],
    ['a fraction', { quantity: 0.5 }, 422, 'validation_failed', 'quantity'],
    ['more than 1,000,000', { quantity: 1_000_001 }, 422, 'validation_failed', 'quantity'],
    ['a huge number', { quantity: 1e300 }, 422, 'validation_failed', 'quantity'],
    ['text', { quantity: '5' }, 422, 'validation_failed', 'quantity'],
    ['an unknown field', { quantity: 5, available: 5 }, 422, 'validation_failed', 'available'],
  ])('%s', async (_, body, status, code, path) => {
    const before = await stored();
    const headers = { ...service.asAdmin, 'idempotency-key': 'bad-input' };
    const reply = await service.send('POST', '/v1/stock/BAD/receipts', body, headers);
    expect(reply).toMatchObject({ status, body: { status, code } });
    expect(reply.headers.get('content-type')).toMatch('application/problem+json');
    if (path !== null) expect(reply.body.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect(await stored()).toEqual(before);
  });

  it.each([
    ['by nobody', '/v1/stock/BAD/receipts', { authorization: '' }, 401, 'unauthorized'],
    ['by somebody else', '/v1/stock/BAD/receipts', { authorization: 'Bearer somebody-else' }, 403, 'forbidden'],
    [
      'of the wrong media type',
      '/v1/stock/BAD/receipts',
      { 'content-type': 'text/plain' },
      415,
      'unsupported_media_type',
    ],
    ['of a malformed SKU', '/v1/stock/b%20d/receipts', {}, 404, 'not_found'],
    ['without a key', '/v1/stock/BAD/receipts', { 'idempotency-key': '' }, 422, 'idempotency_key_required'],
    ['with a malformed key', '/v1/stock/BAD/receipts', { 'idempotency-key': 'a b' }, 422, 'idempotency_key_invalid'],
  ])('%s', async (_, path, headers, status, code) => {
    const before = await stored();
    const good = { ...service.asAdmin, 'idempotency-key': 'bad-input' };
    const reply = await service.send('POST', path, { quantity: 5 }, { ...good, ...headers });
    expect(reply).toMatchObject({ status, body: { status, code } });
    expect(await stored()).toEqual(before);
  });
});

let keys = 0;

function receive(sku: string, quantity: number, key = `key-${++keys}`): Promise<Reply> {
  const headers = { ...service.asAdmin, 'idempotency-key': key };
  return service.send('POST', `/v1/stock/${sku}/receipts`, { quantity }, headers);
}

async function decide(command: InventoryCommand): Promise<void> {
  const gate = service.app.get<CommandGate<InventoryCommand, Inventory>>(CommandGate);
  const cause = { correlationId: 'spec', causationId: 'spec' };
  await gate.send(command, { cause, answer: () => null });
}

function skuOf({ sku }: { readonly sku: string }): string {
  return sku;
}

/** How much there is of everything that a receipt could leave behind. */
async function stored(): Promise<unknown> {
  const [counts] = await service.app.get(DataSource).query<unknown[]>(
    `select (select count(*)::int from log) as events, (select count(*)::int from stream_head) as streams,
       (select sum(received)::int from stock) as received, (select count(*)::int from stock) as skus,
       (select count(*)::int from idempotency) as keys`,
  );
  return counts;
}
