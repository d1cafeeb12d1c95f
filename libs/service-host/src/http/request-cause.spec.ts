import { describe, expect, it } from '@jest/globals';
import type { HttpRequest } from './http-request.js';
import { requestCause } from './request-cause.js';

function request(headers: HttpRequest['headers']): HttpRequest {
  return { method: 'POST', url: '/v1/orders', headers };
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('the cause of a request', () => {
  it('is what the client says it belongs to', () => {
    expect(requestCause(request({ 'x-correlation-id': 'basket-7', traceparent }))).toEqual({
      correlationId: 'basket-7',
      causationId: expect.any(String),
      traceparent,
    });
  });

  it('is the same however often it is asked for, and another for another request', () => {
    const one = request({});
    expect(requestCause(one)).toEqual(requestCause(one));
    expect(requestCause(request({})).correlationId).not.toBe(requestCause(one).correlationId);
  });

  it.each(['', 'with space', 'x'.repeat(256)])('does not take %p for a correlation id', (sent) => {
    expect(requestCause(request({ 'x-correlation-id': sent })).correlationId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('passes on what it knows of a traceparent of a later version, so that every reader can read it', () => {
    const later = `${traceparent.replace(/^00/, '01')}-what-comes-then`;
    expect(requestCause(request({ traceparent: later }))).toMatchObject({ traceparent });
  });

  it('does not pass on a malformed traceparent', () => {
    expect(requestCause(request({ traceparent: 'nonsense' }))).not.toHaveProperty('traceparent');
  });
});
