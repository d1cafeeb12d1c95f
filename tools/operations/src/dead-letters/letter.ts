import type { ServiceName } from '@quadrille/contracts';
import { UsageError } from '../command-line/ends.js';
import { isService } from '../system/system.js';

/** A held message or dead letter of a service, or a message in one of the broker's dead-letter queues. */
export interface Letter {
  /** `inventory:12`, `broker:inventory:<message id>` or `listener:newsletter:<message id>`. */
  readonly id: string;
  readonly service: string;
  readonly status: string;
  readonly type: string | null;
  readonly key: string | null;
  readonly messageId: string | null;
  readonly code: string;
  readonly reason: string;
  readonly attempts: number;
  readonly traceId: string | null;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  readonly nextAt: string | null;
}

export interface LetterDetails extends Letter {
  readonly body: string;
  readonly stack: string | null;
  readonly edited: {
    readonly by: string;
    readonly at: string;
    readonly reason: string;
    readonly originalBody: string;
  } | null;
  readonly replayed: { readonly by: string; readonly at: string } | null;
  readonly closed: { readonly by: string; readonly at: string; readonly reason: string } | null;
}

export interface LetterFilter {
  readonly status?: string | undefined;
  readonly key?: string | undefined;
  readonly type?: string | undefined;
  readonly code?: string | undefined;
  /** ISO 8601. */
  readonly olderThan?: string | undefined;
}

/** What became of the letters that were to be replayed, by their ids. */
export interface Replayed {
  readonly replayed: string[];
  /** Handled meanwhile, or replayed by somebody else. */
  readonly gone: string[];
  readonly failed: { readonly id: string; readonly reason: string }[];
}

/** What became of the letters that were to be discarded. */
export interface Discarded {
  readonly discarded: LetterDetails[];
  /** By an earlier run, or by somebody else. */
  readonly already: LetterDetails[];
  readonly failed: { readonly id: string; readonly reason: string }[];
}

/**
 * `broker`: what a service could read no key from. `listener`: what the `@OnEvent` handlers of a service could not handle, and
 * such a service need not have a database.
 */
export type BrokerPlace = 'broker' | 'listener';

export interface ServiceLetterAddress {
  readonly place: 'service';
  readonly service: ServiceName;
  readonly id: string;
}

export interface BrokerLetterAddress {
  readonly place: BrokerPlace;
  readonly service: string;
  readonly messageId: string;
}

export type LetterAddress = ServiceLetterAddress | BrokerLetterAddress;

/** Reads an id as the list shows it; a bare number needs the one service that was named. */
export function addressOf(id: string, chosen: readonly ServiceName[]): LetterAddress {
  const [first = '', second = '', ...rest] = id.split(':');
  const [only] = chosen;
  if (/^\d+$/.test(id) && only && chosen.length === 1) return { place: 'service', service: only, id };
  if (isService(first) && /^\d+$/.test(second) && rest.length === 0)
    return { place: 'service', service: first, id: second };
  const isAtBroker = (first === 'broker' && isService(second)) || (first === 'listener' && second !== '');
  if (isAtBroker && rest.length > 0) return { place: first, service: second, messageId: rest.join(':') };
  throw new UsageError(
    `${JSON.stringify(id)} is no letter's id: they are like inventory:12, broker:inventory:<message id> or listener:newsletter:<message id>.`,
  );
}
