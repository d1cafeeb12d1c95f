import type { Repository } from '../src/participant.js';

/** Another round runs to its end, once, between a round's look for the heads and its reading of the states. */
export function interrupted<Command, State, Event>(
  repository: Repository<Command, State, Event>,
  elsewhere: () => Promise<unknown>,
): Repository<Command, State, Event> {
  let waiting: (() => Promise<unknown>) | undefined = elsewhere;
  return {
    ...repository,
    async load(tx, commands) {
      await tx.query('select 1'); // Behind the look for the heads.
      await waiting?.();
      waiting = undefined;
      return repository.load(tx, commands);
    },
  };
}
