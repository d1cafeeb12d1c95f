import type { PlumbingMutant } from './plumbing-mutant.js';

const src = 'libs/event-log/src';
const relaySpec = `${src}/relay.int.spec.ts`;
const logSpec = `${src}/event-log.int.spec.ts`;
const stoppingSpec = `${src}/stopping.int.spec.ts`;
const leasesSpec = `${src}/leases.int.spec.ts`;
const taskSpec = `${src}/task-loop.int.spec.ts`;
const lingerSpec = `${src}/group-commit.spec.ts`;
const aloneSpec = `${src}/log-signal-alone.int.spec.ts`;

/** Bugs in what runs by itself: relay, consumers, leases, deadlines and tasks. */
export const loopMutants: readonly PlumbingMutant[] = [
  {
    name: 'the relay skips what is unknown',
    breaks: 'every event is on the wire at least once',
    file: `${src}/relay-lanes.ts`,
    edits: [{ find: 'if (this.ended) return false;\n    }\n  }', replace: 'return true;\n    }\n  }' }],
    noticedBy: { spec: relaySpec, test: 'a rejection means unknown: the same event comes again' },
  },
  {
    name: 'the relay has two in flight per subject',
    breaks: 'first copies come in their stream’s order',
    file: `${src}/relay.ts`,
    edits: [
      { find: 'lane: subjectOf(stream), position', replace: 'lane: `${subjectOf(stream)}/${position}`, position' },
    ],
    noticedBy: { spec: relaySpec, test: 'one unconfirmed event per subject, many subjects at a time' },
  },
  {
    name: 'the checkpoint runs ahead of the confirms',
    breaks: 'a standby that takes over skips nothing',
    file: `${src}/relay-window.ts`,
    edits: [
      {
        find: 'return this.position > before;',
        replace: 'this.position = Math.max(this.position, position);\n    return this.position > before;',
      },
    ],
    noticedBy: { spec: relaySpec, test: 'when the active relay vanishes, its standby takes over' },
  },
  {
    name: 'a row that cannot be announced is passed over',
    breaks: 'a row that does not fit its contract is seen, and never skipped',
    file: `${src}/relay-lanes.ts`,
    edits: [
      { find: '        onRetry(events ?', replace: '        if (!events) return true;\n        onRetry(events ?' },
    ],
    noticedBy: {
      spec: relaySpec,
      test: 'a row that does not fit its contract stops its subject, loudly, and is never passed over',
    },
  },
  {
    name: 'a relay without its lease moves the checkpoint',
    breaks: 'only the active relay says what is published',
    file: `${src}/relay-lease.ts`,
    edits: [
      {
        find: `where name = 'relay' and owner = $1 and epoch = $2 returning paused`,
        replace: `where name = 'relay' and coalesce($1::text, $2::text, '') <> '' returning paused`,
      },
    ],
    noticedBy: {
      spec: relaySpec,
      test: 'a relay that slept through its lease knows it at once, and moves no checkpoint',
    },
  },
  {
    name: 'two relays are active',
    breaks: 'one relay of a service publishes, so that order is kept',
    file: `${src}/relay-lease.ts`,
    edits: [{ find: `(owner is null or owner = $1 or expires_at < clock_timestamp())`, replace: `true` }],
    noticedBy: { spec: relaySpec, test: 'a lease that is held is not given to a second relay' },
  },
  {
    name: 'the relay publishes although relays are paused',
    breaks: 'queues and bindings can be changed while the log absorbs',
    file: `${src}/relay-lease.ts`,
    edits: [{ find: `and not paused and (owner`, replace: `and (owner` }],
    noticedBy: { spec: relaySpec, test: 'paused relays let the log absorb' },
  },
  {
    name: 'what was committed here is published whatever stands before it',
    breaks: 'the relay skips no event of another replica',
    file: `${src}/relay.ts`,
    edits: [{ find: 'position === cursor + 1 + place', replace: 'position + cursor + place > 0' }],
    noticedBy: { spec: relaySpec, test: 'what was committed behind a row of another replica is read together with it' },
  },
  {
    name: 'what was read is published although a round was quicker',
    breaks: 'the relay of a process that does not fail publishes each event once',
    file: `${src}/relay.ts`,
    edits: [{ find: 'if (Number(row.position) > term.cursor) this.take', replace: 'this.take' }],
    noticedBy: { spec: relaySpec, test: 'what was committed while the log is read is not published again' },
  },
  {
    name: 'a process that comes is not told what was kept',
    breaks: 'news that was raised while nobody else was there reaches the first who comes, long before it polls',
    file: `${src}/log-signal.ts`,
    edits: [
      {
        find: '    // Who has just come missed what was kept.\n    void this.send();\n',
        replace: '',
      },
    ],
    noticedBy: { spec: aloneSpec, test: 'the first who comes hears what was kept' },
  },
  {
    name: 'acknowledged before the commit',
    breaks: 'a message that was not committed comes again',
    file: `${src}/partition-consumer.ts`,
    edits: [
      {
        find: `    const outcomes = await this.patiently(() => commit(taken.map(({ item }) => item)));\n`,
        replace: `    stream.acknowledge(taken.map(({ message }) => message));\n    const outcomes = await this.patiently(() => commit(taken.map(({ item }) => item)));\n`,
      },
      {
        find: `    await failpoint('consumer.handled');\n    stream.acknowledge(taken.map(({ message }) => message));\n`,
        replace: `    await failpoint('consumer.handled');\n`,
      },
    ],
    noticedBy: { spec: logSpec, test: 'an owner whose lease was taken commits nothing, acknowledges nothing' },
  },
  {
    name: 'the channel is closed before the running round has ended',
    breaks: 'SIGTERM repeats no effect: what was committed is acknowledged',
    file: `${src}/partition-consumer.ts`,
    edits: [{ find: `    await this.handling.catch(() => undefined);\n`, replace: '' }],
    noticedBy: { spec: stoppingSpec, test: 'stopping lets the running round end and acknowledge, and begins no other' },
  },
  {
    name: 'a message that came again is handled with the others',
    breaks: 'a message that ends the process harms no neighbour, and becomes a dead letter',
    file: `${src}/partition-consumer.ts`,
    edits: [{ find: 'message.deliveryCount < deliveriesTogether', replace: 'message.deliveryCount < 1e9' }],
    noticedBy: { spec: logSpec, test: 'a message that ended the process again and again becomes a dead letter' },
  },
  {
    name: 'garbage goes first',
    breaks: 'garbage that cannot be set aside keeps nobody back who came before it',
    file: `${src}/partition-consumer.ts`,
    edits: [
      {
        find: '      await this.handleTogether(stream, together);\n      together = [];\n      if',
        replace: '      if',
      },
    ],
    noticedBy: { spec: logSpec, test: 'garbage that cannot be set aside now keeps nobody back' },
  },
  {
    name: 'an attempt is not committed before it is made',
    breaks: 'a message that ends the process is counted all the same',
    file: `${src}/delivery-attempts.ts`,
    edits: [{ find: 'attempts = delivery_attempt.attempts + 1', replace: 'attempts = delivery_attempt.attempts' }],
    noticedBy: { spec: logSpec, test: 'a message that ended the process again and again becomes a dead letter' },
  },
  {
    name: 'no brake',
    breaks: 'a bug does not drain whole queues into the held store',
    file: `${src}/consuming-brake.ts`,
    edits: [{ find: 'if (this.keys.size < keysMin) return;', replace: 'return;' }],
    noticedBy: { spec: logSpec, test: 'when most keys fail alike consuming pauses' },
  },
  {
    name: 'deliveries are kept for ever while the database is away',
    breaks: 'a replica without a database leaves its messages to another',
    file: `${src}/partition-consumer.ts`,
    edits: [
      {
        find: 'if (this.stopping || performance.now() - since > this.options.timing.databaseAwayMs)',
        replace: 'if (this.stopping || since < 0)',
      },
    ],
    noticedBy: { spec: logSpec, test: 'without a database the deliveries are kept, then the channel is closed' },
  },
  {
    name: 'a partition is handed over while its work goes on',
    breaks: 'two owners never work on one partition',
    file: `${src}/leases.ts`,
    edits: [
      { find: 'await this.options.holder.handOver(lease);', replace: 'void this.options.holder.handOver(lease);' },
    ],
    noticedBy: { spec: leasesSpec, test: 'a partition is handed over only when its work has ended' },
  },
  {
    name: 'a partition is taken from an owner that lives',
    breaks: 'a partition has one owner',
    file: `${src}/leases.ts`,
    edits: [
      { find: '(owner is null or owner = $1 or expires_at < clock_timestamp())', replace: '(true or owner = $1)' },
    ],
    noticedBy: { spec: leasesSpec, test: 'a partition is handed over only when its work has ended' },
  },
  {
    name: 'a new owner has the epoch of the old one',
    breaks: 'each change of owner can be told from the last',
    file: `${src}/leases.ts`,
    edits: [{ find: 'set owner = $1, epoch = epoch + 1,', replace: 'set owner = $1,' }],
    noticedBy: {
      spec: leasesSpec,
      test: 'replicas that come and go share the partitions, and each change of owner raises the epoch',
    },
  },
  {
    name: 'the sweeper does not claim',
    breaks: 'a deadline and a task have one effect, however many replicas look',
    file: `${src}/agenda-claims.ts`,
    edits: [{ find: `\n           and (claimed_until is null or claimed_until < clock_timestamp())`, replace: '' }],
    noticedBy: { spec: taskSpec, test: 'each task is done by one of the replicas, outside any transaction' },
  },
  {
    name: 'the claim on a slow task is not extended',
    breaks: 'a task that takes long is not begun a second time',
    file: `${src}/task-loop.ts`,
    edits: [
      {
        find: 'this.claims.extend([...this.running.keys()])',
        replace: 'this.claims.extend([...this.running.keys()].slice(0, 0))',
      },
    ],
    noticedBy: { spec: taskSpec, test: 'a slow one keeps its claim' },
  },
  {
    name: 'stopping abandons the task that runs',
    breaks: 'an answer of the provider that is on its way is recorded',
    file: `${src}/task-loop.ts`,
    edits: [{ find: '    await Promise.all(this.running.values());\n', replace: '' }],
    noticedBy: { spec: taskSpec, test: 'stopping waits for the task that runs and commits its answer' },
  },
  {
    name: 'a second step follows an answer that changed nothing',
    breaks: 'a charge is confirmed only right behind the commit of its intent',
    file: `${src}/task-loop.ts`,
    edits: [
      {
        find: `if (outcome?.kind === 'decided' && outcome.events > 0) {`,
        replace: `if (outcome?.kind === 'decided') {`,
      },
    ],
    noticedBy: { spec: taskSpec, test: 'is not taken when the answer changed nothing: the task begins anew' },
  },
  {
    name: 'what came while a task ran is looked for when the loop polls',
    breaks: 'the next task of a stream is begun at once',
    file: `${src}/task-loop.ts`,
    edits: [{ find: ' || this.news > news', replace: '' }],
    noticedBy: { spec: taskSpec, test: 'that came in the round of the answer to the one before is begun at once' },
  },
  {
    name: 'what was more than could be begun is looked for when the loop polls',
    breaks: 'a replica that may do more tasks does them at once',
    file: `${src}/task-loop.ts`,
    edits: [{ find: ' || this.isFull', replace: '' }],
    noticedBy: { spec: taskSpec, test: 'are begun as soon as others end' },
  },
  {
    name: 'what is postponed counts as an attempt',
    breaks: 'a first try that had to wait needs no budget of retries',
    file: `${src}/task-loop.ts`,
    edits: [
      {
        find: 'attempts: entry.attempts, delayMs: result.delayMs',
        replace: 'attempts: entry.attempts + 1, delayMs: result.delayMs',
      },
    ],
    noticedBy: { spec: taskSpec, test: 'what was postponed is no attempt' },
  },
  {
    name: 'a deadline fires before it is due',
    breaks: 'a deadline fires on time, by the clock of the database',
    file: `${src}/agenda-claims.ts`,
    edits: [{ find: 'due_at <= statement_timestamp()', replace: `due_at <= clock_timestamp() + interval '1 hour'` }],
    noticedBy: {
      spec: 'libs/event-log/test/agenda.int.spec.ts',
      test: 'gives out a deadline when the database says that it is due',
    },
  },
  {
    name: 'tables are read as a whole for as long as a plan from their first day is kept',
    breaks: 'an order costs the same, however many there were before it',
    file: `${src}/data-source.ts`,
    edits: [{ find: `enable_seqscan: 'off'`, replace: `enable_seqscan: 'on'` }],
    noticedBy: {
      spec: 'libs/event-log/test/plans.int.spec.ts',
      test: 'what is decided reads no more than it names',
    },
  },
  {
    name: 'heads are joined with all that is there',
    breaks: 'an order costs the same, however many there were before it',
    file: `${src}/stream-heads.ts`,
    edits: [{ find: 'stream_head.stream = any ($1) and ', replace: '' }],
    noticedBy: {
      spec: 'libs/event-log/test/plans.int.spec.ts',
      test: 'what is decided reads no more than it names',
    },
  },
  {
    name: 'what nobody waits for waits for ever',
    breaks: 'what is kept back goes after a moment',
    file: `${src}/departure.ts`,
    edits: [
      {
        find: 'setTimeout(() => this.depart(), this.waitMaxMs)',
        replace: 'setTimeout(() => undefined, this.waitMaxMs)',
      },
    ],
    noticedBy: {
      spec: lingerSpec,
      test: 'waits for a moment at most, counted from the first, and goes together',
    },
  },
  {
    name: 'what came when there was more room is forgotten',
    breaks: 'a message that was taken is handled',
    file: `${src}/intake.ts`,
    edits: [{ find: 'return this.here.splice(0, max).map', replace: 'return this.here.splice(0).slice(0, max).map' }],
    noticedBy: {
      spec: `${src}/intake.spec.ts`,
      test: 'hands on no more than is asked for, of what came when there was more room, and the rest next',
    },
  },
  {
    name: 'whoever comes while others of its partition wait for a round waits for the one behind it',
    breaks: 'a round takes all that is there when it begins',
    file: `${src}/group-commit.ts`,
    edits: [{ find: 'if (room > 0 && call.more)', replace: 'if (room > 1e9 && call.more)' }],
    noticedBy: { spec: lingerSpec, test: 'goes in that round behind what waited, and has its own outcome' },
  },
  {
    name: 'whoever joins others in their round is not acknowledged with them',
    breaks: 'what was handled is acknowledged',
    file: `${src}/partition-consumer.ts`,
    edits: [{ find: '      taken.push(...joining);\n', replace: '' }],
    noticedBy: { spec: `${src}/joining.int.spec.ts`, test: 'goes in that round behind it, and is acknowledged' },
  },
  {
    name: 'consumers keep nothing back',
    breaks: 'what nobody waits for has no round of its own',
    file: `${src}/event-log.ts`,
    edits: [{ find: 'new Set<string>(participant.choreography.deferrable)', replace: 'new Set<string>()' }],
    noticedBy: {
      spec: `${src}/deferrable.int.spec.ts`,
      test: 'waits until something else is decided and shares that round, behind nothing of its key',
    },
  },
];
