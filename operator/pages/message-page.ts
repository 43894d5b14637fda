import { html } from "./markup/html.ts";
import { page } from "./markup/page.ts";

/** A page with a single message. */
export function messagePage(title: string, message: string): string {
  return page(
    title,
    html`<p>${message}</p>
      <p><a href="/">All ModelDeployments</a></p>`,
  );
}
