-- Which caller may do the work, and what the others are told. The twin of core's claim.ts.

local function owed(body, kept)
  return { 'settled', body.value, keptIn(kept), leaseOf(body) }
end

-- How long a claim asks the record to be kept. A payment is remembered a day longer than its payload is valid.
local function askedFor(request)
  local asked = retention(request.retainUntilMs, now + request.leaseMs)
  return request.payment and asked + REMEMBERED_FOR or asked
end

-- What a new lease changes.
local function takenOver(body, request)
  body.leaseUntilMs = now + request.leaseMs
  body.retainUntilMs = math.max(body.retainUntilMs, body.leaseUntilMs + RETENTION_FLOOR)
  body.fence, body.attempt, body.token = nextFence(body), body.attempt + 1, request.token
  body.fingerprint = request.fingerprint
  return body
end

local function claim(body, request, kept)
  local phase = phaseOf(body)
  if phase == 'absent' then
    local before = body and body.state == 'released' and givenBack(body.payment) or nil
    local payment = request.payment and boundTo(request.payment, before) or nil
    local fresh = leased(body, request, 1, askedFor(request), payment)
    local step = { write = recordOf(fresh), begins = true, reply = claimed(fresh, 'fresh', refused(fresh)) }
    if kept.key then step.writeKept = false end
    return step
  end
  if isOther(body, request) then return { reply = { 'mismatch' } } end
  if phase == 'held' and body.token == request.token then
    if body.state == 'settled' then return { reply = owed(body, kept) } end
    return { reply = claimed(body, 'resume', refused(body)) }
  end
  if phase == 'settled' then
    local held = takenOver(body, request)
    if request.payment then held.retainUntilMs = math.max(held.retainUntilMs, rememberedUntil(request.retainUntilMs)) end
    held.payment = boundTo(request.payment, body.payment)
    return { write = recordOf(held), reply = owed(held, kept) }
  end
  if phase == 'delivered' then return { reply = { phase, body.value, keptIn(kept) } } end
  if phase ~= 'lapsed' then return { reply = view(body, phase) } end
  local payment = request.payment and rebound(request.payment, body.payment) or body.payment
  local taken = leased(body, request, body.attempt + 1, request.payment and askedFor(request) or 0, payment)
  local step = { write = recordOf(taken), reply = claimed(taken, 'takeover', refused(taken)) }
  -- The previous holder's result may have been made for another payload.
  if kept.key then step.writeKept = false end
  return step
end

return answer(function()
  local recordKey, jitter = key(), num()
  local request = {
    token = arg(), fingerprint = arg(), leaseMs = num(), onLeaseExpiry = arg(), retainUntilMs = num(),
    payment = optional(paymentArguments),
  }
  return run(claim, recordKey, { key = request.payment and key() or nil }, jitter, request)
end)
