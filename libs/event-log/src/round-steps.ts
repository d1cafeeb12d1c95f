import { beginStep, type Step } from '@quadrille/observability';
import type { Outcome, RoundItem } from './round-types.js';

interface Typed {
  readonly type: string;
}

/**
 * Each item of a round is a step of its own trace, from the begin of the round to its commit. What is decided carries the
 * step, so that whoever hears of it goes on from there.
 */
export async function inSteps<Command extends Typed, State>(
  items: readonly RoundItem<Command, State>[],
  work: (items: readonly RoundItem<Command, State>[]) => Promise<readonly Outcome[]>,
): Promise<readonly Outcome[]> {
  const steps = items.map(stepOf);
  if (steps.every((step) => step === undefined)) return work(items);
  try {
    const outcomes = await work(items.map((item, place) => within(item, steps[place])));
    for (const [place, step] of steps.entries()) {
      const outcome = outcomes[place];
      const error = outcome?.kind === 'failed' ? outcome.error : undefined;
      step?.end({ attributes: { 'quadrille.outcome': outcome?.kind }, error });
    }
    return outcomes;
  } catch (error) {
    for (const step of steps) step?.end({ error });
    throw error;
  }
}

/** Named as OpenTelemetry names the spans of messages: https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ */
function stepOf<Command extends Typed, State>(item: RoundItem<Command, State>): Step | undefined {
  const { traceparent } = item.cause;
  if (item.kind !== 'delivery') return beginStep(`decide ${item.command.type}`, { traceparent });
  const attributes = { 'messaging.system': 'rabbitmq', 'messaging.message.id': item.messageId };
  return beginStep(`process ${item.type}`, { traceparent, kind: 'consumer', attributes });
}

function within<Command, State>(item: RoundItem<Command, State>, step: Step | undefined): RoundItem<Command, State> {
  return step ? { ...item, cause: { ...item.cause, traceparent: step.traceparent } } : item;
}
