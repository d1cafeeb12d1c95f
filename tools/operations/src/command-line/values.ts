import { UsageError } from './ends.js';
import type { Given } from './options.js';

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30s`, `10m`, `2h` or `1d`, in milliseconds. */
export function durationMs(name: string, text: string): number {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const factor = unitMs[unit ?? ''];
  if (factor === undefined)
    throw new UsageError(`--${name} is a duration like 30s, 10m, 2h or 1d, but is ${JSON.stringify(text)}.`);
  return Number(amount) * factor;
}

/** A moment, or a duration before now. As ISO 8601. */
export function momentOf(name: string, text: string, now: Date): string {
  const time = Date.parse(text);
  if (/^\d{4}-/.test(text) && !Number.isNaN(time)) return new Date(time).toISOString();
  if (/^\d+[smhd]$/.test(text)) return new Date(now.getTime() - durationMs(name, text)).toISOString();
  throw new UsageError(
    `--${name} is a moment like 2026-01-31T12:00:00Z or an age like 30s, 10m, 2h or 1d, but is ${JSON.stringify(text)}.`,
  );
}

export function positiveNumber(given: Given, name: string): number | undefined {
  const text = given.text(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value > 0) return value;
  throw new UsageError(`--${name} is a number above 0, but is ${JSON.stringify(text)}.`);
}

export function oneOf<const Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new UsageError(`--${name} is one of ${choices.join(', ')}, but is ${JSON.stringify(text)}.`);
}

export function required(given: Given, name: string, why: string): string {
  const text = given.text(name);
  if (text !== undefined && text.trim() !== '') return text;
  throw new UsageError(`--${name} is missing: ${why}.`);
}
