import { beforeEach, describe, expect, it } from '@jest/globals';
import { Registry, silentLogger } from '@quadrille/observability';
import { TaskGuard } from './task-guard.js';
import type { Task, TaskResult } from './task-worker.js';

class NotFound extends Error {}

const cause = { correlationId: 'spec', causationId: 'spec' };
const first = (name: string): Task => ({ stream: `order-${name}`, task: 'charge', attempts: 0, cause });
const retry = (name: string): Task => ({ ...first(name), attempts: 1 });
const answer: TaskResult<string> = { kind: 'answer', command: 'Done' };
const succeed = async () => answer;
const fail = async (): Promise<TaskResult<string>> => {
  throw new Error('no answer');
};

let nowMs: number;
let registry: Registry;
let guard: TaskGuard;

beforeEach(() => {
  nowMs = 0;
  registry = new Registry();
  guard = new TaskGuard({
    dependency: 'bank',
    retry: { attemptsMax: Infinity, firstDelayMs: 100, factor: 2, delayMaxMs: 1000 },
    budget: { retryPercent: 50, reserve: 1, retriesPerSecond: 1 },
    breaker: { failuresInARow: 3, openMs: 5000 },
    isAnswer: (error) => error instanceof NotFound,
    registry,
    logger: silentLogger,
    nowMs: () => nowMs,
  });
});

async function failing(...tasks: Task[]): Promise<void> {
  for (const task of tasks) await expect(guard.run(task, fail)).rejects.toThrow('no answer');
}

describe('a try', () => {
  it('that is answered is handed on', async () => {
    expect(await guard.run(first('a'), succeed)).toBe(answer);
  });

  it('again needs the budget that first tries fill', async () => {
    await failing(first('a'), retry('a'));
    const postponed = await guard.run(retry('a'), succeed);
    expect(postponed).toEqual({ kind: 'postpone', reason: 'bank: budget', delayMs: expect.any(Number) });
    await failing(first('b'));
    await guard.run(first('c'), succeed);
    expect(await guard.run(retry('a'), succeed)).toBe(answer);
  });

  it('that is put off for want of budget comes at a random time within the longest wait', async () => {
    await failing(first('a'), retry('a'));
    const waits = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const result = await guard.run(retry('a'), succeed);
        return result.kind === 'postpone' ? result.delayMs : Number.NaN;
      }),
    );
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...waits)).toBeLessThan(1000);
    expect(new Set(waits).size).toBe(200);
  });
});

describe('when nobody gets an answer', () => {
  beforeEach(() => failing(first('a'), first('b'), first('c')));

  it('nobody asks, not even for the first time, and comes when one has found out', async () => {
    expect(await guard.run(first('d'), succeed)).toEqual({
      kind: 'postpone',
      reason: 'bank: breaker',
      delayMs: expect.any(Number),
    });
    const result = await guard.run(first('d'), succeed);
    expect(result.kind === 'postpone' && result.delayMs >= 5000 && result.delayMs < 6000).toBe(true);
  });

  it('one asks after a while without any budget, and its answer lets the others in', async () => {
    nowMs = 5000;
    for (let spent = 0; spent < 20; spent++) void guard.run(retry('a'), () => new Promise(() => undefined));
    expect(await metric('quadrille_task_tries_total{dependency="bank",kind="retry"}')).toBe(1);
    expect(await metric('quadrille_breaker_open{dependency="bank"}')).toBe(1);
  });

  it('an error that is an answer is one: the other side is there', async () => {
    nowMs = 5000;
    const refuse = () => Promise.reject(new NotFound('no such charge'));
    await expect(guard.run(retry('a'), refuse)).rejects.toThrow(NotFound);
    expect(await metric('quadrille_breaker_open{dependency="bank"}')).toBe(0);
    expect(await guard.run(first('d'), succeed)).toBe(answer);
  });
});

it('a task that fails again and again for a reason of its own does not keep the others away', async () => {
  await failing(first('a'));
  for (nowMs = 1000; nowMs < 10_000; nowMs += 1000) await failing(retry('a'));
  expect(await guard.run(first('b'), succeed)).toBe(answer);
});

it('counts what it lets through and what it puts off', async () => {
  await failing(first('a'), retry('a'), first('b'));
  await guard.run(retry('b'), succeed);
  await failing(first('c'));
  await guard.run(first('d'), succeed);
  expect(await metric('quadrille_task_tries_total{dependency="bank",kind="first"}')).toBe(3);
  expect(await metric('quadrille_task_tries_total{dependency="bank",kind="retry"}')).toBe(1);
  expect(await metric('quadrille_tasks_postponed_total{dependency="bank",reason="budget"}')).toBe(1);
  expect(await metric('quadrille_tasks_postponed_total{dependency="bank",reason="breaker"}')).toBe(1);
});

it('shares its metrics with the guards before others', async () => {
  const options = { dependency: 'post', registry, logger: silentLogger, isAnswer: () => false };
  const other = new TaskGuard({
    ...options,
    retry: { attemptsMax: Infinity, firstDelayMs: 100, factor: 2, delayMaxMs: 1000 },
    budget: { retryPercent: 50, reserve: 1, retriesPerSecond: 1 },
    breaker: { failuresInARow: 3, openMs: 5000 },
  });
  await failing(first('a'), first('b'), first('c'));
  await other.run(first('a'), succeed);
  expect(await metric('quadrille_breaker_open{dependency="bank"}')).toBe(1);
  expect(await metric('quadrille_breaker_open{dependency="post"}')).toBe(0);
  expect(await metric('quadrille_task_tries_total{dependency="post",kind="first"}')).toBe(1);
});

async function metric(sample: string): Promise<number> {
  const line = (await registry.metrics()).split('\n').find((text) => text.startsWith(`${sample} `));
  return Number(line?.slice(sample.length));
}
