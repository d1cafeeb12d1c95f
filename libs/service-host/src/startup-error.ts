/** Waiting will not mend it, a person will: the message is one sentence that says what to do. */
export class StartupError extends Error {
  override readonly name = 'StartupError';

  constructor(reason: string) {
    super(reason.endsWith('.') ? reason : `${reason}.`);
  }
}
