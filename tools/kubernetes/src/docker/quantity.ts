const factors: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/** A number of Kubernetes: `100m` of a core, `384Mi` of memory (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/). */
export function quantity(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(text) ?? [];
  const factor = factors[unit];
  if (number === undefined || factor === undefined) throw new Error(`${text} is no quantity that is known here.`);
  return Number(number) * factor;
}
