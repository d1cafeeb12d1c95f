import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bundles = fileURLToPath(new URL('../../../dist/', import.meta.url));

interface Edit {
  readonly find: RegExp;
  readonly replace: string;
}

/** The contract library without the second version: what it cannot find in its catalogue it cannot read. */
const withoutContract: Edit = { find: /^ +paymentDeclinedV2,\n/gm, replace: '' };

/** What takes the second version of a decline out of today's bundles, so that they are as before it was thought of. */
const edits: Readonly<Record<'order' | 'payment', readonly Edit[]>> = {
  order: [
    withoutContract,
    {
      find: /"payment\.declined\.v1": [^\n]*\(upcast\(event\)\)[^\n]*\n +"payment\.declined\.v2": (\w+),/g,
      replace: '"payment.declined.v1": $1,',
    },
  ],
  payment: [
    withoutContract,
    { find: /fact\("payment\.declined\.v2", \{[^}]*\}\),/g, replace: '' },
    { find: /^ +"payment\.declined\.v2",\n/gm, replace: '' },
  ],
};

/** Writes the program of a service as it was before `payment.declined.v2`, and answers with the file to run. */
export function programOfYesterday(service: keyof typeof edits, directory: string): string {
  const home = join(directory, service);
  cpSync(join(bundles, service), home, { recursive: true, filter: (path) => !path.endsWith('.map') });
  const program = join(home, 'main.mjs');
  writeFileSync(program, edits[service].reduce(edited, readFileSync(program, 'utf8')));
  return program;
}

function edited(text: string, { find, replace }: Edit): string {
  const times = text.match(find)?.length ?? 0;
  if (times !== 1) throw new Error(`${find} is in the bundle ${times} times, and not once: adapt the edit to it`);
  return text.replace(find, replace);
}
