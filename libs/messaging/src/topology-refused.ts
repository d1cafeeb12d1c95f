/** Something that waiting does not mend: a person has to decide. */
export class TopologyRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TopologyRefused';
  }
}

const accessRefused = 403;
const preconditionFailed = 406;

/** Why the broker refuses a declaration for good, in a sentence; `undefined` for any other error, which may pass. */
export function refusalOf(error: unknown): string | undefined {
  const { code, message } = error as Error & { code?: unknown };
  if (code === accessRefused)
    return `The broker's user may not declare what it has to (${message}): give it the permission, or declare with a user that has it.`;
  if (code !== preconditionFailed) return undefined;
  const [, argument, kind, name, wanted, found] = inequivalent.exec(message) ?? [];
  if (name === undefined) return `The broker refuses a declaration: ${message}.`;
  const values = wanted === undefined ? '' : `, where this version needs ${wanted}`;
  const mend = kind === 'queue' ? 'stop who uses it, let it drain, delete it' : 'stop who uses it, delete it';
  return `The ${kind} ${name} was declared with ${argument} = ${found ?? 'something else'}${values}: ${mend}, and run the setup step, or start its listener, again.`;
}

// As RabbitMQ 3.10 and 4 say it: ... inequivalent arg 'x-delivery-limit' for queue 'a' in vhost '/': received the value
// '10' of type 'long' but current is the value '20' of type 'signedint'.
const inequivalent =
  /inequivalent arg '([^']+)' for (queue|exchange) '([^']+)' in vhost '.*?': received (.+?) but current is (.+?)"?$/;
