/** A well-framed request with an invalid body, and the expected response. */
export interface BodyCase {
  readonly to: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly want: string | RegExp;
}
