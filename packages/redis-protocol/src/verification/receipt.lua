-- Records a receipt: every record becomes settled, unless it is delivered or accepted already. The twin of settle.ts.

-- A record without any claim.
local function nothingClaimed()
  return {
    state = 'released',
    fence = nextFence(nil),
    attempt = 0,
    token = '',
    fingerprint = '',
    leaseUntilMs = 0,
    onLeaseExpiry = 'unknown',
    retainUntilMs = 0,
  }
end

-- Without a claim that counts: no record, a tombstone, or a rejection. A receipt makes the record anew.
local function isFresh(before)
  return not before or before.state == 'released' or before.state == 'rejected'
end

-- The record with its receipt.
local function withReceipt(before, request)
  local fresh = isFresh(before)
  local body = before or nothingClaimed()
  local last = body.state == 'released' and body or nil
  local known = body.payment
  if fresh then known = last and (request.payment and givenBack(last.payment) or last.payment) or nil end
  local payment = boundTo(request.payment, known)
  payment.settledAtMs = now
  local goesOn = request.lease and isLastHolder(body, request.lease)
  body.evidence, body.unknownAtMs, body.valueUntilMs = nil, nil, nil
  body.state, body.value, body.payment = 'settled', request.receipt, payment
  if not goesOn then body.leaseUntilMs = math.min(body.leaseUntilMs, now) end
  if fresh or body.fingerprint == '' then body.fingerprint = request.fingerprint or last and last.fingerprint or '' end
  if fresh or request.retainUntilMs then
    body.retainUntilMs = math.max(body.retainUntilMs, rememberedUntil(request.retainUntilMs or 0))
  end
  return body
end

local function settle(before, request, kept)
  local state = before and before.state
  local foreign = not isFresh(before) and isForeign(before, request)
  if state == 'delivered' then
    if foreign then return { reply = lost(before) } end
    return comesSecond(before, request.deliver, kept)
  end
  if state == 'accepted' then return { reply = asDelivered(before, nil, {}) } end
  if foreign then request.fingerprint, request.payment = nil, nil end
  local body = state == 'settled' and before or withReceipt(before, request)
  local alarm = state == 'expired' and 1 or 0
  if foreign or not request.deliver or isUndone(body, request.deliver.token) then
    local write = recordOf(body)
    local reply = { 'settled', body.value, alarm, keptIn(kept) }
    if foreign then reply = { 'lost', 'settled', alarm == 1 and '1' } end
    return { write = write, writeKept = extended(kept, write.endsAtMs), reply = reply }
  end
  local step = handOver(body, request.deliver, kept)
  step.reply[3] = alarm
  return step
end
