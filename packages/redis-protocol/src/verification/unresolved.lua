-- What waits for an operator. The twin of core's peek.ts.

local SERVED_LONG = 3600000

-- For unresolved(): empty unless the record is in doubt, owed, or held for an hour after settlement.
local function unresolvedRecord(body)
  local phase = phaseOf(body)
  if not body then return {} end
  local payment = body.payment or {}
  local settledAtMs = payment.settledAtMs or now
  local function about(kind, atMs)
    return { kind, body.attempt, body.fingerprint, payment.reference or false, body.evidence or false, int(atMs) }
  end
  if phase == 'unknown' then return about('in-doubt', body.unknownAtMs or body.leaseUntilMs) end
  if phase == 'settled' then return about('owed', settledAtMs) end
  if phase == 'held' and body.state == 'settled' and now - settledAtMs >= SERVED_LONG then
    return about('held', settledAtMs)
  end
  return {}
end

return answer(function()
  return unresolvedRecord(readBody(key()))
end)
