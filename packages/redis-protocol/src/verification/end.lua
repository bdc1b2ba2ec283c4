-- The transitions that end a holder's work. The twin of core's end.ts.

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

local function release(body, request)
  if not body or not isLastHolder(body, request.lease) then return { reply = lost(body) } end
  if body.state == 'released' then return { reply = { 'ok' } } end
  if phaseOf(body) ~= 'held' then return { reply = lost(body) } end
  if body.state == 'settled' then
    body.leaseUntilMs = now
    return { write = recordOf(body), reply = { 'ok' } }
  end
  local refusals = refused(body) + (request.refused and 1 or 0)
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

local function markUnknown(body, request)
  if not body or not isLastHolder(body, request.lease) or (body.state ~= 'in-progress' and body.state ~= 'unknown') then
    return { reply = lost(body) }
  end
  body.state = 'unknown'
  body.unknownAtMs = body.unknownAtMs or now
  body.evidence = request.evidence or body.evidence
  return { write = recordOf(body), reply = { 'ok' } }
end
