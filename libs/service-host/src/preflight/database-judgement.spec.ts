import { describe, expect, it } from '@jest/globals';
import type { DatabaseFacts } from './database-facts.js';
import { judgeDatabase } from './database-judgement.js';

const safe: DatabaseFacts = {
  versionNumber: 180_004,
  version: '18.4',
  fsync: 'on',
  fullPageWrites: 'on',
  synchronousCommit: 'on',
  isolation: 'read committed',
  isStandby: false,
  clock: { askedAtMs: 1_000_000, toldMs: 1_000_002.5, answeredAtMs: 1_000_004 },
};

function judge(more: Partial<DatabaseFacts> = {}) {
  return judgeDatabase({ ...safe, ...more }, { clockDifferenceMaxMs: 5_000 });
}

describe('a database', () => {
  it('that keeps what it commits is fit', () => {
    expect(judge()).toEqual([]);
  });

  it.each([150_000, 150_004, 181_234])('of version %i is fit', (versionNumber) => {
    expect(judge({ versionNumber })).toEqual([]);
  });

  it('of a version that nobody mends any more is not', () => {
    expect(judge({ versionNumber: 140_020, version: '14.20' })).toEqual([
      { sentence: 'PostgreSQL 14.20 is too old: upgrade the server to 15 or later.' },
    ]);
  });

  it.each([
    ['fsync', { fsync: 'off' }, /fsync=off, so a crash .* can lose or damage .*: set fsync=on/],
    ['full_page_writes', { fullPageWrites: 'off' }, /full_page_writes=off, so .*: set full_page_writes=on/],
    [
      'synchronous_commit',
      { synchronousCommit: 'off' },
      /synchronous_commit=off .* loses commits .*: set it to on, by/,
    ],
  ])('without %s forgets, which only a test may allow', (_setting, facts, sentence) => {
    expect(judge(facts)).toEqual([{ sentence: expect.stringMatching(sentence), isAboutDurability: true }]);
  });

  it.each(['local', 'on', 'remote_write', 'remote_apply'])('that commits with synchronous_commit=%s is fit', (mode) => {
    expect(judge({ synchronousCommit: mode })).toEqual([]);
  });

  it.each([
    ['a standby', { isStandby: true }, /^DATABASE_URL leads to a standby.*: let it lead to the primary\.$/],
    ['serializable', { isolation: 'serializable' }, /^Transactions run in serializable, but .*: let the pooler/],
    ['repeatable read', { isolation: 'repeatable read' }, /^Transactions run in repeatable read, but /],
  ])('that is %s is unfit for every purpose', (_what, facts, sentence) => {
    expect(judge(facts)).toEqual([{ sentence: expect.stringMatching(sentence) }]);
  });

  it('with several faults is told all of them', () => {
    expect(judge({ versionNumber: 130_000, fsync: 'off', synchronousCommit: 'off', isStandby: true })).toHaveLength(4);
  });
});

describe('the clock of the database', () => {
  const told = (toldMs: number, wayMs = 4) =>
    judge({ clock: { askedAtMs: 1_000_000, toldMs, answeredAtMs: 1_000_000 + wayMs } });

  it.each([
    ['within the time on the way', 1_000_002],
    ['as far behind as is allowed', 995_000],
    ['as far ahead as is allowed', 1_005_004],
  ])('may be %s', (_where, toldMs) => {
    expect(told(toldMs)).toEqual([]);
  });

  it('may be anywhere within an answer that took long, since nobody knows better', () => {
    expect(told(1_029_000, 30_000)).toEqual([]);
  });

  it.each([
    [994_999, "This machine's clock is 5.0 s ahead of the database's"],
    [900_000, "This machine's clock is 100.0 s ahead of the database's"],
    [1_005_005, "This machine's clock is 5.0 s behind the database's"],
  ])('must not be further away: %i', (toldMs, beginning) => {
    expect(told(toldMs)).toEqual([
      {
        sentence: `${beginning}, and CLOCK_DIFFERENCE_MAX_MS allows 5000 ms: let both follow the same time server.`,
      },
    ]);
  });
});
