import { html } from "./html-text.ts";
import { page } from "./page.ts";

/** A page that says one thing. */
export function messagePage(title: string, message: string): string {
  return page(
    title,
    html`<p>${message}</p>
      <p><a href="/">All ModelDeployments</a></p>`,
  );
}
