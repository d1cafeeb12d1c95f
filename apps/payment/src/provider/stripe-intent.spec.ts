import { describe, expect, it } from '@jest/globals';
import { answerCommand } from './answer-command.js';
import type { IntentAnswer } from './payment-provider.js';
import { intentAnswer, type IntentState } from './stripe-intent.js';

const silent = { cancellation_reason: null, last_payment_error: null };
const orderId = '01890a5d-0000-7000-8000-000000000001';

const cases: [string, Partial<IntentState> & { status: string }, IntentAnswer, string | null][] = [
  ['succeeded', { status: 'succeeded' }, { kind: 'captured' }, 'RecordCaptured'],
  ['waiting to be confirmed', { status: 'requires_confirmation' }, { kind: 'unconfirmed' }, null],
  ['under way', { status: 'processing' }, { kind: 'processing' }, null],
  ['in a state that is not known here', { status: 'requires_capture' }, { kind: 'processing' }, null],
  ['waiting for the customer', { status: 'requires_action' }, { kind: 'customer_needed' }, null],
  [
    'declined with a decline code',
    {
      status: 'requires_payment_method',
      last_payment_error: { code: 'card_declined', decline_code: 'lost_card' },
    },
    { kind: 'declined', declineCode: 'lost_card' },
    'RecordDeclined',
  ],
  [
    'declined with a code only',
    { status: 'requires_payment_method', last_payment_error: { code: 'expired_card' } },
    { kind: 'declined', declineCode: 'expired_card' },
    'RecordDeclined',
  ],
  [
    'declined without a word',
    { status: 'requires_payment_method' },
    { kind: 'declined', declineCode: 'card_declined' },
    'RecordDeclined',
  ],
  [
    'cancelled with its order',
    { status: 'canceled', cancellation_reason: 'requested_by_customer' },
    { kind: 'cancelled', declineCode: null },
    'RecordNotCharged',
  ],
  [
    'cancelled because the customer was needed',
    { status: 'canceled', cancellation_reason: 'abandoned' },
    { kind: 'cancelled', declineCode: 'authentication_required' },
    'RecordDeclined',
  ],
];

describe.each(cases)('an intent that is %s', (_, state, answer, command) => {
  it(`is ${answer.kind}, and ${command ? `leads to ${command}` : 'decides nothing'}`, () => {
    expect(intentAnswer({ ...silent, ...state })).toEqual(answer);
    expect(answerCommand(orderId, 'pi_1', answer)?.type ?? null).toBe(command);
  });
});
