/**
 * What a thrown value says, in one line of text. Anything may be thrown by the code of others: objects without a prototype, or with texts that throw
 * themselves, have none.
 */
export function errorText(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message || thrown.name) : String(thrown);
  } catch {
    return 'something that has no text';
  }
}
