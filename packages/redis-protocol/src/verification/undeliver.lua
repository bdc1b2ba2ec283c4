-- Takes a delivery back. The twin of core's settle.ts.

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

return answer(function()
  return run(undeliver, key(), { key = key() }, num(), { token = arg() })
end)
