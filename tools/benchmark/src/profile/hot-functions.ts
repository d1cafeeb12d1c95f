import { z } from 'zod';

/** What V8 writes: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile. */
export const cpuProfile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});
export type CpuProfile = z.infer<typeof cpuProfile>;

export interface HotFunction {
  readonly name: string;
  readonly place: string;
  readonly selfMs: number;
  /** Of the time in which the process was busy. */
  readonly share: number;
}

const notBusy = new Set(['(idle)', '(root)']);

/** The functions in which most time was spent, themselves and not what they called. */
export function hotFunctions({ nodes, samples, timeDeltas }: CpuProfile, count: number): HotFunction[] {
  const byId = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const selfUs = new Map<string, { name: string; place: string; us: number }>();
  let busyUs = 0;
  for (const [index, id] of samples.entries()) {
    const frame = byId.get(id);
    if (!frame || notBusy.has(frame.functionName)) continue;
    const us = timeDeltas[index] ?? 0;
    busyUs += us;
    const place = placeOf(frame);
    const name = frame.functionName || '(anonymous)';
    const key = `${name} ${place}`;
    const found = selfUs.get(key) ?? { name, place, us: 0 };
    found.us += us;
    selfUs.set(key, found);
  }
  return [...selfUs.values()]
    .sort((a, b) => b.us - a.us)
    .slice(0, count)
    .map(({ name, place, us }) => ({ name, place, selfMs: us / 1000, share: us / busyUs }));
}

/** A bundle is one file, so its lines say little: see the profile itself, with the source map beside the bundle. */
function placeOf({ url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  if (url === '') return 'native';
  return `${url.split('/').slice(-2).join('/')}:${lineNumber + 1}`;
}
