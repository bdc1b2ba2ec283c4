-- Reading a record without its lease. The twin of core's peek.ts.

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

-- The payload comes first: false where there is none.
local function look(body)
  local phase = phaseOf(body)
  if phase == 'absent' then return { false, 'absent' } end
  local payload = body.payment and body.payment.payload or ''
  local reply = view(body, phase)
  table.insert(reply, 1, payload ~= '' and payload)
  return reply
end
