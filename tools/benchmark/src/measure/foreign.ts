import { readFileSync } from 'node:fs';

/** CPU milliseconds that all processes of the machine have used together, since it began. */
export function busyMs(): number {
  return parseBusy(readFileSync('/proc/stat', 'utf8'));
}

/** `cpu user nice system idle iowait irq softirq steal ...` in hundredths of a second (proc(5)). */
export function parseBusy(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '')
    .split(' ')
    .map(Number);
  return (user + nice + system + irq + softirq) * 10;
}
