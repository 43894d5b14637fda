/** Why a container ended, as one line of JSON in its termination message file (at most 4096 bytes). */
export interface TerminationMessage {
  /** A fault code; becomes the reason of the condition. */
  readonly code: string;
  /** What is wrong with which value. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** Kubernetes' size limit of a termination message. */
export const terminationMessageBytes = 4096;

/** Parses a termination message; undefined when it is not ours (another program's text). */
export function terminationMessage(text: string | undefined): TerminationMessage | undefined {
  if (text === undefined || !text.startsWith("{")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || !("code" in value) || !("message" in value)) return undefined;
  const { code, message } = value;
  if (typeof code !== "string" || typeof message !== "string") return undefined;
  const hint = "hint" in value && typeof value.hint === "string" ? { hint: value.hint } : {};
  return { code, message, ...hint };
}
