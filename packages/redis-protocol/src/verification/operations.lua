-- Each transition's arguments, read in the order in which verification-natives.ts sends them; and its keys: the record,
-- and the kept text where the transition uses it.

-- 0, or 1 and the text.
local function optional()
  if arg() == '1' then return arg() end
end
local function leaseArguments()
  return { token = arg(), fence = arg() }
end
local function optionalLease()
  if arg() == '1' then return leaseArguments() end
end
local function optionalPayment()
  if arg() == '1' then return { payload = arg(), collector = optional() } end
end
local function deliveryArguments()
  return { token = arg(), kept = optional(), keptForMs = tonumber(optional() or '') }
end
local function optionalDelivery()
  if arg() == '1' then return deliveryArguments() end
end
local function hintArguments()
  return { command = arg(), channel = arg(), message = arg() }
end

-- Runs a transition on the record at a key. `hint`: published if the step wrote something.
local function run(transition, recordKey, kept, jitter, request, hint)
  local step = transition(readBody(recordKey), request, kept)
  step.hint = hint
  return apply(step, recordKey, kept, jitter)
end

local operations = {}

function operations.claim()
  local recordKey, jitter = key(), num()
  local request = {
    token = arg(), fingerprint = arg(), leaseMs = num(), onLeaseExpiry = arg(), retainUntilMs = num(),
    payment = optionalPayment(),
  }
  local kept = { key = request.payment and key() or nil }
  return run(claim, recordKey, kept, jitter, request)
end

function operations.reconcile()
  return run(reconcile, key(), {}, num(), { token = arg(), leaseMs = num() })
end

function operations.renew()
  local recordKey, jitter = key(), num()
  local request = {
    lease = leaseArguments(), leaseMs = num(), toUnknown = arg() == '1', reference = optional(), kept = optional(),
  }
  local kept = { key = request.kept and key() or nil }
  return run(renew, recordKey, kept, jitter, request)
end

function operations.note()
  return run(note, key(), {}, num(), { lease = leaseArguments(), evidence = arg() })
end

function operations.complete()
  local recordKey, kept, jitter = key(), { key = key() }, num()
  local result = {
    lease = leaseArguments(), outcome = arg(), value = arg(), valueTtlMs = tonumber(optional() or ''),
    retainUntilMs = num(),
  }
  return run(complete, recordKey, kept, jitter, result, hintArguments())
end

function operations.release()
  local recordKey, kept, jitter = key(), { key = key() }, num()
  local request = { lease = leaseArguments(), refused = arg() == '1', forget = arg() == '1' }
  return run(release, recordKey, kept, jitter, request, hintArguments())
end

function operations.markUnknown()
  return run(markUnknown, key(), {}, num(), { lease = leaseArguments(), evidence = optional() }, hintArguments())
end

function operations.settle()
  local recordKey, kept, jitter = key(), { key = key() }, num()
  local request = {
    receipt = arg(), fingerprint = optional(), payment = optionalPayment(),
    retainUntilMs = tonumber(optional() or ''), lease = optionalLease(), deliver = optionalDelivery(),
  }
  return run(settle, recordKey, kept, jitter, request, hintArguments())
end

function operations.deliver()
  return run(deliver, key(), { key = key() }, num(), deliveryArguments(), hintArguments())
end

function operations.undeliver()
  return run(undeliver, key(), { key = key() }, num(), { token = arg() }, hintArguments())
end

function operations.expire()
  local recordKey, kept, jitter = key(), { key = key() }, num()
  return run(expire, recordKey, kept, jitter, { reason = arg(), lease = optionalLease() }, hintArguments())
end

function operations.peek()
  return look(readBody(key()))
end

function operations.unresolved()
  return unresolvedRecord(readBody(key()))
end

function operations.markOnce()
  return markOnce(key(), num(), { token = arg(), fingerprint = arg(), retainUntilMs = num() })
end

return answer(operations)
