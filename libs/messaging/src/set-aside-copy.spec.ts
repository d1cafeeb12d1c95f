import { describe, expect, it } from '@jest/globals';
import type { Message } from 'amqplib';
import { copyOf } from './set-aside-copy.js';

describe('a copy of a message', () => {
  it('leaves out names that became too long when bytes that are no UTF-8 were read', () => {
    const long = '\ufffd'.repeat(100);
    const properties = {
      messageId: long,
      type: long,
      contentType: long,
      correlationId: 'c',
      headers: { [long]: 1, b: 2 },
    };
    const original = { content: Buffer.from('body'), fields: {}, properties } as unknown as Message;
    expect(copyOf(original, { exchange: 'e', routingKey: 'k' })).toEqual({
      ...{ exchange: 'e', routingKey: 'k', body: Buffer.from('body'), headers: { b: 2 } },
      ...{ messageId: expect.stringMatching(/^[0-9a-f-]{36}$/), type: undefined, correlationId: 'c' },
      contentType: 'application/octet-stream',
    });
  });
});
