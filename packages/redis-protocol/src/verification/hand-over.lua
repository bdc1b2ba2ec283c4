-- From settled to delivered. The twin of core's settle.ts.

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
