-- Keeps a holder's result. The twin of core's end.ts.

-- "accepted" carries the receipt. "rejected" says that there will be none.
local function completePayment(body, result, kept)
  local state = body.state
  local said
  if result.outcome == 'accepted' then said = state == 'settled' or state == 'delivered' else said = state == 'expired' end
  if said and body.value == result.value then return { reply = { 'ok' } } end
  local phase = phaseOf(body)
  if (phase ~= 'held' and phase ~= 'unknown') or state == 'settled' then return { reply = lost(body) } end
  if result.outcome == 'rejected' then return expire(body, { reason = result.value, lease = result.lease }) end
  local step = settle(body, { receipt = result.value }, kept)
  step.reply = { 'ok' }
  return step
end

local function complete(body, result, kept)
  if not body or not isLastHolder(body, result.lease) then return { reply = lost(body) } end
  if body.payment then return completePayment(body, result, kept) end
  if body.state == result.outcome and body.value == result.value then return { reply = { 'ok' } } end
  local phase = phaseOf(body)
  if phase ~= 'held' and phase ~= 'unknown' then return { reply = lost(body) } end
  local asked = math.max(math.min(result.retainUntilMs, now + RETENTION_CEILING), now + RETENTION_FLOOR)
  body.retainUntilMs = math.max(body.retainUntilMs, asked, now + (result.valueTtlMs or 0))
  body.state, body.value, body.evidence, body.unknownAtMs = result.outcome, result.value, nil, nil
  body.valueUntilMs = result.valueTtlMs and now + result.valueTtlMs or body.retainUntilMs
  return { write = recordOf(body), reply = { 'ok' } }
end

return answer(function()
  local recordKey, kept, jitter = key(), { key = key() }, num()
  return run(complete, recordKey, kept, jitter, {
    lease = leaseArguments(), outcome = arg(), value = arg(), valueTtlMs = optional(num), retainUntilMs = num(),
  })
end)
