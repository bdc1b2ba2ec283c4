-- What binds a payment's record, and which calls name another purchase or payer. The twin of core's binding.ts.

local function paymentArguments()
  return { payload = arg(), collector = optional(arg) }
end

-- The payload alone: what it was priced by follows a space, and is not compared.
local function nameIn(bound)
  return string.match(bound, '^[^ ]*')
end

-- Whether a claim is for another purchase than the record's, or by a caller that may not collect it.
local function isOther(body, request)
  if body.fingerprint ~= '' and body.fingerprint ~= request.fingerprint then return true end
  local payment, claimed = body.payment or {}, request.payment
  if payment.collector and payment.collector ~= (claimed and claimed.collector) then return true end
  local paid = body.state == 'settled' or body.state == 'delivered'
  return paid and payment.payload ~= '' and claimed ~= nil and nameIn(payment.payload) ~= nameIn(claimed.payload)
end

-- Whether a receipt is for another purchase or payer than the record's. A name that it leaves out fits.
local function isForeign(body, request)
  local fingerprint = request.fingerprint or ''
  if fingerprint ~= '' and body.fingerprint ~= '' and body.fingerprint ~= fingerprint then return true end
  local recorded, said = body.payment and body.payment.collector, request.payment and request.payment.collector
  return recorded ~= nil and said ~= nil and recorded ~= said
end

-- What the next claim takes over from a payment that was given back.
local function givenBack(payment)
  return payment and { payload = '', refusals = payment.refusals, undone = payment.undone } or nil
end

-- After a takeover the payload is the new holder's.
local function rebound(claimed, payment)
  payment = payment or { payload = '', refusals = 0 }
  if payment.payload == '' then payment.collector = payment.collector or claimed.collector end
  payment.payload = claimed.payload
  return payment
end

-- Binds a payment. Payload and collector are bound together: a later claim adds no collector.
local function boundTo(claimed, payment)
  payment = payment or { payload = '', refusals = 0 }
  if not claimed or payment.payload ~= '' then return payment end
  return rebound(claimed, payment)
end
