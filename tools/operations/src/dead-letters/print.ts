import { table } from '../command-line/table.js';
import type { Letter, LetterDetails, Replayed } from './letter.js';

export function letterTable(letters: readonly Letter[]): string {
  if (letters.length === 0) return 'There are none.';
  return table(
    ['id', 'status', 'type', 'key', 'code', 'attempts', 'first', 'reason'],
    letters.map(({ id, status, type, key, code, attempts, firstAt, reason }) => [
      ...[id, status, type ?? '-', key ?? '-', code, String(attempts), firstAt ?? '-', reason],
    ]),
  );
}

export function letterPage(letter: LetterDetails): string {
  const { edited, replayed, closed } = letter;
  const facts: [string, string | null][] = [
    ['id', letter.id],
    ['service', letter.service],
    ['status', letter.status],
    ['type', letter.type],
    ['key', letter.key],
    ['message', letter.messageId],
    ['code', letter.code],
    ['reason', letter.reason],
    ['attempts', String(letter.attempts)],
    ['trace', letter.traceId],
    ['first', letter.firstAt],
    ['last', letter.lastAt],
    ['next', letter.nextAt],
    ['edited', edited && `${edited.at} by ${edited.by}: ${edited.reason}`],
    ['replayed', replayed && `${replayed.at} by ${replayed.by}`],
    ['discarded', closed && `${closed.at} by ${closed.by}: ${closed.reason}`],
  ];
  return [
    ...facts
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name.padEnd(10)} ${printable(value ?? '')}`),
    ...section('stack', letter.stack),
    ...section(edited ? 'body as edited' : 'body', pretty(letter.body)),
    ...section('body as it came', edited && pretty(edited.originalBody)),
  ].join('\n');
}

export function replayedSentence({ replayed, gone, failed }: Replayed): string {
  return [
    `${replayed.length} replayed`,
    ...(gone.length > 0 ? [`${gone.length} not there any more`] : []),
    ...(failed.length > 0 ? [`${failed.length} failed`] : []),
  ].join(', ');
}

function section(title: string, text: string | null): string[] {
  return text === null ? [] : ['', `${title}:`, printable(text)];
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    // Garbage is shown as it is.
    return body;
  }
}

/** Control characters of somebody's message do nothing to the terminal; lines stay lines. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '\u{fffd}');
}
