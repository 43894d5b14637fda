import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { answerSamples } from "../../../../operator/cli/scaling/policy.ts";

const example = fileURLToPath(import.meta.resolve("../../../../crds/examples/autoscaling.yaml"));
const init =
  '{"init":{"tickSeconds":1,"slots":8,"min":0,"max":40,"coldStartSeconds":120,"kappa":20,"lateAfterSeconds":2}}';
const seen =
  '"samples":{"arrivals":3,"completions":2,"serviceSeconds":11.2,"inFlight":9,"queued":1,"oldestWait":0.4,"ready":1,"pending":1,"draining":0,"coldStarts":[]}';

async function answers(lines: readonly string[], manifest: string | undefined = example): Promise<readonly string[]> {
  const printed: string[] = [];
  // oxlint-disable-next-line typescript/require-await -- a stream of lines as readline gives them
  async function* stream(): AsyncGenerator<string> {
    yield* lines;
  }
  await answerSamples({ command: "policy", manifest }, stream(), (line) => printed.push(line));
  return printed;
}

describe("modelwright policy", () => {
  test("answers a line with a line, until the end", async () => {
    expect(await answers([init, `{"now":17,${seen},"current":2}`, '{"end":true}', "nothing more"])).toEqual([
      '{"name":"modelwright"}',
      '{"desired":2,"why":"what was found is kept until the load is known"}',
    ]);
  });

  test("the first line counts more than the manifest", async () => {
    const few = await answers(['{"init":{"min":1,"max":3}}', `{"now":1,${seen},"current":9}`]);
    expect(few[1]).toBe('{"desired":3,"why":"what was found is kept until the load is known; max is 3"}');
    const minimum = await answers([`{"now":1,${seen},"current":9}`]);
    expect(minimum[0]).toBe('{"desired":9,"why":"what was found is kept until the load is known"}');
  });

  test("a line without samples holds the count", async () => {
    expect(await answers([`{"now":1,${seen},"current":2}`, '{"now":30,"current":2}'], undefined)).toEqual([
      '{"desired":2,"why":"what was found is kept until the load is known"}',
      '{"desired":2,"why":"no samples for 29 s; held"}',
    ]);
  });

  test("another init begins with another model, of which nothing is known", async () => {
    const run = [init, `{"now":17,${seen},"current":2}`, `{"now":90,${seen},"current":2}`];
    const both = await answers([...run, ...run]);
    expect(both.slice(run.length)).toEqual(both.slice(0, run.length));
    const bare = await answers(['{"init":{"max":3}}', '{"init":{}}', `{"now":1,${seen},"current":9}`]);
    expect(bare[2]).toBe('{"desired":9,"why":"what was found is kept until the load is known"}');
  });

  test("samples that are null are none", async () => {
    const [, answer] = await answers([`{"now":1,${seen},"current":2}`, '{"now":30,"samples":null,"current":2}']);
    expect(answer).toBe('{"desired":2,"why":"no samples for 29 s; held"}');
  });

  const refused: Readonly<Record<string, [string, string]>> = {
    "what is no JSON": ["{", "line 1 of standard input is not JSON"],
    "what is no object": ["17", "line 1 of standard input is not an object"],
    "a line without a time": ['{"current":1}', "line 1 of standard input has no now, a number"],
    "a part of a replica that is wanted now": [
      '{"now":1,"current":2.5}',
      "line 1 of standard input has 2.5 as current, not a whole number from 0 to 10000",
    ],
    "samples that are a list": [
      '{"now":1,"current":1,"samples":[]}',
      "line 1 of standard input has [] as samples, not an object",
    ],
    "samples with a figure missing": [
      '{"now":1,"current":1,"samples":{"arrivals":1}}',
      "line 1 of standard input has no samples.completions, a number from 0 to 1000000000000",
    ],
    "less than no requests": [
      `{"now":1,"current":1,${seen.replace('"arrivals":3', '"arrivals":-3')}}`,
      "line 1 of standard input has -3 as samples.arrivals, not a number from 0 to 1000000000000",
    ],
    "starts that took no number of seconds": [
      `{"now":1,"current":1,${seen.replace("[]", '[1,"2s"]')}}`,
      'line 1 of standard input has "2s" as samples.coldStarts[1], not a number from 0 to 1000000000000',
    ],
    "an init that is nothing": ['{"init":null}', "line 1 of standard input has null as init, not an object"],
    "an init with a text for a number": [
      '{"init":{"max":"40"}}',
      'line 1 of standard input has "40" as init.max, not a whole number from 1 to 10000',
    ],
    "an init without slots in a replica": [
      '{"init":{"slots":0}}',
      "line 1 of standard input has 0 as init.slots, not a whole number from 1 to 10000",
    ],
    "a min above the max": [
      '{"init":{"min":5,"max":2}}',
      "line 1 of standard input begins with a min of 5 above the max of 2",
    ],
  };
  for (const [sentence, [line, message]] of Object.entries(refused)) {
    test(`refuses ${sentence}`, async () => {
      await expect(answers([line])).rejects.toThrow(
        `${message}; expected an object as modelwright policy --help shows`,
      );
    });
  }

  test("refuses a manifest without autoscaling", async () => {
    const other = fileURLToPath(import.meta.resolve("../../../../crds/examples/gpu.yaml"));
    await expect(answers([], other)).rejects.toThrow(
      `${other} has no ModelDeployment with spec.autoscaling; one is needed`,
    );
  });
});
