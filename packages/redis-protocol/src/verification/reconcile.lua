-- A lease over a payment in doubt. The twin of core's claim.ts.

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

return answer(function()
  return run(reconcile, key(), {}, num(), { token = arg(), leaseMs = num() })
end)
