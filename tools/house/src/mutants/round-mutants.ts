import type { PlumbingMutant } from './plumbing-mutant.js';

const src = 'libs/event-log/src';
const commitSpec = 'libs/event-log/test/commit.int.spec.ts';
const transactionSpec = 'libs/event-log/test/transaction.int.spec.ts';
const roundSpec = 'libs/event-log/test/round.int.spec.ts';
const groupSpec = 'libs/event-log/test/group-commit.int.spec.ts';
const lingerSpec = 'libs/event-log/src/group-commit.spec.ts';
const gateSpec = 'libs/event-log/test/command-gate.int.spec.ts';
const agendaSpec = 'libs/event-log/test/agenda.int.spec.ts';
const heldSpec = 'libs/event-log/test/held-messages.int.spec.ts';

/** Bugs in the reliable round: one transaction that knows, locks, decides, saves and appends. */
export const roundMutants: readonly PlumbingMutant[] = [
  {
    name: 'the log is locked after the insert',
    breaks: 'a reader by position skips no event of a writer that commits late',
    file: `${src}/log.ts`,
    edits: [
      {
        find: '`with turn as materialized (select pg_advisory_xact_lock(${logLock}))\n     insert',
        replace: '`insert',
      },
      { find: 'from turn, unnest(', replace: 'from unnest(' },
      {
        find: `  // By id: in which order`,
        replace: `  await tx.query('select pg_advisory_xact_lock($1)', [logLock]);\n  // By id: in which order`,
      },
    ],
    noticedBy: { spec: commitSpec, test: 'draws positions while it holds its lock' },
  },
  {
    name: 'published before the commit',
    breaks: 'nothing is on the wire that was not decided in the end',
    file: `${src}/log.ts`,
    edits: [
      {
        find: 'await tx.query<{ id: string; position: string }>(',
        replace: 'await tx.manager.connection.query<{ id: string; position: string }[]>(',
      },
    ],
    noticedBy: { spec: commitSpec, test: 'leaves nothing, and the batch is run again' },
  },
  {
    name: 'no inbox',
    breaks: 'a message takes effect once, however often it comes',
    file: `${src}/inbox.ts`,
    edits: [{ find: 'fresh.map(({ message_id }) => message_id)', replace: 'messageIds ?? fresh' }],
    noticedBy: { spec: roundSpec, test: 'is a duplicate in the same batch and in a later one' },
  },
  {
    name: 'the inbox in a transaction of its own',
    breaks: 'a message whose round fails is handled again, and not taken for known',
    file: `${src}/inbox.ts`,
    edits: [
      { find: 'await tx.query<', replace: 'await tx.manager.connection.query<' },
      { find: '{ message_id: string }>(', replace: '{ message_id: string }[]>(' },
    ],
    noticedBy: { spec: roundSpec, test: 'is held, later ones of its key queue up behind it, and all others pass' },
  },
  {
    name: 'no lease check',
    breaks: 'an expired owner commits nothing',
    file: `${src}/round-start.ts`,
    edits: [{ find: 'if (lost.length > 0)', replace: 'if (lost.length < 0)' }],
    noticedBy: { spec: commitSpec, test: 'refuses the round and stores nothing' },
  },
  {
    name: 'no epoch check',
    breaks: 'an owner that slept while its partition was taken and given back commits nothing',
    file: `${src}/round-start.ts`,
    edits: [
      {
        find: '(partition, owner, epoch) in (select * from unnest($1::int[], $2::text[], $3::bigint[]))',
        replace:
          '(partition, owner) in (select p, o from unnest($1::int[], $2::text[], $3::bigint[]) as own (p, o, e))',
      },
    ],
    noticedBy: { spec: commitSpec, test: 'of an earlier epoch' },
  },
  {
    name: 'the lease is looked at, and not locked',
    breaks: 'nobody takes a partition over while its owner may still commit',
    file: `${src}/round-start.ts`,
    edits: [{ find: '       for key share\n', replace: '' }],
    noticedBy: { spec: commitSpec, test: 'cannot be taken over while a round that checked it may still commit' },
  },
  {
    name: 'a message that may end the process shares its round',
    breaks: 'a message that ends the process harms no neighbour',
    file: `${src}/group-commit.ts`,
    edits: [{ find: '(call.alone || waiting[0]?.alone || items', replace: '(items' }],
    noticedBy: { spec: groupSpec, test: 'what may end the process shares its round with nobody' },
  },
  {
    name: 'a replica rests as if the machine had time to spare',
    breaks: 'rounds are fuller where everybody waits for a processor',
    file: `${src}/group-commit.ts`,
    edits: [{ find: 'onlyMessages && !isMachineFull', replace: 'onlyMessages' }],
    noticedBy: { spec: lingerSpec, test: 'six messages' },
  },
  {
    name: 'whoever was sent messages rests as its sender did',
    breaks: 'messages come together and wait for no more',
    file: `${src}/group-commit.ts`,
    edits: [{ find: 'onlyMessages && !isMachineFull ? 1 : ', replace: '' }],
    noticedBy: { spec: lingerSpec, test: 'six messages' },
  },
  {
    name: 'no version gate',
    breaks: 'versions of a stream are dense, and no update is lost',
    file: `${src}/stream-heads.ts`,
    edits: [
      { find: 'order by stream for update', replace: 'order by stream' },
      { find: ' and stream_head.version = move.expected', replace: '' },
    ],
    noticedBy: { spec: roundSpec, test: 'on the same streams give dense versions and lose no update' },
  },
  {
    name: 'a stream is begun twice',
    breaks: 'versions of a stream are dense, and no update is lost',
    file: `${src}/stream-heads.ts`,
    edits: [{ find: 'if (begun.length !== moves.length) throw begunElsewhere();', replace: '' }],
    noticedBy: { spec: roundSpec, test: 'is decided on as it has become' },
  },
  {
    name: 'a stream that began elsewhere is taken for none',
    breaks: 'who changes nothing is answered with what is true',
    file: `${src}/stream-heads.ts`,
    edits: [{ find: 'if (begun.length > 0) throw begunElsewhere();', replace: '' }],
    noticedBy: { spec: roundSpec, test: 'is answered with its version, also by who changes nothing' },
  },
  {
    name: 'a fold that is newer than its head fails its message',
    breaks: 'a message that comes at an unlucky moment is not set aside for it',
    file: `${src}/event-sourced.ts`,
    edits: [{ find: 'if (head === 0 && before > 0)', replace: 'if (head < 0)' }],
    noticedBy: {
      spec: 'libs/event-log/test/database.int.spec.ts',
      test: 'decides again on what a stream has become that began elsewhere',
    },
  },
  {
    name: 'a version that cannot be read hides the one that can',
    breaks: 'a service of yesterday is not stopped by a version of tomorrow',
    file: `${src}/admission.ts`,
    edits: [{ find: "? { kind: 'copy', item }", replace: "? { kind: 'duplicate' }" }],
    noticedBy: { spec: heldSpec, test: 'is handled although the newer one is a dead letter by then' },
  },
  {
    name: 'the answer to COMMIT is not read',
    breaks: 'a transaction that PostgreSQL rolled back is not taken for success',
    file: `${src}/transaction.ts`,
    edits: [{ find: `if (command !== 'COMMIT')`, replace: `if (command === '')` }],
    noticedBy: { spec: transactionSpec, test: 'a transaction that was aborted and committed all the same' },
  },
  {
    name: 'the begin of a transaction is not waited for',
    breaks: 'a round is committed as a whole or not at all',
    file: `${src}/transaction.ts`,
    edits: [{ find: 'await tx.begin();', replace: 'void tx.begin().catch(() => undefined);' }],
    noticedBy: { spec: transactionSpec, test: 'a transaction whose begin is refused does nothing' },
  },
  {
    name: 'a statement is sent after the end of its transaction',
    breaks: 'nothing of a round is committed that the round did not commit',
    file: `${src}/transaction.ts`,
    edits: [{ find: 'if (this.isOver)', replace: 'if (this.isOver && !this.client)' }],
    noticedBy: { spec: transactionSpec, test: 'are not committed by themselves when one comes after the end' },
  },
  {
    name: 'a broken connection goes back to the pool',
    breaks: 'a transaction does not go on in the next one',
    file: `${src}/transaction.ts`,
    edits: [{ find: `await client.end().catch(() => undefined);`, replace: '' }],
    noticedBy: { spec: commitSpec, test: 'or only falls silent does not carry its transaction into the next one' },
  },
  {
    name: 'a poison message takes its batch along',
    breaks: 'a message that fails harms nobody else',
    file: `${src}/round.ts`,
    edits: [
      {
        find: 'if (items.length === 1 && only) return [await this.setAside(only, error, leases)];',
        replace: 'if (only) return Promise.all(items.map((item) => this.setAside(item, error, leases)));',
      },
    ],
    noticedBy: { spec: roundSpec, test: 'is held, later ones of its key queue up behind it, and all others pass' },
  },
  {
    name: 'a held message holds nobody back',
    breaks: 'messages of one key never overtake each other',
    file: `${src}/held-store.ts`,
    edits: [
      {
        find: `return new Set(held.map(({ key }) => key));`,
        replace: 'return new Set(held.slice(0, 0).map(({ key }) => key));',
      },
    ],
    noticedBy: { spec: roundSpec, test: 'is held, later ones of its key queue up behind it, and all others pass' },
  },
  {
    name: 'an idempotency key is not kept',
    breaks: 'a client that asks again gets the first answer, and nothing happens twice',
    file: `${src}/idempotency.ts`,
    edits: [{ find: 'if (answers.length === 0) return;', replace: 'if (answers.length >= 0) return;' }],
    noticedBy: { spec: gateSpec, test: 'used again gives the first answer, to the byte, whatever happened since' },
  },
  {
    name: 'twins do not wait for each other',
    breaks: 'a client that asks twice at a time gets one answer, and nothing happens twice',
    file: `${src}/idempotency.ts`,
    edits: [{ find: 'if (stored.length !== answers.length) throw answeredElsewhere();', replace: '' }],
    noticedBy: {
      spec: gateSpec,
      test: 'used by concurrent twins decides once and gives all the same answer',
    },
  },
  {
    name: 'a twin is refused for what the other has done',
    breaks: 'a client that asks twice at a time gets one answer',
    file: `${src}/idempotency.ts`,
    edits: [{ find: 'if ((await rowsOf(tx, keys)).length > 0) throw answeredElsewhere();', replace: '' }],
    noticedBy: { spec: gateSpec, test: 'whose twin has taken at the same moment what it asks for' },
  },
  {
    name: 'an idempotency key stands for any body',
    breaks: 'a key that is used again by mistake is refused',
    file: `${src}/admission.ts`,
    edits: [{ find: 'if (stored.bodyHash === idempotency.bodyHash)', replace: 'if (stored)' }],
    noticedBy: { spec: gateSpec, test: 'with another body is refused, also by concurrent requests' },
  },
  {
    name: 'answered before the commit',
    breaks: 'what was answered with success is stored',
    file: `${src}/transaction.ts`,
    edits: [
      {
        find: 'await failpoint(`${name}.committing`, () => commit(client, tx));',
        replace: 'void failpoint(`${name}.committing`, () => commit(client, tx)).catch(() => undefined);',
      },
    ],
    noticedBy: { spec: transactionSpec, test: 'a transaction that was aborted and committed all the same' },
  },
  {
    name: 'a deadline outlives the state that asked for it',
    breaks: 'a deadline is removed in the round that ends the wait',
    file: `${src}/agenda.ts`,
    edits: [{ find: 'if (streams.length > 0)', replace: 'if (streams.length < 0)' }],
    noticedBy: { spec: agendaSpec, test: 'loses it in the round that ends the wait' },
  },
  {
    name: 'a dead letter of what nobody asks for any more',
    breaks: 'a person is asked only where something waits for it, and once',
    file: `${src}/held-messages.ts`,
    edits: [{ find: 'if (!(await layToRest(tx, entry))) return false;', replace: 'await layToRest(tx, entry);' }],
    noticedBy: { spec: heldSpec, test: 'are not kept of what the state asks for no more' },
  },
  {
    name: 'a held message that ends the process is not counted',
    breaks: 'a message that crashes the process becomes a dead letter',
    file: `${src}/held-messages.ts`,
    edits: [{ find: 'if (attempts > this.policy.attemptsMax) return', replace: 'if (attempts < 0) return' }],
    noticedBy: { spec: heldSpec, test: 'whose process ends while it tries them become dead letters too' },
  },
  {
    name: 'a held message leaves the store in a transaction of its own',
    breaks: 'a held message is not lost when its effects are not committed',
    file: `${src}/held-messages.ts`,
    edits: [
      {
        find: 'const [taken] = await tx.query<TakenRow>(',
        replace: 'const [[taken]] = await tx.manager.connection.query<[TakenRow[]]>(',
      },
    ],
    noticedBy: {
      spec: heldSpec,
      test: 'become a dead letter when attempts are used up, and the rest of the key waits for a person',
    },
  },
  {
    name: 'later messages of a key do not wait for a dead letter',
    breaks: 'messages of one key are handled in their order, whatever a person decides',
    file: `${src}/held-messages.ts`,
    edits: [
      {
        find: `         and not exists (
           select from held_message older
           where older.key = held.key and older.id < held.id and older.status <> 'discarded')
       order by id limit $1`,
        replace: `       order by id limit $1`,
      },
      {
        find: `             and not exists (
               select from held_message older
               where older.key = held.key and older.id < held.id and older.status <> 'discarded')
`,
        replace: '',
      },
    ],
    noticedBy: {
      spec: heldSpec,
      test: 'become a dead letter when attempts are used up, and the rest of the key waits for a person',
    },
  },
  {
    name: 'the log is dropped in front of the checkpoint',
    breaks: 'what is not published is never old',
    file: `${src}/maintenance.ts`,
    edits: [
      { find: '> Number(relay?.position ?? 0)) return;', replace: '> Number(relay?.position ?? 0) + 1e9) return;' },
    ],
    noticedBy: {
      spec: 'libs/event-log/src/maintenance.int.spec.ts',
      test: 'the log is dropped only where the service allows it, behind the checkpoint and behind the horizon',
    },
  },
  {
    name: 'the inbox forgets too early',
    breaks: 'a message is known for as long as it may come again',
    file: `${src}/maintenance.ts`,
    edits: [{ find: 'if (at < oldestWeek)', replace: 'if (at <= oldestWeek)' }],
    noticedBy: {
      spec: 'libs/event-log/src/maintenance.int.spec.ts',
      test: 'the inbox is dropped by whole weeks when the newest of a week is out of retention',
    },
  },
  {
    name: 'synchronous_commit is off',
    breaks: 'what was answered survives a crash of the database server',
    file: `${src}/data-source.ts`,
    edits: [{ find: `jit: 'off',`, replace: `jit: 'off', synchronous_commit: 'off',` }],
    noticedBy: {
      spec: 'libs/event-log/test/database.int.spec.ts',
      test: 'no connection asks for less durability than the server has',
    },
  },
];
