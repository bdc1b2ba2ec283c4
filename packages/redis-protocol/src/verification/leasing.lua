-- A lease given: what claim and reconcile share. The twin of core's claim.ts.

-- Four items: they end a reply.
local function leaseOf(body)
  return body.token, int(body.fence), int(body.leaseUntilMs - now), body.attempt
end

local function refused(body)
  return body.payment and body.payment.refusals or 0
end

local function claimed(body, via, refusals, evidence, reference)
  return { 'claimed', via, refusals, evidence or false, reference or false, leaseOf(body) }
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
