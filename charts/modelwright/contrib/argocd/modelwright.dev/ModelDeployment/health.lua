-- Health of a ModelDeployment for Argo CD, equivalent to kstatus: Stalled needs a human, everything else is in progress.
local health = { status = "Progressing", message = "the operator has not looked at it yet" }
local status = obj.status
if status == nil or status.conditions == nil then
  return health
end
if status.observedGeneration ~= obj.metadata.generation then
  health.message = "the operator has not looked at generation " .. tostring(obj.metadata.generation) .. " yet"
  return health
end

local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end
local function holds(type)
  return conditions[type] ~= nil and conditions[type].status == "True"
end

local ready = conditions.Ready or {}
health.message = ready.message
if holds("Stalled") then
  health.status = "Degraded"
  health.message = conditions.Stalled.message
elseif holds("Ready") then
  health.status = ready.reason == "Suspended" and "Suspended" or "Healthy"
elseif conditions.Progressing ~= nil and conditions.Progressing.reason == "StepPaused" then
  health.status = "Suspended"
  health.message = conditions.Progressing.message
end
return health
