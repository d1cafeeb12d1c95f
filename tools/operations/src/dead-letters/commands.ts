import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { parseEvent, services, type ServiceName } from '@quadrille/contracts';
import { complain, Failure, say, UsageError } from '../command-line/ends.js';
import type { Given, Option, Usage } from '../command-line/options.js';
import { momentOf, oneOf, positiveNumber, required } from '../command-line/values.js';
import { System, systemNote, systemOptions } from '../system/system.js';
import {
  addressOf,
  type Letter,
  type LetterAddress,
  type LetterDetails,
  type LetterFilter,
  type ServiceLetterAddress,
} from './letter.js';
import { Letters, type Found } from './letters.js';
import { letterPage, letterTable, replayedSentence } from './print.js';

export interface Subcommand {
  readonly usage: Usage;
  /** Resolves with the exit code. */
  run(given: Given): Promise<number>;
}

const statuses = ['waiting', 'retrying', 'dead', 'discarded'] as const;

const filterOptions = {
  status: { value: 'status', help: `one of ${statuses.join(', ')}` },
  key: { value: 'order id', help: 'only of this key' },
  type: { value: 'type', help: 'only of this event type, like order.placed.v1' },
  code: { value: 'code', help: 'only with this code, as the list shows it' },
  'older-than': {
    value: 'age',
    help: 'first held before this moment or so long ago: 2026-01-31T12:00:00Z, 10m, 2h, 1d',
  },
} satisfies Record<string, Option>;
const service = {
  value: 'service',
  multiple: true,
  help: `one of ${services.join(', ')}; may be given again; all if not`,
};
const listener = {
  value: 'name',
  multiple: true,
  help: 'also what the @OnEvent handlers of this service of yours gave up; may be given again',
};
const json = { help: 'answer with JSON' };
const dryRun = { help: 'say what would be done, and do nothing' };
const by = { value: 'name', help: 'who does it, for the record (you)' };
const reason = { value: 'text', help: 'why, for the record' };
const notes = [systemNote];

const list: Subcommand = {
  usage: {
    line: 'dead-letters -- list [options]',
    summary: 'Lists what is held or dead, oldest first: in the services, and in the dead-letter queues of the broker.',
    options: { service, listener, ...filterOptions, json, ...systemOptions },
    notes,
  },
  async run(given) {
    noMore(given.positionals, 0);
    const { letters, problems } = await lettersOf(given).list(filterOf(given));
    if (given.has('json')) say(JSON.stringify(letters, null, 2));
    else if (letters.length > 0 || problems.length === 0) say(letterTable(letters));
    problems.forEach(complain);
    return problems.length > 0 ? 1 : 0;
  },
};

const show: Subcommand = {
  usage: {
    line: 'dead-letters -- show <id> [options]',
    summary: 'Shows all there is to know of one letter: reason, stack, body, and what was done to it.',
    options: { service, json, ...systemOptions },
    notes,
  },
  async run(given) {
    return showLetter(given, await lettersOf(given).show(oneAddress(given)));
  },
};

const edit: Subcommand = {
  usage: {
    line: 'dead-letters -- edit <id> --file <body.json> --reason <text> [options]',
    summary: 'Mends the body of a letter of a service. What came is kept beside it, and a replay tries the mended one.',
    options: {
      file: {
        value: 'file',
        help: 'the whole mended event as JSON, with the same id and subject; - reads standard input',
      },
      reason,
      by,
      'dry-run': dryRun,
      service,
      json,
      ...systemOptions,
    },
    notes,
  },
  async run(given) {
    const address = atService(oneAddress(given), 'edited');
    const body = bodyFrom(required(given, 'file', 'it names the mended body'));
    const why = required(given, 'reason', 'the record says why');
    const letters = lettersOf(given);
    const parsed = parseEvent(Buffer.from(body));
    if (parsed.kind !== 'event') throw new Failure(`The mended body would not be understood either: ${parsed.reason}.`);
    if (given.has('dry-run')) {
      const { id, body: before } = await letters.show(address);
      say(`Would change the body of ${id} from\n${before}\nto\n${body.trimEnd()}`);
      return 0;
    }
    const change = { body, by: byOf(given), reason: why };
    return showLetter(given, await letters.service(address.service).edit(address.id, change));
  },
};

const replay: Subcommand = {
  usage: {
    line: 'dead-letters -- replay <id …> | <filters> | --all [options]',
    summary: 'Has letters tried again, oldest first: those named, or all dead ones that the filters let through.',
    options: {
      all: { help: 'everything that is dead' },
      ...filterOptions,
      rate: { value: 'n', help: 'so many a second at most' },
      'dry-run': dryRun,
      by,
      service,
      listener,
      json,
      ...systemOptions,
    },
    notes: [
      'A letter still waits for the older ones of its key, and what was handled meanwhile is not handled again.',
      ...notes,
    ],
  },
  async run(given) {
    const perSecond = positiveNumber(given, 'rate');
    const { letters: chosen, problems } = await chosenFor(given);
    problems.forEach(complain);
    if (given.has('dry-run')) {
      say(given.has('json') ? JSON.stringify({ wouldReplay: chosen.map(({ id }) => id) }) : letterTable(chosen));
      if (!given.has('json')) say(`Would replay ${chosen.length}.`);
      return problems.length > 0 ? 1 : 0;
    }
    const result = await lettersOf(given).replay(chosen, { by: byOf(given), perSecond });
    say(given.has('json') ? JSON.stringify(result) : replayedSentence(result));
    for (const { id, reason } of result.failed) complain(`${id}: ${reason}`);
    return result.failed.length + problems.length > 0 ? 1 : 0;
  },
};

