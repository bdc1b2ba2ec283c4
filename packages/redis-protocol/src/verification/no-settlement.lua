-- No settlement will come. The twin of core's settle.ts.

local function expire(body, ending)
  if body and body.state == 'expired' then return { reply = { 'ok' } } end
  local phase = phaseOf(body)
  local mine = body and ending.lease and isLastHolder(body, ending.lease)
  local open = phase == 'unknown' or phase == 'lapsed' or phase == 'held'
  if not body or body.state == 'settled' or not open or (phase == 'held' and not mine) then
    return { reply = lost(body) }
  end
  if ending.lease and not mine then return { reply = lost(body) } end
  body.evidence, body.unknownAtMs, body.valueUntilMs = nil, nil, nil
  body.state, body.value, body.payment = 'expired', ending.reason, body.payment or { payload = '', refusals = 0 }
  body.leaseUntilMs = math.min(body.leaseUntilMs, now)
  return { write = recordOf(body), writeKept = false, reply = { 'ok' } }
end
