/** Streams are named `<kind>-<id>`, and the id is the subject: two kinds of stream about one subject share its key. */
export function subjectOf(stream: string): string {
  return stream.slice(stream.indexOf('-') + 1);
}
