import type { ServiceName } from '@quadrille/contracts';

/**
 * Which decider can meet which message in which state, and under which circumstance. What is not here cannot happen: a deadline
 * of an order that nobody placed, a decline of a confirmed order, a refund that nobody asked for. A delivery is `in order`, or it
 * was handled before (`again`), comes after a later one of its stream (`overtaken`), or is handed out anew `after a crash`.
 */
const table: Readonly<Record<ServiceName, Readonly<Record<string, Readonly<Record<string, string>>>>>> = {
  order: {
    cancelled: {
      Cancel: 'asked, asked again',
      Note: 'in order, again, overtaken, after a crash',
      Place: 'asked again',
      RecordPaymentCaptured: 'in order, again, overtaken, after a crash',
      RecordPaymentDeclined: 'in order, again, overtaken, after a crash',
      RecordStockRejected: 'in order, again, after a crash',
      TimeOut: 'due, early',
    },
    confirmed: {
      Cancel: 'asked, asked again',
      Note: 'in order, again, overtaken, after a crash',
      Place: 'asked again',
      RecordPaymentCaptured: 'again',
      TimeOut: 'due, early',
    },
    none: {
      Cancel: 'asked, asked again',
      Note: 'in order, again, after a crash',
      Place: 'asked, asked again',
      RecordPaymentCaptured: 'in order, again, after a crash',
      RecordPaymentDeclined: 'in order, again, after a crash',
      RecordStockRejected: 'in order, again, after a crash',
    },
    pending: {
      Cancel: 'asked, asked again',
      Note: 'in order, again, after a crash',
      Place: 'asked again',
      RecordPaymentCaptured: 'in order, after a crash',
      RecordPaymentDeclined: 'in order, overtaken, after a crash',
      RecordStockRejected: 'in order, after a crash',
      TimeOut: 'due, early',
    },
  },
  inventory: {
    closed: {
      Release: 'again',
      Reserve: 'again, overtaken',
    },
    committed: {
      Commit: 'again',
      Release: 'in order, after a crash',
      Reserve: 'again',
    },
    held: {
      Commit: 'in order, after a crash',
      Release: 'in order, after a crash',
      Reserve: 'again',
    },
    none: {
      Commit: 'in order, again, after a crash',
      Receive: 'asked, asked again',
      Release: 'in order, after a crash',
      Reserve: 'in order, after a crash',
    },
    rejected: {
      Release: 'in order, again, after a crash',
      Reserve: 'again',
    },
    released: {
      Commit: 'again, overtaken',
      Release: 'again',
      Reserve: 'again',
    },
  },
  payment: {
    'awaiting amount': {
      Abandon: 'in order, after a crash',
      RecordCaptured: 'stray',
      RememberAmount: 'in order, after a crash',
      RememberStock: 'again',
    },
    'awaiting stock': {
      Abandon: 'in order, after a crash',
      RecordCaptured: 'stray',
      RememberAmount: 'again',
      RememberStock: 'in order, after a crash',
    },
    'cancelling, no intent': {
      Abandon: 'again',
      RecordCaptured: 'stray',
      RecordDeclined: 'answer',
      RecordIntent: 'answer',
      RememberAmount: 'again',
      RememberStock: 'again',
    },
    cancelling: {
      Abandon: 'again',
      RecordCaptured: 'answer, looked up, webhook, stray',
      RecordDeclined: 'answer, looked up, webhook',
      RecordIntent: 'answer',
      RecordNotCharged: 'answer, looked up, webhook',
      RememberAmount: 'again',
      RememberStock: 'again',
    },
    captured: {
      Abandon: 'in order, after a crash',
      RecordCaptured: 'answer, looked up, webhook, stray',
      RecordDeclined: 'answer, looked up, webhook',
      RecordIntent: 'answer, stray',
      RecordNotCharged: 'answer, looked up, webhook',
      RecordRefundFailed: 'stray',
      RememberAmount: 'again',
      RememberStock: 'again',
    },
    'charging, no intent': {
      Abandon: 'in order, after a crash',
      RecordCaptured: 'stray',
      RecordDeclined: 'answer',
      RecordIntent: 'answer',
      RememberAmount: 'again',
      RememberStock: 'again',
    },
    charging: {
      Abandon: 'in order, after a crash',
      RecordCaptured: 'answer, looked up, webhook, stray',
      RecordDeclined: 'answer, looked up, webhook',
      RecordIntent: 'answer',
      RecordNotCharged: 'answer, looked up, webhook',
      RememberAmount: 'again',
      RememberStock: 'again',
    },
    'closed after a charge': {
      Abandon: 'again',
      RecordCaptured: 'answer, looked up, webhook, stray',
      RecordDeclined: 'answer, looked up, webhook',
      RecordIntent: 'answer, stray',
      RecordNotCharged: 'answer, looked up, webhook',
      RecordRefundFailed: 'stray',
      RememberAmount: 'again',
      RememberStock: 'again',
    },
    closed: {
      Abandon: 'again',
      RecordCaptured: 'stray',
      RecordDeclined: 'stray',
      RecordIntent: 'stray',
      RecordNotCharged: 'stray',
      RecordRefundFailed: 'stray',
      RecordRefunded: 'stray',
      RememberAmount: 'again, overtaken',
      RememberStock: 'in order, again, after a crash',
    },
    declined: {
      Abandon: 'in order, again, after a crash',
      RecordCaptured: 'looked up, webhook, stray',
      RecordDeclined: 'answer, looked up, webhook',
      RecordIntent: 'answer, stray',
      RecordNotCharged: 'answer, looked up, webhook',
      RecordRefundFailed: 'stray',
      RememberAmount: 'again',
      RememberStock: 'again',
    },
    none: {
      Abandon: 'in order, after a crash',
      RecordCaptured: 'stray',
      RecordDeclined: 'stray',
      RecordIntent: 'stray',
      RecordNotCharged: 'stray',
      RecordRefundFailed: 'stray',
      RecordRefunded: 'stray',
      RememberAmount: 'in order, after a crash',
      RememberStock: 'in order, after a crash',
    },
    refunded: {
      Abandon: 'in order, again, after a crash',
      RecordCaptured: 'answer, looked up, webhook, stray',
      RecordDeclined: 'answer, looked up, webhook',
      RecordIntent: 'answer, stray',
      RecordNotCharged: 'answer, looked up, webhook',
      RecordRefundFailed: 'webhook, stray',
      RecordRefunded: 'answer, looked up, webhook',
      RememberAmount: 'again',
      RememberStock: 'again',
    },
    refunding: {
      Abandon: 'in order, again, after a crash',
      RecordCaptured: 'answer, looked up, webhook, stray',
      RecordDeclined: 'answer, looked up, webhook',
      RecordIntent: 'answer, stray',
      RecordNotCharged: 'answer, looked up, webhook',
      RecordRefundFailed: 'webhook, stray',
      RecordRefunded: 'answer, looked up, webhook',
      RememberAmount: 'again',
      RememberStock: 'again',
    },
  },
};

export const reachable: ReadonlySet<string> = new Set(
  Object.entries(table).flatMap(([service, situations]) =>
    Object.entries(situations).flatMap(([situation, messages]) =>
      Object.entries(messages).flatMap(([message, circumstances]) =>
        circumstances.split(', ').map((circumstance) => `${service}|${situation}|${message}|${circumstance}`),
      ),
    ),
  ),
);
