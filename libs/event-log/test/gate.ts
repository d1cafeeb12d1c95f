/** What somebody waits at until it is opened. */
export function gate(): { readonly opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  return { opened: new Promise((resolve) => (open = resolve)), open: () => open() };
}
