/** The options of a command that is to be carried out. Help, and options that cannot be followed, are answered here and end the process. */
export function settledOptions({ problem, ...options }, help) {
  if (problem) {
    console.error(problem);
    process.exit(2);
  }
  if (options.help) {
    console.log(help);
    process.exit(0);
  }
  return options;
}
