import type { PlumbingMutant } from './plumbing-mutant.js';

const src = 'libs/messaging/src';
const publisherSpec = `${src}/confirmed-publisher.int.spec.ts`;
const streamSpec = `${src}/partition-stream.int.spec.ts`;
const topologySpec = `${src}/topology.int.spec.ts`;
const crashSpec = 'libs/messaging/test/crash-points.int.spec.ts';
const listenerSpec = `${src}/listener-strategy.int.spec.ts`;

/** Bugs between the services and the broker. */
export const messagingMutants: readonly PlumbingMutant[] = [
  {
    name: 'not mandatory',
    breaks: 'an event that no queue takes is not taken for published',
    file: `${src}/confirmed-channel.ts`,
    edits: [{ find: 'mandatory: true', replace: 'mandatory: false' }],
    noticedBy: { spec: publisherSpec, test: 'does not know an event that no queue took' },
  },
  {
    name: 'a nack is taken for a confirm',
    breaks: 'an event that a full queue refused is published again',
    file: `${src}/confirmed-channel.ts`,
    edits: [
      {
        find: `return error.message === 'message nacked' ? 'nack' : 'closed';`,
        replace: `return error.message === 'message nacked' ? undefined : 'closed';`,
      },
    ],
    noticedBy: { spec: publisherSpec, test: 'does not know an event that a full queue refused' },
  },
  {
    name: 'a confirm is waited for without a deadline',
    breaks: 'a broker that falls silent does not stop publishing for ever',
    file: `${src}/confirmed-channel.ts`,
    edits: [
      {
        find: `        if (!this.inFlight.has(entry)) return;\n`,
        replace: `        return;\n`,
      },
    ],
    noticedBy: { spec: publisherSpec, test: 'makes an event unknown when its confirm is late' },
  },
  {
    name: 'the publisher has two in flight per subject',
    breaks: 'an event is not overtaken by a later one of its subject',
    file: `${src}/confirmed-publisher.ts`,
    edits: [
      {
        find: 'before ? before.then(() => this.join(event)) : this.join(event)',
        replace: 'this.join(event)',
      },
    ],
    noticedBy: { spec: publisherSpec, test: 'keeps a later event of a subject back when an earlier one is unknown' },
  },
  {
    name: 'confirms in flight are not waited for',
    breaks: 'a stop knows what the broker has',
    file: `${src}/confirmed-channel.ts`,
    edits: [{ find: '    await Promise.allSettled(this.sending);\n', replace: '' }],
    noticedBy: { spec: publisherSpec, test: 'refuses events once it is closed, and has confirmed those in flight' },
  },
  {
    name: 'no error listener',
    breaks: 'a connection that breaks does not end the process',
    file: `${src}/connection.ts`,
    edits: [{ find: `resource.on('error', (error: Error) => (reason = error.message));`, replace: '' }],
    noticedBy: { spec: streamSpec, test: 'comes back after the broker ended the connection' },
    endsProcess: true,
  },
  {
    name: 'full queues drop their oldest message',
    breaks: 'a message that was confirmed is never dropped',
    file: `${src}/queue-arguments.ts`,
    edits: [{ find: `'x-overflow': 'reject-publish'`, replace: `'x-overflow': 'drop-head'` }],
    noticedBy: {
      spec: publisherSpec,
      test: 'does not know an event that a full queue refused',
    },
  },
  {
    name: 'acknowledged by the broker itself',
    breaks: 'a message that nobody handled comes again',
    file: `${src}/consumer.ts`,
    edits: [{ find: '{ noAck: false }', replace: '{ noAck: true }' }],
    noticedBy: {
      spec: streamSpec,
      test: 'gives no more at once than was asked for, and again what was not acknowledged',
    },
  },
  {
    name: 'an acknowledgement covers what came before',
    breaks: 'only what was committed is acknowledged',
    file: `${src}/unacknowledged.ts`,
    edits: [{ find: 'const [oldestLeft = Infinity] = this.left.keys();', replace: 'const oldestLeft = Infinity;' }],
    noticedBy: {
      spec: streamSpec,
      test: 'gives no more at once than was asked for, and again what was not acknowledged',
    },
  },
  {
    name: 'acknowledged twice',
    breaks: 'a message that is settled already does not cost the channel',
    file: `${src}/unacknowledged.ts`,
    edits: [
      {
        find: 'return left !== undefined && left.delete(part) && left.size === 0 && this.left.delete(deliveryTag);',
        replace:
          'return left === undefined || (left.delete(part) && left.size === 0 && this.left.delete(deliveryTag));',
      },
    ],
    noticedBy: { spec: streamSpec, test: 'survives a message that is acknowledged twice' },
  },
  {
    name: 'a batch is acknowledged with the first of its events',
    breaks: 'an event is acknowledged only after its own commit',
    file: `${src}/unacknowledged.ts`,
    edits: [{ find: ' && left.size === 0', replace: '' }],
    noticedBy: { spec: streamSpec, test: 'is acknowledged with the last of them: until then all of them come again' },
  },
  {
    name: 'a batch has the routing key of its first event alone',
    breaks: 'an event comes to the queue of its own partition',
    file: `${src}/event-messages.ts`,
    edits: [{ find: '{ CC: [...otherKeys] }', replace: '{}' }],
    noticedBy: { spec: publisherSpec, test: 'come to each queue of a reader with more partitions' },
  },
  {
    name: 'a batch is taken whole from each queue that it came to',
    breaks: 'an event is handled by the owner of its partition alone',
    file: `${src}/partition-stream.ts`,
    edits: [
      { find: '    if (this.isElsewhere(delivery)) return this.consumer.acknowledge([delivery]);\n', replace: '' },
      { find: '  private isElsewhere(', replace: '  isElsewhere(' },
    ],
    noticedBy: { spec: publisherSpec, test: 'come to each queue of a reader with more partitions' },
  },
  {
    name: 'a copy keeps the routing keys of its batch',
    breaks: 'what is set aside does not come back by another way',
    file: `${src}/set-aside-copy.ts`,
    edits: [{ find: `, 'CC', 'BCC']`, replace: ']' }],
    noticedBy: { spec: streamSpec, test: 'sets aside once, and does not bring back' },
  },
  {
    name: 'batches of any depth are taken apart',
    breaks: 'a hostile message does not stop its partition',
    file: `${src}/event-messages.ts`,
    edits: [{ find: 'const depthMax = 64;', replace: 'const depthMax = Infinity;' }],
    noticedBy: { spec: streamSpec, test: 'sets aside once, and does not bring back' },
  },
  {
    name: 'events of several partitions share a message',
    breaks: 'a queue that is missing is not hidden by another that is there',
    file: `${src}/confirmed-publisher.ts`,
    edits: [{ find: 'partitionOf(slotOf(event.subject), partitions)', replace: 'partitionOf(0, partitions)' }],
    noticedBy: { spec: publisherSpec, test: 'share messages of twenty events of one type and one partition' },
  },
  {
    name: 'the consumer is cancelled first',
    breaks: 'the next owner does not overtake what is buffered here',
    file: `${src}/consumer.ts`,
    edits: [
      { find: '{ noAck: false }', replace: '{ noAck: false, consumerTag: `tag of ${queue}` }' },
      {
        find: 'close: ({ channel }) => closeGently(channel),',
        replace: `close: async ({ channel }) => {
        await channel.cancel(\`tag of \${options.queue}\`).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 500));
        await closeGently(channel);
      },`,
      },
    ],
    noticedBy: { spec: streamSpec, test: 'hands over to the next consumer without overtaking' },
  },
  {
    name: 'a consumer that the broker cancelled stays away',
    breaks: 'a queue that comes back is consumed again',
    file: `${src}/consumer.ts`,
    edits: [
      {
        find: `if (!message) return cancel('the broker cancelled the consumer');`,
        replace: `if (!message) return void cancel;`,
      },
    ],
    noticedBy: { spec: streamSpec, test: 'subscribes again when its queue was deleted and is declared again' },
  },
  {
    name: 'no prefetch',
    breaks: 'a slow replica does not take what others could handle',
    file: `${src}/consumer.ts`,
    edits: [{ find: 'await channel.prefetch(prefetch);', replace: 'await channel.prefetch(prefetch * 0);' }],
    noticedBy: { spec: streamSpec, test: 'holds no more than its prefetch' },
  },
  {
    name: 'a message is acknowledged before its copy is confirmed',
    breaks: 'garbage that is set aside is not lost',
    file: `${src}/partition-stream.ts`,
    edits: [
      {
        find: `    await outgoing.send(setAsideCopy(`,
        replace: `    this.acknowledge([message]);\n    await outgoing.send(setAsideCopy(`,
      },
    ],
    noticedBy: { spec: streamSpec, test: 'keeps a message that could not be set aside' },
  },
  {
    name: 'a replayed dead letter leaves its queue first',
    breaks: 'a replay that fails loses nothing',
    file: `${src}/set-aside.ts`,
    edits: [
      {
        find: `        await broker.outgoing.send(copyOf(message, replayAddress(message, queue)));\n`,
        replace: `        channel.ack(message);\n        await broker.outgoing.send(copyOf(message, replayAddress(message, queue)));\n`,
      },
      { find: '      if (!isOver()) channel.ack(message);\n', replace: '' },
    ],
    noticedBy: { spec: `${src}/set-aside.int.spec.ts`, test: 'do not go away when they cannot arrive' },
  },
  {
    name: 'what comes while slots move is left behind',
    breaks: 'a change of the number of partitions loses nothing',
    file: `${src}/topology.ts`,
    edits: [{ find: '    await moveLatecomers(model, queue, serviceExchange(service));\n', replace: '' }],
    noticedBy: { spec: topologySpec, test: 'loses nothing that comes in while the slots move' },
  },
  {
    name: 'queues are moved while messages are left',
    breaks: 'a change of the number of partitions keeps each key’s order',
    file: `${src}/topology.ts`,
    edits: [{ find: '    await refuseToLoseMessages(model, record, wanted);\n', replace: '' }],
    noticedBy: { spec: topologySpec, test: 'refuses another number of partitions while messages are left' },
  },
  {
    name: 'a listener that fails is acknowledged',
    breaks: 'a message whose handler failed is tried again',
    file: `${src}/listener-strategy.ts`,
    edits: [{ find: 'if (failure === undefined) return', replace: 'if (failure !== this.broker) return' }],
    noticedBy: { spec: listenerSpec, test: 'tries again after growing waits and succeeds' },
  },
  {
    name: 'a listener has one attempt',
    breaks: 'a message whose handler failed is tried again',
    file: `${src}/retry-queues.ts`,
    edits: [
      {
        find: 'if (delayMs === undefined) return undefined;',
        replace: 'if (delayMs === undefined || attempt > 0) return undefined;',
      },
    ],
    noticedBy: { spec: listenerSpec, test: 'tries again after growing waits and succeeds' },
  },
  {
    name: 'a listener acknowledges before its copy is confirmed',
    breaks: 'a process that ends between two attempts loses no message',
    file: `${src}/listener-strategy.ts`,
    edits: [
      {
        find: `        await failpoint('listener.replacing');\n`,
        replace: `        await failpoint('listener.replacing');\n        await this.acknowledge(delivery);\n`,
      },
    ],
    noticedBy: { spec: crashSpec, test: 'and whose process ends between the copy and the acknowledgement' },
  },
  {
    name: 'what broke off stays unacknowledged',
    breaks: 'a message whose handling broke off comes again, and takes nobody’s place',
    file: `${src}/listener-strategy.ts`,
    edits: [{ find: '        this.consumer?.giveBack(delivery);\n', replace: '' }],
    noticedBy: { spec: crashSpec, test: 'handles or sets aside every event all the same, and acknowledges each' },
  },
  {
    name: 'headers of any size are sent again',
    breaks: 'a hostile message does not stop its partition',
    file: `${src}/set-aside-copy.ts`,
    edits: [{ find: 'const originalHeaderBytesMax = 8_192;', replace: 'const originalHeaderBytesMax = Infinity;' }],
    noticedBy: { spec: streamSpec, test: 'sets a message aside whose headers are as large as can be' },
  },
  {
    name: 'consuming shares the connection that publishes',
    breaks: 'a broker that blocks publishers does not stop consuming',
    file: `${src}/broker.ts`,
    edits: [{ find: `this.consuming = connection('consume');`, replace: 'this.consuming = this.publishing;' }],
    noticedBy: {
      spec: 'libs/service-host/test/memory-alarm.int.spec.ts',
      test: 'goes on consuming and answers commands, while its log absorbs',
    },
  },
  {
    name: 'headers that cannot be written again are copied',
    breaks: 'a message that cannot be read leaves its queue',
    file: `${src}/set-aside-copy.ts`,
    edits: [{ find: ' && isSendable(value),', replace: ' && value !== undefined,' }],
    noticedBy: {
      spec: streamSpec,
      test: 'sets a message aside with headers that are read and cannot be written again',
    },
  },
  {
    name: 'whoever waited for a broker in vain is kept until it comes',
    breaks: 'the memory of a process does not grow while the broker is away',
    file: `${src}/confirmed-channel.ts`,
    edits: [{ find: '      takeBack();\n', replace: '      void takeBack;\n' }],
    noticedBy: { spec: `${src}/confirmed-channel.spec.ts`, test: 'keeps nothing of the messages' },
  },
];
