-- Which caller may do the work, and what the others are told. The twin of core's claim.ts.

local function refused(body)
  return body.payment and body.payment.refusals or 0
end

local function claimed(body, via, refusals, evidence, reference)
  return { 'claimed', via, refusals, evidence or false, reference or false, leaseOf(body) }
end

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

-- A record held by a new lease. A takeover keeps the evidence of the previous attempt; a fresh claim starts without.
local function leased(before, request, attempt, retainUntilMs, payment)
  local leaseUntilMs = now + request.leaseMs
  return {
    state = 'in-progress',
    fence = nextFence(before),
    attempt = attempt,
    token = request.token,
    fingerprint = request.fingerprint,
    leaseUntilMs = leaseUntilMs,
    onLeaseExpiry = request.onLeaseExpiry,
    retainUntilMs = math.max(retainUntilMs, before and before.retainUntilMs or 0, leaseUntilMs + RETENTION_FLOOR),
    evidence = attempt > 1 and before.evidence or nil,
    payment = payment,
  }
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

-- What earlier attempts left for the caller that reconciles.
local function found(body)
  return body.evidence, body.payment and body.payment.reference
end

local function reconcile(body, request)
  local phase = phaseOf(body)
  if phase == 'absent' then return { reply = { 'in-progress', '0' } } end
  if phase == 'held' and body.state ~= 'settled' and body.token == request.token then
    return { reply = claimed(body, 'resume', 0, found(body)) }
  end
  if phase ~= 'unknown' then return { reply = view(body, phase) } end
  request.fingerprint, request.onLeaseExpiry = body.fingerprint, 'unknown'
  local taken = leased(body, request, body.attempt + 1, 0, body.payment)
  -- Since when it is in doubt, and not since when it was last looked into.
  taken.unknownAtMs = body.unknownAtMs or body.leaseUntilMs
  return { write = recordOf(taken), reply = claimed(taken, 'takeover', 0, found(taken)) }
end
