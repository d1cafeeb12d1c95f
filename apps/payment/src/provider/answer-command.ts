import { unreachable } from '@quadrille/contracts';
import type { ProviderAnswer } from '../domain/index.js';
import type { IntentAnswer } from './payment-provider.js';

/** What there is to record of the provider's answer, whichever way it came; null while nothing is decided. */
export function answerCommand(orderId: string, intentId: string, answer: IntentAnswer): ProviderAnswer | null {
  switch (answer.kind) {
    case 'captured':
      return { type: 'RecordCaptured', orderId, intentId };
    case 'declined':
      return { type: 'RecordDeclined', orderId, declineCode: answer.declineCode };
    case 'cancelled':
      return answer.declineCode === null
        ? { type: 'RecordNotCharged', orderId }
        : { type: 'RecordDeclined', orderId, declineCode: answer.declineCode };
    case 'unconfirmed':
    case 'customer_needed':
    case 'processing':
      return null;
    default:
      return unreachable(answer);
  }
}
