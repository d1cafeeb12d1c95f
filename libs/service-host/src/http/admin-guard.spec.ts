import { describe, expect, it } from '@jest/globals';
import type { ExecutionContext } from '@nestjs/common';
import { ServiceConfiguration } from '../configuration/service-configuration.js';
import { AdminGuard } from './admin-guard.js';

const guard = new AdminGuard(
  new ServiceConfiguration({
    DATABASE_URL: 'postgres://x',
    AMQP_URL: 'amqp://x',
    HTTP_PORT: '0',
    ADMIN_TOKEN: 'correct-horse-battery',
  }),
);

function asking(authorization?: string): ExecutionContext {
  const request = { headers: { authorization } };
  return { switchToHttp: () => ({ getRequest: () => request }) } as unknown as ExecutionContext;
}

describe('the administrator', () => {
  it.each(['Bearer correct-horse-battery', 'bearer  correct-horse-battery '])('passes with %p', (authorization) => {
    expect(guard.canActivate(asking(authorization))).toBe(true);
  });

  it.each([undefined, '', 'Bearer', 'Bearer ', 'Basic Y29ycmVjdA==', 'correct-horse-battery'])(
    'is asked for a token when the header is %p',
    (authorization) => {
      expect(() => guard.canActivate(asking(authorization))).toThrow(
        expect.objectContaining({
          problem: expect.objectContaining({ status: 401, code: 'unauthorized' }),
          headers: { 'www-authenticate': expect.stringContaining('Bearer') },
        }),
      );
    },
  );

  it.each(['Bearer wrong', 'Bearer correct-horse-batterz', 'Bearer correct-horse-battery-and-more'])(
    'is nobody with %p',
    (authorization) => {
      expect(() => guard.canActivate(asking(authorization))).toThrow(
        expect.objectContaining({ problem: expect.objectContaining({ status: 403, code: 'forbidden' }) }),
      );
    },
  );
});
