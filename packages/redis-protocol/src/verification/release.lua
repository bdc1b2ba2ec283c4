-- Frees a record. The twin of core's end.ts.

-- How long the tombstone of a forgotten record stays.
local TOMBSTONE = 10000

local function release(body, request)
  if not body or not isLastHolder(body, request.lease) then return { reply = lost(body) } end
  if body.state == 'released' then return { reply = { 'ok' } } end
  if phaseOf(body) ~= 'held' then return { reply = lost(body) } end
  if body.state == 'settled' then
    body.leaseUntilMs = now
    return { write = recordOf(body), reply = { 'ok' } }
  end
  local refusals = (body.payment and body.payment.refusals or 0) + (request.refused and 1 or 0)
  local counting = body.payment or refusals > 0
  body.evidence = nil
  if counting then
    body.payment = body.payment or { payload = '' }
    body.payment.refusals = refusals
  end
  local retained = math.max(body.retainUntilMs, now + RETENTION_FLOOR)
  body.retainUntilMs = request.forget and not counting and now + TOMBSTONE or retained
  body.state = 'released'
  return { write = recordOf(body), writeKept = false, reply = { 'ok' } }
end

return answer(function()
  local recordKey, kept, jitter = key(), { key = key() }, num()
  return run(release, recordKey, kept, jitter, {
    lease = leaseArguments(), refused = arg() == '1', forget = arg() == '1',
  })
end)
