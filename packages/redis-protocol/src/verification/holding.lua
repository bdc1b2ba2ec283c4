-- Which caller holds the record, and what one hears that does not. The twin of core's verification-replies.ts.

local function isLastHolder(body, lease)
  return body.token == lease.token and int(body.fence) == lease.fence
end

local function lost(body)
  local phase = phaseOf(body)
  return { 'lost', (phase == 'held' or phase == 'lapsed') and 'in-progress' or phase }
end

local function leaseArguments()
  return { token = arg(), fence = arg() }
end
