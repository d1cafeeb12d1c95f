import type { Intent } from '../books/entries.js';
import { renderIntent } from './objects.js';

/** An error as Stripe shapes it: https://docs.stripe.com/api/errors. */
export class ApiError extends Error {
  readonly body: { readonly error: Readonly<Record<string, unknown>> };

  constructor(
    readonly status: number,
    error: { readonly type: string; readonly message: string; readonly [field: string]: unknown },
  ) {
    super(error.message);
    this.name = 'ApiError';
    this.body = { error };
  }
}

/** The caller hears nothing: the connection is reset, or stays silent until the caller gives up. */
export class Unanswered extends Error {
  constructor(readonly how: 'reset' | 'silence') {
    super(`the answer is withheld: ${how}`);
    this.name = 'Unanswered';
  }
}

export function invalidParameter(code: string, message: string, param: string): ApiError {
  return new ApiError(400, { type: 'invalid_request_error', code, message, param });
}

export function missingResource(kind: string, id: string, param: string, status = 404): ApiError {
  return new ApiError(status, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${kind}: '${id}'`,
    param,
  });
}

/** What it is about is in its words alone: Stripe gives this error neither a code nor a parameter. */
export function usedPaymentMethod(): ApiError {
  return new ApiError(400, {
    type: 'invalid_request_error',
    message:
      'The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a connected ' +
      'account without Customer attachment, or was detached from a Customer. It may not be used again. To use a PaymentMethod ' +
      'multiple times, you must attach it to a Customer first.',
  });
}

export function unexpectedState(intent: Intent, action: string): ApiError {
  return new ApiError(400, {
    type: 'invalid_request_error',
    code: 'payment_intent_unexpected_state',
    message: `You cannot ${action} this PaymentIntent because it has a status of ${intent.status}.`,
    payment_intent: renderIntent(intent),
  });
}

export function serverError(): ApiError {
  return new ApiError(500, { type: 'api_error', message: 'An unknown error occurred.' });
}

export function unavailable(): ApiError {
  return new ApiError(503, { type: 'api_error', message: 'The API is temporarily unavailable.' });
}
