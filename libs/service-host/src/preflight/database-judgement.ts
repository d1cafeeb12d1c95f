import type { ClockReading, DatabaseFacts } from './database-facts.js';
import type { Finding } from './finding.js';

/** The oldest major version that PostgreSQL's own project still mends, and the oldest that the suites have run on. */
const oldestMajor = 15;

/** What has to change in PostgreSQL before a service may promise anything on it. */
export function judgeDatabase(facts: DatabaseFacts, limits: { readonly clockDifferenceMaxMs: number }): Finding[] {
  return [
    ...judgeVersion(facts),
    ...judgeDurability(facts),
    ...judgeTransactions(facts),
    ...judgeClock(facts.clock, limits.clockDifferenceMaxMs),
  ];
}

function judgeVersion({ version, versionNumber }: DatabaseFacts): Finding[] {
  if (versionNumber >= oldestMajor * 10_000) return [];
  return [{ sentence: `PostgreSQL ${version} is too old: upgrade the server to ${oldestMajor} or later.` }];
}

/** A commit that was answered must be on disk, whole, whatever ends the process or the machine. */
function judgeDurability({ fsync, fullPageWrites, synchronousCommit }: DatabaseFacts): Finding[] {
  const findings: Finding[] = [];
  const say = (sentence: string) => findings.push({ sentence, isAboutDurability: true });
  if (fsync !== 'on')
    say(
      `PostgreSQL runs with fsync=${fsync}, so a crash of its machine can lose or damage what was committed: set fsync=on in its configuration and reload it.`,
    );
  if (fullPageWrites !== 'on')
    say(
      `PostgreSQL runs with full_page_writes=${fullPageWrites}, so a crash of its machine can leave half-written pages: set full_page_writes=on in its configuration and reload it.`,
    );
  // `local` waits for this server's disk and `remote_*` for a standby as well: only `off` answers before anything is written.
  if (synchronousCommit === 'off')
    say(
      `PostgreSQL runs with synchronous_commit=off for this role or database, so a crash loses commits that were answered: set it to on, by ALTER ROLE, ALTER DATABASE or in the server's configuration.`,
    );
  return findings;
}

function judgeTransactions({ isolation, isStandby }: DatabaseFacts): Finding[] {
  const findings: Finding[] = [];
  if (isStandby)
    findings.push({ sentence: 'DATABASE_URL leads to a standby, which takes no writes: let it lead to the primary.' });
  // The service asks for it in its first packet, so only what stands between, a pooler, can have lost it.
  if (isolation !== 'read committed')
    findings.push({
      sentence: `Transactions run in ${isolation}, but a round has to see what others commit while it waits for a lock: let the pooler before PostgreSQL pass the connection's options on, or set default_transaction_isolation to read committed.`,
    });
  return findings;
}

/**
 * Leases, deadlines and the times of events are the database's, whatever this clock says. But this clock dates the ids of
 * events, by which the inboxes of others forget, decides whether a webhook is too old to be believed, and writes the logs.
 */
function judgeClock(clock: ClockReading, differenceMaxMs: number): Finding[] {
  const differenceMs = clockDifferenceMs(clock);
  if (Math.abs(differenceMs) <= differenceMaxMs) return [];
  const [size, direction] = [(Math.abs(differenceMs) / 1000).toFixed(1), differenceMs > 0 ? 'ahead of' : 'behind'];
  return [
    {
      sentence: `This machine's clock is ${size} s ${direction} the database's, and CLOCK_DIFFERENCE_MAX_MS allows ${differenceMaxMs} ms: let both follow the same time server.`,
    },
  ];
}

/** What the time on the way does not explain: positive where this process is ahead. */
export function clockDifferenceMs({ askedAtMs, toldMs, answeredAtMs }: ClockReading): number {
  if (toldMs < askedAtMs) return askedAtMs - toldMs;
  if (toldMs > answeredAtMs) return answeredAtMs - toldMs;
  return 0;
}
