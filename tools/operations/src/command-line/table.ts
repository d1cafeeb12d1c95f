/** Columns as wide as their widest cell; on a terminal a line is cut where it ends. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width = process.stdout.columns ?? Infinity,
): string {
  const lines = [header, ...rows].map((row) => row.map(oneLine));
  const widths = header.map((_, column) => Math.max(...lines.map((row) => row[column]?.length ?? 0)));
  return lines
    .map((row) => cut(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '), width))
    .join('\n');
}

/** Control characters of somebody's message do nothing to the terminal. */
const unprintable = /[\u0000-\u001f\u007f-\u009f]+/g;

export function oneLine(text: string): string {
  return text.replace(unprintable, ' ');
}

function cut(line: string, width: number): string {
  const trimmed = line.trimEnd();
  return trimmed.length > width ? `${trimmed.slice(0, width - 1)}…` : trimmed;
}
