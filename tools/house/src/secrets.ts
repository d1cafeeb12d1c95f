import { lintSource } from '@secretlint/core';
import { creator as knownProviders } from '@secretlint/secretlint-rule-preset-recommend';

/** What looks like a secret in one file, a sentence each. What is in `known` may be there. */
export async function secretsIn(file: string, text: string, known: readonly KnownValue[]): Promise<string[]> {
  // Out of sight, in the way that variables are: what stands beside it on its line is still seen.
  const unknown = known.reduce((rest, { value }) => rest.replaceAll(value, '${known}'), text);
  return [...ours(file, unknown), ...(await ofProviders(file, unknown))];
}

/** A value that looks like a secret, and why it is none. */
export interface KnownValue {
  readonly value: string;
  readonly why: string;
}

interface Shape {
  readonly what: string;
  readonly looksSo: RegExp;
  /** Where it is looked for; everywhere by default. */
  readonly files?: RegExp;
}

const secretName = '(password|passwd|token|secret|api[-_]?key)';

/** What Quadrille itself has to do with, and what has no shape of its own but stands where a secret does. */
const shapes: readonly Shape[] = [
  { what: 'a private key', looksSo: /-----BEGIN [A-Z ]*PRIVATE KEY-----/ },
  { what: 'a Stripe key', looksSo: /\b(sk|rk)_(live|test)_\w{8,}/ },
  { what: 'a webhook secret', looksSo: /\bwhsec_\w{8,}/ },
  { what: 'an access key', looksSo: /\bAKIA[0-9A-Z]{16}\b/ },
  { what: 'a token', looksSo: /\beyJ[\w-]{10,}\.[\w-]{10,}/ },
  { what: 'a URL with a password', looksSo: /\w+:\/\/[^\s:/$@{`'"]+:[^\s/$@{(`'"]+@/ },
  {
    what: 'a value for a secret',
    looksSo: new RegExp(`${secretName}["']?\\s*[:=]\\s*(["'\`])[^\\s"'\`$][^\\s"'\`$]{5,}\\2`, 'i'),
  },
  {
    what: 'a value for a secret',
    looksSo: new RegExp(`^\\s*-?\\s*[\\w.-]*${secretName}:\\s*(?!true|false|null)[^\\s"'{$][^\\s"'{]{5,}`, 'i'),
    files: /\.(ya?ml|md)$/, // Elsewhere a word without quotes is a variable.
  },
  { what: 'a Secret', looksSo: /^kind: Secret$/ },
  {
    // But not what TypeORM calls a migration: a name, and the milliseconds of its making.
    what: 'something random',
    looksSo:
      /(?<![\w/+.-])(?![A-Za-z]+\d{13}\b)(?=[A-Za-z0-9+/]*[0-9])(?=[A-Za-z0-9+/]*[A-Z])[A-Za-z0-9+/]{28,}={0,2}(?![\w/+-])/,
  },
];

function ours(file: string, text: string): string[] {
  const sought = shapes.filter(({ files }) => files?.test(file) ?? true);
  return text
    .split('\n')
    .flatMap((line, index) =>
      sought.filter(({ looksSo }) => looksSo.test(line)).map(({ what }) => `${file}:${index + 1} has ${what}.`),
    );
}

/** The tokens of clouds, registries and the like, in shapes that Secretlint keeps up with. */
async function ofProviders(file: string, text: string): Promise<string[]> {
  const { messages } = await lintSource({
    source: { filePath: file, content: text, contentType: 'text', ext: '' },
    options: { config: { rules: [{ id: 'providers', rule: knownProviders }] } },
  });
  return messages.map(({ loc, messageId }) => `${file}:${loc.start.line} has ${messageId}.`);
}
