import { titles } from '../parties/party.js';
import type { Summary } from './summary.js';

interface Point {
  readonly rate: number;
  readonly ms: number;
}

interface Curve {
  readonly name: string;
  readonly colour: string;
  readonly dashed: boolean;
  readonly points: readonly Point[];
}

const width = 860;
const height = 480;
const frame = { left: 70, right: 250, top: 30, bottom: 55 };
const colours = { ours: '#1b6ca8', naive: '#c0392b', polling: '#8e6c1f', 'polling-tuned': '#5b8c3a', limit: '#777777' };

/** Latency over load, both axes logarithmic: p50 as a line, p99 dashed. */
export function svgOf(summary: Summary): string {
  const curves = curvesOf(summary);
  const all = curves.flatMap(({ points }) => points);
  if (all.length === 0) return svg('<text x="40" y="60">no latency was measured</text>');
  const x = scale(
    all.map(({ rate }) => rate),
    frame.left,
    width - frame.right,
  );
  const y = scale(
    all.map(({ ms }) => ms),
    height - frame.bottom,
    frame.top,
  );
  return svg(
    [
      ...x.ticks.map(
        (rate) =>
          `<path d="M${x.at(rate)} ${frame.top}V${height - frame.bottom}" class="grid"/>` +
          `<text x="${x.at(rate)}" y="${height - frame.bottom + 18}" text-anchor="middle">${rate}</text>`,
      ),
      ...y.ticks.map(
        (ms) =>
          `<path d="M${frame.left} ${y.at(ms)}H${width - frame.right}" class="grid"/>` +
          `<text x="${frame.left - 8}" y="${y.at(ms) + 4}" text-anchor="end">${ms}</text>`,
      ),
      `<text x="${(frame.left + width - frame.right) / 2}" y="${height - 12}" text-anchor="middle">orders per second</text>`,
      `<text transform="translate(18 ${height / 2}) rotate(-90)" text-anchor="middle">ms from intended sending to committed</text>`,
      ...curves.flatMap((curve, place) => drawn(curve, place, x.at, y.at)),
    ].join('\n'),
  );
}

function curvesOf({ parties, latency }: Summary): Curve[] {
  return parties.flatMap(({ name, open }) => {
    const more = name === 'ours' ? latency : [];
    const points = (own: (rate: (typeof open)[number]) => number, at: (point: (typeof latency)[number]) => number) =>
      [
        ...open.map((rate) => ({ rate: rate.ratePerSecond, ms: own(rate) })),
        ...more.map((point) => ({ rate: point.ratePerSecond, ms: at(point) })),
      ].sort((a, b) => a.rate - b.rate);
    if (open.length + more.length === 0) return [];
    const colour = colours[name];
    const title = name === 'ours' ? 'Quadrille' : titles[name].slice(0, 30);
    return [
      {
        name: `${title} p50`,
        colour,
        dashed: false,
        points: points(
          (rate) => rate.p50Ms.median,
          (point) => point.p50Ms,
        ),
      },
      {
        name: `${title} p99`,
        colour,
        dashed: true,
        points: points(
          (rate) => rate.p99Ms.median,
          (point) => point.p99Ms,
        ),
      },
    ];
  });
}

function drawn(
  { name, colour, dashed, points }: Curve,
  place: number,
  x: (rate: number) => number,
  y: (ms: number) => number,
): string[] {
  const dash = dashed ? ' stroke-dasharray="6 4"' : '';
  const line = points.map(({ rate, ms }, index) => `${index === 0 ? 'M' : 'L'}${x(rate)} ${y(ms)}`).join('');
  const [left, top] = [width - frame.right + 20, frame.top + 12 + place * 20];
  return [
    `<path d="${line}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>`,
    ...points.map(({ rate, ms }) => `<circle cx="${x(rate)}" cy="${y(ms)}" r="3.5" fill="${colour}"/>`),
    `<path d="M${left} ${top - 4}h24" stroke="${colour}" stroke-width="2"${dash}/>`,
    `<text x="${left + 30}" y="${top}">${escaped(name)}</text>`,
  ];
}

/** From the power of ten (or 1, 2, 5 times it) below all values to the one above. */
function scale(values: readonly number[], from: number, to: number) {
  const steps = Array.from({ length: 24 }, (_, step) => 10 ** (Math.floor(step / 3) - 1) * ([1, 2, 5][step % 3] ?? 1));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const first = Math.max(0, steps.findIndex((step) => step > least) - 1);
  const last = steps.findIndex((step) => step >= most);
  const ticks = steps.slice(first, last < 0 ? undefined : Math.max(last, first + 1) + 1);
  const [low, high] = [Math.log(ticks[0] ?? 1), Math.log(ticks.at(-1) ?? 10)];
  const at = (value: number) => Math.round((from + ((Math.log(value) - low) / (high - low)) * (to - from)) * 10) / 10;
  return { ticks: ticks.map((tick) => Math.round(tick * 10) / 10), at };
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function svg(content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<style>.grid{stroke:#ddd;fill:none}</style>
<rect width="${width}" height="${height}" fill="white"/>
${content}
</svg>
`;
}
