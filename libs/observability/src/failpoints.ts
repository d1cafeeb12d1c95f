import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Named places in product code at which a test delays, throws, or ends the process. Off unless `QUADRILLE_FAILPOINTS`
 * is set and `NODE_ENV` is not `production`.
 *
 * The variable is a comma-separated list of `name=action[:argument][@nth]`:
 * - `delay:ms` waits before the step;
 * - `throw[:code]` throws before the step, and the step does not happen;
 * - `throw-after[:code]` throws after the step, which has happened;
 * - `exit[:status]` ends the process before the step.
 *
 * With `@nth` only the nth pass acts, otherwise every pass. `round.committing=throw-after:ECONNRESET@3` makes the third
 * COMMIT succeed and look like a lost connection.
 */
export function failpoint(name: string): Promise<void>;
export function failpoint<Result>(name: string, step: () => Promise<Result>): Promise<Result>;
export async function failpoint(name: string, step: () => Promise<unknown> = nothing): Promise<unknown> {
  const planted = plantedActions.get(name);
  if (planted) await planted();
  const action = armed().get(name);
  if (!action || !isDue(action)) return step();
  switch (action.kind) {
    case 'delay':
      await sleep(Number(action.argument));
      return step();
    case 'throw':
      throw new FailpointError(name, action.argument);
    case 'throw-after':
      await step();
      throw new FailpointError(name, action.argument);
    case 'exit':
      return process.exit(Number(action.argument ?? 1));
  }
}

/** Whether anybody acts at this place: for a place that has to be waited for, which nobody does otherwise. */
export function isFailpointSet(name: string): boolean {
  return plantedActions.has(name) || armed().has(name);
}

/** What a failpoint throws. Its `code` is the one asked for, so that it can pass for a lost connection. */
export class FailpointError extends Error {
  constructor(
    name: string,
    readonly code = 'FAILPOINT',
  ) {
    super(`failpoint ${name}`);
    this.name = 'FailpointError';
  }
}

/** For tests in this process: runs `action` at every pass until the answered function is called. */
export function plantFailpoint(name: string, action: () => Promise<void> | void): () => void {
  plantedActions.set(name, action);
  return () => plantedActions.delete(name);
}

const kinds = ['delay', 'throw', 'throw-after', 'exit'] as const;

interface Action {
  readonly kind: (typeof kinds)[number];
  readonly argument: string | undefined;
  readonly nth: number | undefined;
  passes: number;
}

const plantedActions = new Map<string, () => Promise<void> | void>();
let actions: ReadonlyMap<string, Action> | undefined;

/** The variable is read once: its reading costs more than everything else that is done here. */
function armed(): ReadonlyMap<string, Action> {
  actions ??= read();
  return actions;
}

function read(): ReadonlyMap<string, Action> {
  const { NODE_ENV, QUADRILLE_FAILPOINTS = '' } = process.env;
  return NODE_ENV === 'production' || QUADRILLE_FAILPOINTS === '' ? new Map() : parse(QUADRILLE_FAILPOINTS);
}

/** For tests in this process that have changed the variable. */
export function readFailpointsAgain(): void {
  actions = undefined;
}

function parse(text: string): Map<string, Action> {
  return new Map(
    text.split(',').map((part) => {
      const match = /^\s*([\w.-]+)=([a-z-]+)(?::([^@]*))?(?:@(\d+))?\s*$/.exec(part);
      const kind = kinds.find((known) => known === match?.[2]);
      if (!match?.[1] || !kind)
        throw new Error(
          `QUADRILLE_FAILPOINTS: "${part}" is not name=action[:argument][@nth], action one of ${kinds.join(', ')}`,
        );
      return [match[1], { kind, argument: match[3], nth: match[4] ? Number(match[4]) : undefined, passes: 0 }];
    }),
  );
}

function isDue(action: Action): boolean {
  action.passes += 1;
  return action.nth === undefined || action.passes === action.nth;
}

async function nothing(): Promise<void> {
  // A bare failpoint guards no step.
}