const discard: Subcommand = {
  usage: {
    line: 'dead-letters -- discard <id …> --reason <text> [options]',
    summary: 'Gives letters of a service up. Each stays in the record with who, when and why; its key goes on.',
    options: { reason, by, 'dry-run': dryRun, service, json, ...systemOptions },
    notes,
  },
  async run(given) {
    const because = { by: byOf(given), reason: required(given, 'reason', 'the record says why') };
    const letters = lettersOf(given);
    const addresses = addressesOf(given).map((address) => atService(address, 'discarded'));
    if (given.has('dry-run')) {
      const { letters: found, problems } = await letters.showAll(addresses);
      const open = found.filter(({ status }) => status !== 'discarded');
      say(given.has('json') ? JSON.stringify(open, null, 2) : `Would discard ${listed(open)}.`);
      problems.forEach(complain);
      return problems.length > 0 ? 1 : 0;
    }
    const { discarded, already, failed } = await letters.discard(addresses, because);
    if (given.has('json')) say(JSON.stringify([...discarded, ...already], null, 2));
    else {
      if (discarded.length > 0) say(`Discarded ${listed(discarded)}.`);
      if (already.length > 0) say(`Discarded already: ${listed(already)}.`);
    }
    for (const { id, reason } of failed) complain(`${id} is not discarded: ${reason}`);
    return failed.length > 0 ? 1 : 0;
  },
};

export const subcommands: Readonly<Record<string, Subcommand>> = { list, show, edit, replay, discard };

function lettersOf(given: Given): Letters {
  return new Letters(new System(given), servicesOf(given), [...new Set(given.texts('listener'))]);
}

function servicesOf(given: Given): readonly ServiceName[] {
  const named = given.texts('service').map((name) => oneOf('service', name, services));
  return named.length > 0 ? [...new Set(named)] : services;
}

function filterOf(given: Given): LetterFilter {
  const status = given.text('status');
  const olderThan = given.text('older-than');
  return {
    status: status === undefined ? undefined : oneOf('status', status, statuses),
    key: given.text('key'),
    type: given.text('type'),
    code: given.text('code'),
    olderThan: olderThan === undefined ? undefined : momentOf('older-than', olderThan, new Date()),
  };
}

/** The letters that a replay is about: by their ids, or the dead ones that the filter lets through. */
async function chosenFor(given: Given): Promise<Found> {
  const filter = filterOf(given);
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  const isNamed = given.positionals.length > 0;
  if (isNamed && (given.has('all') || isFiltered))
    throw new UsageError('Name letters by their ids or choose them by filters, not both.');
  if (!isNamed && !given.has('all') && !isFiltered && given.texts('service').length === 0)
    throw new UsageError('Name the ids of letters, give a filter, or say --all.');
  const letters = lettersOf(given);
  if (isNamed) return letters.showAll(addressesOf(given));
  return letters.list({ ...filter, status: filter.status ?? 'dead' });
}

function addressesOf(given: Given): readonly LetterAddress[] {
  if (given.positionals.length === 0) throw new UsageError('The id of a letter is missing: the list shows them.');
  const chosen = given.texts('service').length > 0 ? servicesOf(given) : [];
  return given.positionals.map((id) => addressOf(id, chosen));
}

function oneAddress(given: Given): LetterAddress {
  noMore(given.positionals, 1);
  const [address] = addressesOf(given);
  if (address) return address;
  throw new UsageError('The id of a letter is missing: the list shows them.');
}

function atService(address: LetterAddress, done: string): ServiceLetterAddress {
  if (address.place === 'service') return address;
  throw new UsageError(
    `Letters at the broker have no key and no record: they can be listed and replayed, not ${done}.`,
  );
}

function noMore(positionals: readonly string[], max: number): void {
  const unexpected = positionals[max];
  if (unexpected !== undefined) throw new UsageError(`${JSON.stringify(unexpected)} is more than is expected here.`);
}

function listed(letters: readonly Letter[]): string {
  return letters.length > 0 ? letters.map(({ id }) => id).join(', ') : 'nothing';
}

function byOf(given: Given): string {
  return given.text('by') ?? userInfo().username;
}

function bodyFrom(file: string): string {
  try {
    return readFileSync(file === '-' ? process.stdin.fd : file, 'utf8');
  } catch (error) {
    throw new Failure(`The mended body cannot be read: ${(error as Error).message}.`, { cause: error });
  }
}

function showLetter(given: Given, letter: LetterDetails): number {
  say(given.has('json') ? JSON.stringify(letter, null, 2) : letterPage(letter));
  return 0;
}
