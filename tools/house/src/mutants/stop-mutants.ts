import type { PlumbingMutant } from './plumbing-mutant.js';

const src = 'libs/event-log/src';
const leasesSpec = `${src}/leases.int.spec.ts`;
const logSpec = `${src}/event-log.int.spec.ts`;
const stoppingSpec = `${src}/stopping.int.spec.ts`;
const relaySpec = `${src}/relay.int.spec.ts`;
const taskSpec = `${src}/task-loop.int.spec.ts`;
const aloneSpec = `${src}/log-signal-alone.int.spec.ts`;

/** Bugs in how a replica stops, pauses, is taken for gone, and tells the others. */
export const stopMutants: readonly PlumbingMutant[] = [
  {
    name: 'a stop waits for every client',
    breaks: 'nobody who holds a connection open keeps a service from its ordered stop',
    file: 'libs/service-host/src/http/http-platform.ts',
    edits: [
      {
        find: "    connections.end(lastWait, (requests) => options.logger.warn({ requests }, 'not answered in time'));\n",
        replace: '',
      },
    ],
    noticedBy: {
      spec: 'libs/service-host/test/process.int.spec.ts',
      test: 'that is asked to end waits for nobody who asks for nothing or never ends to ask',
    },
  },
  {
    name: 'a stop works on until the step of the leases has ended',
    breaks: 'a stop begins no new round',
    file: `${src}/leases.ts`,
    edits: [{ find: 'await Promise.all([this.handOverAll(), rest]);', replace: 'await rest;' }],
    noticedBy: { spec: leasesSpec, test: 'a stop hands over at once, though a step is under way' },
  },
  {
    name: 'a stop keeps what was acquired meanwhile',
    breaks: 'a partition is free for others when its owner has stopped',
    file: `${src}/leases.ts`,
    edits: [{ find: 'this.loop.stop().then(() => this.handOverAll())', replace: 'this.loop.stop()' }],
    noticedBy: { spec: leasesSpec, test: 'a stop hands over at once, though a step is under way' },
  },
  {
    name: 'what was acquired meanwhile works until the slowest has handed over',
    breaks: 'a stop begins no new round',
    file: `${src}/leases.ts`,
    edits: [
      {
        find:
          'const rest = this.loop.stop().then(() => this.handOverAll());\n' +
          '      await Promise.all([this.handOverAll(), rest]);',
        replace: 'await Promise.all([this.handOverAll(), this.loop.stop()]);\n      await this.handOverAll();',
      },
    ],
    noticedBy: { spec: leasesSpec, test: 'a stop hands over at once, though a step is under way' },
  },
  {
    name: 'a slow heartbeat is a death',
    breaks: 'a replica that lives keeps its share',
    file: `${src}/leases.ts`,
    edits: [{ find: 'or id = $1 order by id', replace: 'and $1 is not null order by id' }],
    noticedBy: { spec: leasesSpec, test: 'a replica whose heartbeat took longer than a lease' },
  },
  {
    name: 'partitions are held while a round is in flight',
    breaks: 'from then on nothing commits',
    file: `${src}/partition-hold.ts`,
    edits: [{ find: 'order by partition for update', replace: 'order by partition' }],
    noticedBy: { spec: leasesSpec, test: 'whoever takes all partitions to move them waits' },
  },
  {
    name: 'a round locks its leases as they come',
    breaks: 'a round and a move of partitions do not wait for each other in a circle',
    file: `${src}/round-start.ts`,
    edits: [{ find: '       order by partition\n', replace: '' }],
    noticedBy: { spec: leasesSpec, test: 'a round that waits for one of its leases keeps none' },
  },
  {
    name: 'a stopping consumer takes more',
    breaks: 'a stop begins nothing new',
    file: `${src}/partition-consumer.ts`,
    edits: [{ find: 'brake.on || this.stopping', replace: 'brake.on' }],
    noticedBy: { spec: stoppingSpec, test: 'what comes when a stop has begun does not join' },
  },
  {
    name: 'a lost lease leaves the database away',
    breaks: 'the status says what is',
    file: `${src}/partition-consumer.ts`,
    edits: [{ find: 'what the database itself has told.\n    this.databaseAway(false);', replace: '' }],
    noticedBy: { spec: logSpec, test: 'a database that has come back to say that the lease is lost' },
  },
  {
    name: 'a task that was claimed during a stop is begun',
    breaks: 'a stop begins nothing new',
    file: `${src}/task-loop.ts`,
    edits: [{ find: 'if (this.loop.isStopping) return', replace: 'if (claimed.length < 0) return' }],
    noticedBy: { spec: taskSpec, test: 'what a replica claims when its stop has begun' },
  },
  {
    name: 'a deadline that was claimed during a stop is decided',
    breaks: 'a stop begins nothing new',
    file: `${src}/deadline-loop.ts`,
    edits: [{ find: 'if (this.loop.isStopping) {', replace: 'if (due.length < 0) {' }],
    noticedBy: { spec: taskSpec, test: 'what a replica claims when its stop has begun' },
  },
  {
    name: 'a relay that drains is not to go on',
    breaks: 'relays that were paused go on when they are told to',
    file: `${src}/relay.ts`,
    edits: [{ find: 'this.lease.isToPause || this.term.resting', replace: 'this.lease.isToPause' }],
    noticedBy: { spec: relaySpec, test: 'a relay that was told to go on while it drained' },
  },
  {
    name: 'each topic of a commit is a notification of its own',
    breaks: 'a notification is a transaction, and a commit needs one',
    file: `${src}/log-signal.ts`,
    edits: [{ find: 'queueMicrotask(() => void this.send());', replace: 'void this.send();' }],
    noticedBy: { spec: aloneSpec, test: 'all that one commit raises is one notification' },
  },
];
