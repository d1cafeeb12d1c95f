import { z } from 'zod';
import { invalidParameter } from './errors.js';

export type Form = { [name: string]: string | Form };

/** Stripe's forms nest by brackets: `metadata[orderId]=1` is `{ metadata: { orderId: '1' } }`; lists number their items. */
export function nest(flat: unknown): Form {
  const form: Form = Object.create(null) as Form;
  for (const [name, value] of Object.entries((flat ?? {}) as Record<string, string | string[]>)) {
    const path = name.split(/[[\]]+/).filter((part) => part !== '');
    const last = path.pop();
    if (last === undefined || path.length > 4)
      throw invalidParameter('parameter_unknown', `Received unknown parameter: ${name}`, name);
    let place = form;
    for (const part of path) {
      const inner = (place[part] ??= Object.create(null) as Form);
      if (typeof inner === 'string') throw invalidParameter('parameter_invalid', `Invalid parameter: ${name}`, name);
      place = inner;
    }
    place[last] = Array.isArray(value) ? (value.at(-1) ?? '') : value;
  }
  return form;
}

/** Parses a nested form, or answers 400 about its first fault as Stripe does. */
export function parseForm<Shape extends z.ZodType>(shape: Shape, flat: unknown): z.infer<Shape> {
  const form = nest(flat);
  const parsed = shape.safeParse(form);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const param = [...(issue?.path ?? []), ...(issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [])]
    .map(String)
    .reduce((name, part) => (name === '' ? part : `${name}[${part}]`), '');
  if (issue?.code === 'unrecognized_keys')
    throw invalidParameter('parameter_unknown', `Received unknown parameter: ${param}`, param);
  if (issue?.path.length === 1 && form[param] === undefined)
    throw invalidParameter('parameter_missing', `Missing required param: ${param}.`, param);
  throw invalidParameter('parameter_invalid', `Invalid ${param}: ${issue?.message ?? 'unreadable'}`, param);
}

/** Up to 50 keys of 40 characters with values of 500, as Stripe allows; an empty value removes a key. */
export const metadata = z
  .record(z.string().min(1).max(40), z.string().max(500))
  .refine((entries) => Object.keys(entries).length <= 50, 'may have at most 50 keys')
  .transform((entries) => Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== '')))
  .default({});

export const positiveInteger = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, 'must be a positive integer')
  .transform(Number);

export const id = z.string().min(1).max(255);
