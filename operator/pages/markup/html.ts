/** Escaped HTML. Only the `html` tag creates it, so that nothing gets into a page unescaped. */
export interface SafeHtml {
  readonly html: string;
}

type Part = string | number | undefined | SafeHtml | readonly SafeHtml[];

/** Template tag for HTML that escapes interpolated text. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): SafeHtml {
  return { html: strings.map((text, i) => (i === 0 ? text : `${rendered(parts[i - 1])}${text}`)).join("") };
}

/** Table rows of names and values, without the undefined values. */
export function factRows(facts: readonly (readonly [name: string, value: Part])[]): readonly SafeHtml[] {
  return facts
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        html`<tr>
          <th scope="row">${name}</th>
          <td>${value}</td>
        </tr>`,
    );
}

function rendered(part: Part): string {
  if (part === undefined) return "";
  if (typeof part === "string" || typeof part === "number") return escaped(String(part));
  if ("html" in part) return part.html;
  return part.map((piece) => piece.html).join("");
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character] ?? character);
}
