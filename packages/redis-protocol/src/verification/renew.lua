-- A working holder goes on. The twin of core's hold.ts.

local function referring(before, reference)
  local payment = before or { payload = '', refusals = 0 }
  payment.reference = reference or payment.reference
  return payment
end

local function renew(body, request)
  if phaseOf(body) ~= 'held' or not isLastHolder(body, request.lease) then return { reply = lost(body) } end
  if body.state == 'settled' and request.toUnknown then return { reply = { 'lost', 'settled' } } end
  body.leaseUntilMs = math.max(body.leaseUntilMs, now + request.leaseMs)
  if request.toUnknown then body.onLeaseExpiry = 'unknown' end
  body.retainUntilMs = math.max(body.retainUntilMs, body.leaseUntilMs + RETENTION_FLOOR)
  if request.reference or request.kept then body.payment = referring(body.payment, request.reference) end
  local write = recordOf(body)
  local writeKept = request.kept and { text = request.kept, endsAtMs = write.endsAtMs } or nil
  return { write = write, writeKept = writeKept, reply = { 'ok' } }
end

return answer(function()
  local recordKey, jitter = key(), num()
  local request = {
    lease = leaseArguments(), leaseMs = num(), toUnknown = arg() == '1', reference = optional(arg), kept = optional(arg),
  }
  return run(renew, recordKey, { key = request.kept and key() or nil }, jitter, request)
end)
