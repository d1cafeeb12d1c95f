import { describe, expect, test } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { isTransient, messageOf, RoundCollision } from './faults.js';

const withCode = (code: string, more: object = {}) => Object.assign(new Error('x'), { code, ...more });

describe('a fault', () => {
  test.each([
    ['a serialization failure', withCode('40001')],
    ['a deadlock', withCode('40P01')],
    ['a lock that was not to be had', withCode('55P03')],
    ['a statement that took too long', withCode('57014')],
    ['a server that shuts down', withCode('57P01')],
    ['a full disk', withCode('53100')],
    ['too many connections', withCode('53300')],
    ['a standby', withCode('25006')],
    ['a reset connection', withCode('ECONNRESET')],
    ['a connection that pg lost', new Error('Connection terminated unexpectedly')],
    ['a pool without a free connection', new Error('timeout exceeded when trying to connect')],
    ['a stream that began twice', withCode('23505', { constraint: 'stream_head_pkey' })],
    ['a log without a partition', withCode('23514', { routine: 'ExecFindPartition' })],
    ['a deadlock inside TypeORM', new QueryFailedError('select', [], withCode('40P01'))],
    ['a collision of rounds', new RoundCollision('x')],
  ])('of the moment: %s', (_, error) => {
    expect(isTransient(error)).toBe(true);
  });

  test.each([
    ['a broken rule of a table', withCode('23514')],
    ['a key of a service’s own table', withCode('23505', { constraint: 'account_pkey' })],
    ['text that jsonb cannot hold', withCode('22P05')],
    ['a bug', new TypeError('x is undefined')],
    ['something that is no error', 'text'],
    ['nothing', null],
  ])('of the message: %s', (_, error) => {
    expect(isTransient(error)).toBe(false);
  });

  test('always has a message', () => {
    expect([new Error('why'), new TypeError(), 'text', null].map(messageOf)).toEqual([
      'why',
      'TypeError',
      'text',
      'null',
    ]);
  });
});
