import { noDemand } from "./demand.ts";
import { triggers } from "./levels/triggers.ts";
import { ways } from "./levels/ways.ts";
import { unseenService } from "./service.ts";

/**
 * Whether what was read from a memory has all that a state is made of. Whoever may write status may write anything, and a state
 * with a part missing would end the second of all models.
 */
export function isWholeMemory(value: unknown): boolean {
  const { levels, demand, service, shadows, ...rest } = recordOf(value);
  return (
    areAmounts(rest, ["step", "found", "draining"]) &&
    areNumbers([rest["at"], rest["settledAt"]]) &&
    isWholeDemand(recordOf(demand)) &&
    isWholeService(recordOf(service)) &&
    isWholeLevels(recordOf(levels)) &&
    isWholeShadows(recordOf(shadows))
  );
}

type Fields = Readonly<Record<string, unknown>>;

function recordOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

const moments = ["at", "busyAt"];
const demandAmounts = Object.keys(noDemand(0)).filter((name) => !moments.includes(name));

function isWholeDemand(demand: Fields): boolean {
  return areAmounts(demand, demandAmounts) && areNumbers(moments.map((name) => demand[name]));
}

const { coldStartSeconds: _, ...measured } = unseenService();

function isWholeService(service: Fields): boolean {
  const { coldStartSeconds = 0 } = service;
  return areAmounts(service, Object.keys(measured)) && isAmount(coldStartSeconds);
}

function isWholeLevels({ needed, gaps }: Fields): boolean {
  return isListOf(needed, areNumbers, triggers.length) && isListOf(gaps, (text) => typeof text === "string", undefined);
}

function isWholeShadows({ starting, before, regret, until, ...columns }: Fields): boolean {
  const lists = [columns["cost"], columns["ready"], columns["inside"], columns["lost"]];
  return (
    isAmount(regret) &&
    areNumbers([until]) &&
    isListOf(starting, areNumbers, ways.length) &&
    isListOf(before, isAmount, undefined) &&
    lists.every((list) => isListOf(list, isAmount, ways.length))
  );
}

function isListOf(value: unknown, holds: (element: unknown) => boolean, length: number | undefined): boolean {
  return Array.isArray(value) && value.length === (length ?? value.length) && value.every(holds);
}

function areNumbers(value: unknown): boolean {
  return isListOf(value, Number.isFinite, undefined);
}

function areAmounts(fields: Fields, names: readonly string[]): boolean {
  return names.every((name) => isAmount(fields[name]));
}

function isAmount(value: unknown): boolean {
  return Number.isFinite(value) && Number(value) >= 0;
}
