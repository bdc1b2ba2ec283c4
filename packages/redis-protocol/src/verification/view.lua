-- A record as a caller without its lease sees it. The twin of core's verification-replies.ts.

local function view(body, phase)
  if phase == 'held' then return { 'in-progress', int(body.leaseUntilMs - now) } end
  if phase == 'lapsed' then return { 'in-progress', '0' } end
  if phase == 'unknown' then return { 'unknown', body.evidence or false } end
  if phase == 'spent' then return { 'spent' } end
  if phase == 'done' then
    local outcome = body.state == 'accepted' and 'accepted' or 'rejected'
    return { 'done', outcome, body.value, int(math.min(body.valueUntilMs, body.endsAtMs) - now) }
  end
  return { phase, body.value }
end
