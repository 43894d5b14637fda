import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Browser, chromium, startBrowser } from "./client/browser.ts";
import { distance, fixture, predictions } from "./client/predict.ts";
import { type LocalMode, startLocalMode } from "./local-mode.ts";

vi.setConfig({ testTimeout: 120_000 });

const executable = chromium();
const skipped = executable === undefined ? " (skipped: no Chromium in PATH)" : "";
const model = fixture("simple_model/v1");

describe.skipIf(executable === undefined)(`the page in a browser${skipped}`, () => {
  let local: LocalMode;
  let browser: Browser;

  beforeAll(async () => {
    local = await startLocalMode();
    await local.line(/^Ctrl-C stops everything/);
    browser = await startBrowser(executable ?? "");
    await browser.open(local.pageUrl);
  });
  afterAll(async () => {
    await browser.close();
    await local.stop();
  });

  const cells = (selector: string) =>
    browser.value(
      `[...document.querySelectorAll(${JSON.stringify(selector)})].map((row) => [...row.cells].map((cell) => cell.innerText.trim()))`,
    );

  test("lists the ModelDeployment as ready", async () => {
    expect(await cells("tbody tr")).toEqual([
      [
        "simple-model",
        "default",
        "True",
        "AsDeclared",
        "1",
        "1",
        expect.stringMatching(/^revision \w{10} \(version 1\) serves with 1 pod$/),
      ],
    ]);
  });

  test("links to its conditions and revisions", async () => {
    await browser.follow('document.querySelector("tbody a").click()');
    expect(await browser.value("location.pathname")).toBe("/models/default/simple-model");
    expect(await cells("#conditions tbody tr")).toEqual([
      ["Ready", "True", "AsDeclared", expect.stringMatching(/ serves with 1 pod$/)],
      ["Available", "True", "StableServes", expect.stringMatching(/ has 1 pod ready$/)],
      ["Progressing", "False", "AsDeclared", "nothing is under way"],
    ]);
    expect(await cells("#revisions tbody tr")).toEqual([
      ["stable", expect.stringMatching(/^\w{10}$/), "1", "1", "1", "100 %"],
    ]);
  });

  test("sends the form's text to the model and shows the answer", async () => {
    const body = JSON.stringify({ instances: model.instances });
    await browser.value(`document.querySelector("textarea").value = ${JSON.stringify(body)}`);
    await browser.follow('document.querySelector("button").click()');
    const [status, ...answer] = String(await browser.value('document.querySelector("#answer").innerText')).split("\n");
    expect(status).toBe("200 OK");
    const answered = predictions({ status: 200, body: JSON.parse(answer.join("\n")) });
    expect(distance(answered, model.probabilities)).toBeLessThanOrEqual(1e-5);
    expect(await browser.value('document.querySelector("textarea").value')).toBe(body);
  });

  test("has an example request that the model accepts", async () => {
    await browser.open(`${local.pageUrl}/models/default/simple-model`);
    await browser.follow('document.querySelector("button").click()');
    expect(await browser.value('document.querySelector("#answer").innerText')).toMatch(/^200 OK\n/);
  });

  test("shows the model's error as text", async () => {
    await browser.value(`document.querySelector("textarea").value = '{"instances": [["<b>no</b>"]]}'`);
    await browser.follow('document.querySelector("button").click()');
    expect(await browser.value('document.querySelector("#answer").innerText')).toMatch(/^400 Bad Request\n/);
    expect(await browser.value('document.querySelector("#answer").children.length')).toBe(0);
  });
});
