-- The transitions of a payment after its settlement, and expire where there is none. The twin of core's settle.ts.

-- Replies that tell of a receipt: status, receipt, whether it had been expired, what is kept; delivered also: by whom asks.
local function asDelivered(body, asked, kept)
  local byYou = asked ~= nil and body.payment ~= nil and body.payment.deliveredBy == asked.token
  return { 'delivered', body.value, 0, not byYou and keptIn(kept), byYou and 1 or 0 }
end

-- What is kept stays as long as the record beside it.
local function extended(kept, endsAtMs)
  local keptUntilMs = keptUntil(kept)
  return keptUntilMs and keptUntilMs < endsAtMs and { endsAtMs = endsAtMs } or nil
end

-- From settled to delivered.
local function handOver(body, delivery, kept)
  body.state, body.payment.deliveredBy = 'delivered', delivery.token
  body.retainUntilMs = math.max(body.retainUntilMs, now + REMEMBERED_FOR)
  body.leaseUntilMs = math.min(body.leaseUntilMs, now)
  local write = recordOf(body)
  local keptUntilMs = delivery.keptForMs and math.min(write.endsAtMs, now + delivery.keptForMs) or write.endsAtMs
  local writeKept
  if delivery.kept or keptUntil(kept) then writeKept = { text = delivery.kept, endsAtMs = keptUntilMs } end
  return { write = write, writeKept = writeKept, reply = { 'delivered', body.value, 0, false, 1 } }
end

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

-- The record with its receipt. A tombstone, a done rejection and no record at all are settled alike.
local function withReceipt(before, request)
  local fresh = not before or before.state == 'released' or before.state == 'rejected'
  local body = before or nothingClaimed()
  local payment = boundTo(request.payment, not fresh and body.payment or nil)
  payment.settledAtMs = now
  local asked = math.min(math.max(request.retainUntilMs or 0, now + RETENTION_FLOOR), now + RETENTION_CEILING)
  local goesOn = request.lease and isLastHolder(body, request.lease)
  body.evidence, body.unknownAtMs, body.valueUntilMs = nil, nil, nil
  body.state, body.value, body.payment = 'settled', request.receipt, payment
  if not goesOn then body.leaseUntilMs = math.min(body.leaseUntilMs, now) end
  if fresh or body.fingerprint == '' then body.fingerprint = request.fingerprint or '' end
  if fresh then body.retainUntilMs = math.max(body.retainUntilMs, asked + REMEMBERED_FOR) end
  return body
end

local function settle(before, request, kept)
  local state = before and before.state
  if state == 'delivered' then return { reply = asDelivered(before, request.deliver, kept) } end
  if state == 'accepted' then return { reply = asDelivered(before, nil, {}) } end
  local body = state == 'settled' and before or withReceipt(before, request)
  local alarm = state == 'expired' and 1 or 0
  if not request.deliver or body.payment.undone == request.deliver.token then
    local write = recordOf(body)
    local reply = { 'settled', body.value, alarm, keptIn(kept) }
    return { write = write, writeKept = extended(kept, write.endsAtMs), reply = reply }
  end
  local step = handOver(body, request.deliver, kept)
  step.reply[3] = alarm
  return step
end

local function deliver(body, delivery, kept)
  local state = body and body.state
  if state == 'delivered' then return { reply = asDelivered(body, delivery, kept) } end
  if state ~= 'settled' then return { reply = lost(body) } end
  if body.payment.undone == delivery.token then return { reply = { 'settled', body.value, 0, keptIn(kept) } } end
  return handOver(body, delivery, kept)
end

local function undeliver(body, request, kept)
  local phase = phaseOf(body)
  if phase == 'absent' or phase == 'expired' then return { reply = lost(body) } end
  if body.state == 'accepted' or body.state == 'rejected' then return { reply = lost(body) } end
  local payment = body.payment or { payload = '', refusals = 0 }
  if body.state == 'delivered' and payment.deliveredBy ~= request.token then return { reply = lost(body) } end
  if body.state == 'delivered' then body.state = 'settled' end
  payment.deliveredBy, payment.undone = nil, request.token
  body.payment = payment
  local write = recordOf(body)
  return { write = write, writeKept = extended(kept, write.endsAtMs), reply = { 'ok' } }
end

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
