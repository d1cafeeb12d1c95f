export const reachable: ReadonlySet<string> = new Set<string>();
