/** Somebody else may work on these partitions by now. Nothing of the round was stored. */
export class LeaseLost extends Error {
  constructor(readonly partitions: readonly number[]) {
    super(`the lease of partition ${partitions.join(' and ')} is expired or taken`);
    this.name = 'LeaseLost';
  }
}

/** The database did not let the round end within its attempts. What is not committed is not stored; the caller keeps what it gave. */
export class RoundUnavailable extends Error {
  constructor(cause: unknown) {
    super(`the database did not take the round: ${messageOf(cause)}`, { cause });
    this.name = 'RoundUnavailable';
  }
}

/** The round met a state that a fresh transaction will not meet. */
export class RoundCollision extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RoundCollision';
  }
}

/**
 * True for faults of the moment or of the surroundings, which say nothing about the messages of the batch. After them the
 * whole batch is tried again, also when the fault was met at COMMIT and nobody knows its outcome.
 */
export function isTransient(error: unknown): boolean {
  if (error instanceof RoundCollision) return true;
  if (isOfOldPlan(error)) return true;
  const { code, constraint, routine, name, message } = faultOf(error);
  if (typeof code === 'string' && (transientClasses.test(code) || transientCodes.has(code))) return true;
  if (code === '23505' && typeof constraint === 'string') return racedKeys.has(constraint);
  // A log or inbox without a partition for the row: the housekeeping is late, and no message can help it.
  if (routine === 'ExecFindPartition') return true;
  return name === 'QueryRunnerAlreadyReleasedError' || lostConnection.test(message ?? '');
}

/** A migration changed what a prepared statement answers with: its connection cannot run it any more, and a new one can. */
export function isOfOldPlan(error: unknown): boolean {
  return faultOf(error).routine === 'RevalidateCachedQuery';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

interface Fault {
  readonly code?: unknown;
  readonly constraint?: unknown;
  readonly routine?: unknown;
  readonly name?: string;
  readonly message?: string;
}

/** The driver's own error, out of TypeORM's wrapping. */
export function faultOf(error: unknown): Fault {
  if (typeof error !== 'object' || error === null) return {};
  const { driverError } = error as { driverError?: unknown };
  return typeof driverError === 'object' && driverError !== null ? driverError : error;
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html: connection exception, transaction rollback,
// insufficient resources, operator intervention, system error.
const transientClasses = /^(08|40|53|57|58)[0-9A-Z]{3}$/;

const transientCodes = new Set([
  '55P03', // lock_not_available
  '25P03', // idle_in_transaction_session_timeout
  '25006', // read_only_sql_transaction: a standby that was promoted, or a primary that no longer is one
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

const racedKeys = new Set(['stream_head_pkey', 'idempotency_pkey']);

// What pg and its pool say without a code.
const lostConnection =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|Query read timeout|timeout exceeded when trying to connect|timeout expired|Cannot use a pool after calling end)/;
