/** A request whose framing is good and whose body is not, and its answer. */
export interface BodyCase {
  readonly to: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly want: string | RegExp;
}
