import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AccessTokens, bears } from '../access-tokens.js';
import { ApiError } from './errors.js';

@Injectable()
export class SecretKeyGuard implements CanActivate {
  constructor(private readonly tokens: AccessTokens) {}

  canActivate(context: ExecutionContext): true {
    const { authorization } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    if (bears(authorization, this.tokens.secretKey)) return true;
    throw new ApiError(401, { type: 'invalid_request_error', message: 'Invalid API Key provided.' });
  }
}
