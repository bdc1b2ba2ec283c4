-- Deliveries: the first token delivers, and one that was taken back never does. The twin of core's settle.ts.

local function deliveryArguments()
  return { token = arg(), kept = optional(arg), keptForMs = optional(num) }
end

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

