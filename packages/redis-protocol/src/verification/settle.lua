-- The transitions of a payment after its settlement, and expire where there is none. The twin of core's settle.ts.

-- Replies about a receipt: status, receipt, whether the payment had been expired, the kept text. A delivered one adds
-- whether the asking token delivered it.
local function asDelivered(body, asked, kept)
  local byYou = asked ~= nil and body.payment ~= nil and body.payment.deliveredBy == asked.token
  return { 'delivered', body.value, 0, not byYou and keptIn(kept), byYou and 1 or 0 }
end

local function isUndone(body, token)
  for _, other in ipairs(body.payment and body.payment.undone or {}) do
    if other == token then return true end
  end
  return false
end

-- How many ineffective deliveries a record remembers.
local MOST_UNDONE = 16

local function withUndone(payment, token)
  payment = payment or { payload = '', refusals = 0 }
  local undone = {}
  for _, other in ipairs(payment.undone or {}) do
    if other ~= token then undone[#undone + 1] = other end
  end
  undone[#undone + 1] = token
  if #undone > MOST_UNDONE then table.remove(undone, 1) end
  payment.undone = undone
  return payment
end

-- The other delivery may be taken back. This one was told that it came second, and must stay second.
local function comesSecond(body, asked, kept)
  local step = { reply = asDelivered(body, asked, kept) }
  if not asked or body.payment.deliveredBy == asked.token or isUndone(body, asked.token) then return step end
  body.payment = withUndone(body.payment, asked.token)
  step.write = { endsAtMs = body.endsAtMs, body = body }
  return step
end

-- The kept text stays as long as the record beside it.
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

local function deliver(body, delivery, kept)
  local state = body and body.state
  if state == 'delivered' then return comesSecond(body, delivery, kept) end
  if state ~= 'settled' then return { reply = lost(body) } end
  if isUndone(body, delivery.token) then return { reply = { 'settled', body.value, 0, keptIn(kept) } } end
  return handOver(body, delivery, kept)
end

local function undeliver(body, request, kept)
  local phase = phaseOf(body)
  if not body or body.state == 'accepted' or body.state == 'rejected' then return { reply = lost(body) } end
  if phase == 'absent' or phase == 'expired' then
    -- A late copy of it would settle the payment, and must not deliver it.
    local reply = lost(body)
    body.payment = withUndone(body.payment, request.token)
    return { write = { endsAtMs = body.endsAtMs, body = body }, reply = reply }
  end
  if body.state == 'delivered' and body.payment.deliveredBy ~= request.token then
    -- The other delivery may be taken back too. A late copy of this one then delivers nothing.
    local step = comesSecond(body, request, kept)
    step.reply = lost(body)
    return step
  end
  if body.state == 'delivered' then body.state = 'settled' end
  body.payment = withUndone(body.payment, request.token)
  body.payment.deliveredBy = nil
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
