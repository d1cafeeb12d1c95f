import { createHash, timingSafeEqual } from 'node:crypto';
import { applyDecorators, Injectable, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';
import { ServiceConfiguration } from '../configuration/service-configuration.js';
import type { HttpRequest } from './http-request.js';
import { ProblemException } from './problem.js';

/** Lets a request pass that carries `Authorization: Bearer <ADMIN_TOKEN>`: 401 without a bearer token, 403 with a wrong one. */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(private readonly configuration: ServiceConfiguration) {}

  canActivate(context: ExecutionContext): boolean {
    const { authorization } = context.switchToHttp().getRequest<HttpRequest>().headers;
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    if (token === undefined)
      throw new ProblemException(
        401,
        'unauthorized',
        'This needs the header Authorization: Bearer <ADMIN_TOKEN>.',
        {},
        {
          'www-authenticate': 'Bearer realm="administration"',
        },
      );
    if (!timingSafeEqual(digest(token), digest(this.configuration.ADMIN_TOKEN)))
      throw new ProblemException(403, 'forbidden', "The bearer token is not the administrator's.");
    return true;
  }
}

/** A controller or handler for administrators only, in the documentation as in deed. */
export function Admin() {
  return applyDecorators(UseGuards(AdminGuard), ApiBearerAuth());
}

/** Equal lengths are what a comparison in constant time needs. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
