-- The end of new records, and the fences of new leases. The twin of core's verification-record.ts.

local function nextFence(body)
  return math.max((body and body.fence or 0) + 1, now * 1000)
end

local function retention(retainUntilMs, fromMs)
  if retainUntilMs > now + RETENTION_CEILING then fail('RETENTION') end
  return math.max(retainUntilMs, fromMs + RETENTION_FLOOR)
end

-- Until when a settled payment is remembered. It never fails: a longer validity is cut to the ceiling.
local function rememberedUntil(validUntilMs)
  return math.min(math.max(validUntilMs, now + RETENTION_FLOOR), now + RETENTION_CEILING) + REMEMBERED_FOR
end
