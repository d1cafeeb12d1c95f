import { z } from 'zod';

/** Schemas for the text of an environment variable: each says in its message what the variable must be. */

export function text() {
  return z.string();
}

/** Never shown in an error's message. */
export function secret({ lengthMin }: { readonly lengthMin: number }) {
  return z.string().min(lengthMin, `must be at least ${lengthMin} characters long`).meta({ secret: true });
}

export function count({
  min = 1,
  max = Number.MAX_SAFE_INTEGER,
}: { readonly min?: number; readonly max?: number } = {}) {
  return wholeNumber(min, max, '');
}

export function flag() {
  return parsed('must be 0 or 1', (value) => (value === '1' ? true : value === '0' ? false : undefined));
}

export function days({ min = 1, max = 36_500 }: { readonly min?: number; readonly max?: number } = {}) {
  return wholeNumber(min, max, ' of days');
}

export function milliseconds({ min = 1, max = 2_147_483_647 }: { readonly min?: number; readonly max?: number } = {}) {
  return wholeNumber(min, max, ' of milliseconds');
}

/** An address with one of these protocols; it may carry a password, so it is never shown. */
export function address(...protocols: readonly string[]) {
  const expected = protocols.map((protocol) => `${protocol}//`).join(' or ');
  return parsed(`must be a URL that starts with ${expected}`, (value) =>
    URL.canParse(value) && protocols.includes(new URL(value).protocol) ? value : undefined,
  ).meta({ secret: true });
}

export function oneOf<const Choice extends string>(...choices: readonly Choice[]) {
  return parsed(`must be one of ${choices.join(', ')}`, (value) => choices.find((choice) => choice === value));
}

/** One or more of the choices, with commas between. */
export function listOf<const Choice extends string>(...choices: readonly Choice[]) {
  return parsed(`must be a list of ${choices.join(', ')} with commas between`, (value) => {
    const items = value.split(',').map((item) => choices.find((choice) => choice === item.trim()));
    return items.every((item) => item !== undefined) ? [...new Set(items)] : undefined;
  });
}

function wholeNumber(min: number, max: number, unit: string) {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return parsed(`must be a whole number${unit} ${range}`, (value) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    return number >= min && number <= max ? number : undefined;
  });
}

function parsed<Value>(message: string, parse: (value: string) => Value | undefined) {
  return z.string().transform((value, context): Value => {
    const result = parse(value);
    if (result !== undefined) return result;
    context.issues.push({ code: 'custom', message, input: value });
    return z.NEVER;
  });
}
