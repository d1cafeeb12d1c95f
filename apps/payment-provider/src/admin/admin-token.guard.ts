import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AccessTokens, bears } from '../access-tokens.js';
import { Problem } from './problem.js';

@Injectable()
export class AdminTokenGuard implements CanActivate {
  constructor(private readonly tokens: AccessTokens) {}

  canActivate(context: ExecutionContext): true {
    const { authorization } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    if (bears(authorization, this.tokens.adminToken)) return true;
    throw new Problem(401, 'unauthorized', 'The Authorization header must carry the admin token.');
  }
}
