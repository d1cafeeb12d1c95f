/** What a kind of fault is about; two faults of one group never overlap. */
export type FaultGroup = 'replicas' | 'servers' | 'connections' | 'provider' | 'traffic';

interface FaultKindDefinition {
  readonly group: FaultGroup;
  readonly meaning: string;
  /** How long it lasts, until what it broke is let come back. */
  readonly lastsMs: readonly [least: number, most: number];
  /** Planned at most once in a run. */
  readonly once?: true;
}

const replicas = 'replicas';
const servers = 'servers';
const connections = 'connections';
const provider = 'provider';
const traffic = 'traffic';

export const faultKinds = {
  'replica-killed': { group: replicas, lastsMs: [300, 4000], meaning: 'kill -9 of a replica of a service' },
  'replica-frozen': {
    group: replicas,
    lastsMs: [6000, 9000],
    meaning: 'SIGSTOP of a replica for longer than its leases last, then SIGCONT',
  },
  'crash-point': {
    group: replicas,
    lastsMs: [4000, 7000],
    meaning: 'every replica of a service ends at one named step: before or after a commit, a publish, an ack',
  },
  'rolling-restart': { group: replicas, lastsMs: [500, 1500], meaning: 'SIGTERM and start of every replica in turn' },
  'node-drained': {
    group: replicas,
    lastsMs: [500, 1500],
    meaning: 'SIGTERM of one replica of every service at once, and their start later, as when a node is drained',
  },
  'broker-killed': { group: servers, lastsMs: [200, 3000], meaning: 'kill -9 and restart of RabbitMQ' },
  'broker-frozen': { group: servers, lastsMs: [3000, 9000], meaning: 'SIGSTOP of RabbitMQ, then SIGCONT' },
  'broker-memory-alarm': { group: servers, lastsMs: [3000, 8000], meaning: 'RabbitMQ blocks all publishers' },
  'database-killed': { group: servers, lastsMs: [200, 3000], meaning: 'kill -9 and restart of PostgreSQL' },
  'connections-cut': { group: connections, lastsMs: [1000, 5000], meaning: 'connections end, and new ones too' },
  'connections-reset': { group: connections, lastsMs: [2000, 5000], meaning: 'connections are reset, again and again' },
  'connections-delayed': { group: connections, lastsMs: [3000, 7000], meaning: 'every packet comes late' },
  'connections-throttled': { group: connections, lastsMs: [3000, 7000], meaning: 'few bytes pass per second' },
  'connections-silent': {
    group: connections,
    lastsMs: [4000, 9000],
    meaning: 'nothing passes in one direction, and nobody is told',
  },
  'provider-slow': { group: provider, lastsMs: [3000, 7000], meaning: 'the provider takes up to three seconds' },
  'provider-failing': { group: provider, lastsMs: [3000, 7000], meaning: 'the provider answers 503 to most calls' },
  'provider-answers-lost': {
    group: provider,
    lastsMs: [3000, 7000],
    meaning: 'the provider does what it is asked, and the answer is lost',
  },
  'webhooks-late': { group: provider, lastsMs: [3000, 7000], meaning: 'webhooks come seconds late' },
  'webhooks-doubled': { group: provider, lastsMs: [3000, 7000], meaning: 'every webhook comes twice' },
  'provider-killed': { group: provider, lastsMs: [300, 3000], meaning: 'kill -9 and restart of the provider' },
  'duplicate-deliveries': {
    group: traffic,
    lastsMs: [2000, 5000],
    meaning: 'copies of events are published again, late and out of order',
  },
  'hot-sku': {
    group: traffic,
    lastsMs: [1000, 4000],
    once: true,
    meaning: 'ten times as many buyers as there are pieces, at the same time',
  },
  garbage: { group: traffic, lastsMs: [1000, 2000], meaning: 'what no contract knows is on the exchange' },
} as const satisfies Record<string, FaultKindDefinition>;

export type FaultKind = keyof typeof faultKinds;

export const allFaultKinds = Object.keys(faultKinds) as readonly FaultKind[];

export function definitionOf(kind: FaultKind): FaultKindDefinition {
  return faultKinds[kind];
}
