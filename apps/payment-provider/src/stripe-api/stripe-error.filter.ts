import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Injectable, Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { OpenConnections } from '../open-connections.js';
import { ApiError, Unanswered } from './errors.js';

/** Every failure of the API in Stripe's shape, or in no shape at all where the answer is to be lost. */
@Injectable()
@Catch()
export class StripeErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('stripe-api');

  constructor(private readonly connections: OpenConnections) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (error instanceof Unanswered) {
      reply.hijack();
      if (error.how === 'reset') reply.raw.socket?.resetAndDestroy();
      else this.connections.leaveSilent(reply.raw.socket);
      return;
    }
    const answer = error instanceof ApiError ? error : this.translate(error);
    void reply.status(answer.status).send(answer.body);
  }

  private translate(error: unknown): ApiError {
    if (error instanceof HttpException)
      return new ApiError(error.getStatus(), { type: 'invalid_request_error', message: error.message });
    this.logger.error(error instanceof Error ? error.stack : error);
    return new ApiError(500, { type: 'api_error', message: 'An unknown error occurred.' });
  }
}
