import { expect, test } from "vitest";
import { podTemplate } from "../../../../../operator/model-deployment/resources/pod/pod-template.ts";
import { modelDeployment, settings } from "../../../../builders/model-deployment.ts";
import { wantedHash } from "../../../../builders/snapshot.ts";

const { spec } = modelDeployment();
const podSpec = (changes: Parameters<typeof settings>[0]) =>
  podTemplate({ deployment: "digits", hash: wantedHash, version: "1", spec, settings: settings(changes) }).spec;

test("an image of a private registry is pulled with the Secrets that the installation names", () => {
  expect(podSpec({ imagePullSecrets: ["registry", "mirror"] }).imagePullSecrets).toEqual([
    { name: "registry" },
    { name: "mirror" },
  ]);
  expect(Object.keys(podSpec({}))).not.toContain("imagePullSecrets");
});

test("the port of metrics has a name by which a PodMonitor finds it", () => {
  const [runtime] = podSpec({}).containers;
  expect(runtime?.ports?.map(({ name, containerPort }) => [name, containerPort])).toContainEqual(["admin", 8502]);
});
