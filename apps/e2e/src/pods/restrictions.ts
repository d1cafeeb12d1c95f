import type { RunningPods } from './running-pods.js';

const script = `
  echo "$(id -u):$(id -g)"
  grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/1/status
  touch /written 2>&1 || true
`;

/** What a process of each pod cannot do, asked inside. A sentence for everything that is not as the manifest says. */
export async function loosened(pods: RunningPods): Promise<string[]> {
  const faults = await Promise.all(
    pods.services.map(async (pod) => {
      const said = await pods.inside(pod, script);
      const wanted: readonly (readonly [RegExp, string])[] = [
        [new RegExp(`^${pod.user}$`, 'm'), `does not run as ${pod.user}`],
        [/^CapEff:\s*0+$/m, 'has capabilities'],
        [/^CapBnd:\s*0+$/m, 'could get capabilities'],
        [/^NoNewPrivs:\s*1$/m, 'could get privileges'],
        [/^Seccomp:\s*2$/m, 'may make every system call'],
        [/Read-only file system/, 'writes to its root file system'],
      ];
      return wanted.filter(([isSo]) => !isSo.test(said)).map(([, fault]) => `${pod.name} ${fault}.`);
    }),
  );
  return faults.flat();
}
